"""Quiet hours: marketing does not leave while it is night where the person is."""
