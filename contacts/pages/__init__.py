"""The pages of contacts, labels, attributes and segments."""
