"""Whom a channel reaches: asked of its provider, remembered for a while."""
