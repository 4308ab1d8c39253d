"""The admin's pages about channels: set up, health, log, inbound trouble."""
