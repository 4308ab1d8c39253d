"""Campaigns by mail: what they say, unsubscribing, who opened and clicked, saved templates."""
