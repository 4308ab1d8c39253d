"""Several senders of one channel: which of them a person gets, and that it stays the same."""
