"""Templates that providers have approved: kept here as they are there, checked and filled in."""
