"""Files: kept, fetched from providers, shown to members, and linked to for everybody else."""
