"""What messages cost: a table per channel, and sums by it."""
