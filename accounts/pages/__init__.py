"""The admin's pages about teams, API tokens and the audit log."""
