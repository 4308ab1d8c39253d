"""Real requests of the providers, and an exhibit of each kind of channel."""
