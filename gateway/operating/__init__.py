"""What operators do to many rows at once: replay, send again, cancel. In batches, repeatable."""
