"""Reads for the inbox, always inside one workspace."""
