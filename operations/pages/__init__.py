"""The admin's page about how the engine is."""
