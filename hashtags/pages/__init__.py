"""Pages of hashtag chats."""
