"""What X sends: ``*.json`` are bodies; ``polled_*`` pages as they are kept when X was asked."""
