"""Signals to customers: somebody is writing to them, their message was read."""
