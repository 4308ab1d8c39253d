"""What providers and our own mail process hand in, and an exhibit of an e-mail channel."""
