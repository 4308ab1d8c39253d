"""How many sends may be in flight, and how many claimed ones may wait in hand for a place.

Claiming takes about as long as a quick provider's answer. Without some in hand the loop would send,
wait for the database, send, and so on, and half of its time would be spent waiting.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

# In flight at once: per channel, and over all of them in one process.
PER_CHANNEL = 300
IN_ALL = 1_000
# What a channel may have in flight, of the places that are free. However many providers hang, some
# places stay free for the others (dynamic thresholds, as switches share their buffers).
SHARE = 0.5
# Bulk leaves this part of a channel's places, and at most so many, to replies.
FOR_REPLIES_SHARE, FOR_REPLIES = 0.25, 10
# In hand: what a channel may send in so many seconds, and at most so many. Their tokens are spent,
# so were there more of a slow channel, they might leave as a crowd after the provider had hung.
RESERVE_SECONDS, RESERVE = 0.02, 200
# What has waited in hand so long behind a slow provider goes back into the queue: its campaign may
# be paused and its person opt out meanwhile, and only a claim looks. The channel then claims no
# more than may leave at once, for a while.
HAND_SECONDS, SLOW_SECONDS = 0.5, 10.0
# Nothing leaves later than this after its claim began, should the process have stood still: its
# lease may be another's by the time its answer comes.
LATEST_SECONDS = 30.0


def places_per_channel(in_flight: int) -> int:
    """How many sends a channel may have in flight when there are so many over all channels."""
    return min(PER_CHANNEL, max(1, int((IN_ALL - in_flight) * SHARE)))


def kept_for_replies(places: int) -> int:
    """How many of a channel's places bulk leaves to replies."""
    return min(FOR_REPLIES, int(places * FOR_REPLIES_SHARE))


@dataclass(frozen=True, slots=True)
class Load:
    """How many of each channel this process sends and has in hand, and which channels are slow."""

    in_flight: Mapping[UUID, int] = field(default_factory=dict)
    in_hand: Mapping[UUID, int] = field(default_factory=dict)
    slow: Collection[UUID] = ()

    @property
    def places(self) -> int:
        """How many sends a channel may have in flight."""
        return places_per_channel(sum(self.in_flight.values()))

    def held(self) -> Counter[UUID]:
        """How many of each channel are in flight or in hand."""
        return Counter(self.in_flight) + Counter(self.in_hand)
