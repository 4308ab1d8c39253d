"""Turns rows into what templates show: frozen, ready, without queries."""
