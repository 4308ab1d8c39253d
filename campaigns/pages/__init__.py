"""The pages of campaigns: list, editor, result."""
