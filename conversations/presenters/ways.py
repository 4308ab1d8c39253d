"""By which channel a person can be answered, as the composer offers it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from conversations.models import Conversation
from conversations.presenters.rows import ChannelMark, mark_of
from conversations.ways import Hindrance, ReplyWay, preferred, ways_to
from gateway.addresses import shown
from gateway.fallback.story import medium

WHY_NOT = {
    Hindrance.OPTED_OUT: _lazy("opted out, or cannot be reached"),
    Hindrance.PAUSED: _lazy("paused, messages wait"),
    Hindrance.CLOSED: _lazy("only templates now"),
}


@dataclass(frozen=True, slots=True)
class ShownWay:
    """A line of the menu. ``conversation_id`` None: it would be begun.

    ``reason`` is why it is the preferred one, empty for all others.
    """

    channel_id: UUID
    address_id: int
    conversation_id: int | None
    mark: ChannelMark
    address: str
    here: bool
    reason: str
    hindrance: str
    written_at: datetime | None


@dataclass(frozen=True, slots=True)
class Better:
    """Another way than the open one is preferred: ``words`` say why."""

    way: ShownWay
    words: str


def shown_ways(conversation: Conversation) -> list[ShownWay]:
    """All ways to this person, the preferred one first."""
    ways = _ways(conversation)
    best = preferred(ways)
    if best is None:
        return []
    lines = [_line(conversation, way, best[1].text if best[0] is way else "") for way in ways]
    return sorted(lines, key=lambda line: (not line.reason, not line.here))


def better(conversation: Conversation) -> Better | None:
    """What the composer points at; None where this is the place to answer."""
    if conversation.public:
        return None
    ways = _ways(conversation)
    best = preferred(ways)
    if best is None or _is_here(conversation, best[0]) or best[0].conversation is None:
        return None
    here = next((way for way in ways if _is_here(conversation, way)), None)
    return Better(_line(conversation, best[0], best[1].text), _words(here, best[0]))


def _ways(conversation: Conversation) -> list[ReplyWay]:
    addresses = list(conversation.contact.addresses.select_related("contact").order_by("id")[:50])
    return ways_to(conversation.workspace_id, addresses)


def _is_here(conversation: Conversation, way: ReplyWay) -> bool:
    return way.conversation is not None and way.conversation.pk == conversation.pk


def _line(conversation: Conversation, way: ReplyWay, reason: str) -> ShownWay:
    return ShownWay(
        channel_id=way.channel.pk,
        address_id=way.address.pk,
        conversation_id=way.conversation.pk if way.conversation else None,
        mark=mark_of(way.channel),
        address=shown(way.address.value),
        here=_is_here(conversation, way),
        reason=reason,
        hindrance=str(WHY_NOT[way.hindrance]) if way.hindrance else "",
        written_at=way.written_at,
    )


def _words(here: ReplyWay | None, best: ReplyWay) -> str:
    names = {"medium": medium(best.channel.kind)}
    if here is not None and here.hindrance == Hindrance.OPTED_OUT:
        return _("This person wants no messages here; %(medium)s is open.") % names
    if here is not None and here.hindrance == Hindrance.CLOSED:
        return _("By %(medium)s you can answer at once.") % names
    if here is not None and here.hindrance == Hindrance.PAUSED:
        return _("This channel is paused; by %(medium)s you can answer at once.") % names
    return _("This person wrote by %(medium)s last.") % names
