"""How fast campaigns are handed over to the outbox."""

EXPAND = "campaigns.tasks.expand"
# Lines that are handed over together.
BATCH = 1_000
# Queued deliveries of one campaign at most: a second's worth, so that memory stays flat and there
# is little to take back. More is handed over when a whole batch has room.
LOOK_AHEAD = 2_000


def room_below() -> int:
    """With so many queued, or fewer, the next batch has room."""
    return LOOK_AHEAD - BATCH
