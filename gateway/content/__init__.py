"""Rich content: one model for all channels, how it is read, and how it is adapted to each."""
