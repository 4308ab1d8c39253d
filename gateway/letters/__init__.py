"""What many mails have in common, kept once."""
