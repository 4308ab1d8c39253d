"""What is done for a channel from time to time: asking for what is new, telling its address."""
