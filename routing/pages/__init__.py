"""The admin's pages about members: role, teams, status, capacity."""
