"""Servers from wheels and the supervisor behind `make up`; knows nothing of Django."""
