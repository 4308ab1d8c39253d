"""The one door out: deliveries queued, claimed with leases, sent, and settled."""
