"""The ways a person can be answered, and which one the product prefers, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from contacts.models import Address
from conversations.models import Conversation, Status
from gateway.addresses import IDS
from gateway.models import Channel, Suppression
from gateway.registry import adapters
from gateway.windows.looking import standings

# Of one person; whoever has more has them in the panel.
MOST_CONVERSATIONS = 200


class Hindrance(StrEnum):
    """Why a text would not go this way now. Of two reasons the first of these counts."""

    OPTED_OUT = "opted_out"
    PAUSED = "paused"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class ReplyWay:
    """A channel and an address. ``conversation`` None: nobody has spoken there yet."""

    channel: Channel
    address: Address
    conversation: Conversation | None = None
    hindrance: Hindrance | None = None

    @property
    def is_resolved(self) -> bool:
        """Nobody speaks there at the moment."""
        return self.conversation is None or self.conversation.status == Status.RESOLVED

    @property
    def written_at(self) -> datetime | None:
        """When the person wrote there last."""
        return self.conversation.last_inbound_at if self.conversation else None


class Reason(NamedTuple):
    """Why a way is the preferred one: a ``code`` for programs, ``text`` for people."""

    code: str
    text: str


class _Key(NamedTuple):
    channel_id: UUID
    address_id: int


def ways_to(workspace_id: int, addresses: Sequence[Address]) -> list[ReplyWay]:
    """Every way to these addresses of one person, those that were used last first.

    Public threads are none: what is said there is for everybody. Four statements.
    """
    if not addresses:
        return []
    begun = _begun(addresses)
    channels = _channels(workspace_id, {address.kind for address in addresses})
    ways = [ReplyWay(row.channel, row.address, row) for row in begun.values()]
    ways += [
        ReplyWay(channel, address)
        for channel in channels
        for address in addresses
        if _reaches(channel, address, begun) and _Key(channel.pk, address.pk) not in begun
    ]
    return _hindered(workspace_id, ways)


def preferred(
    ways: Iterable[ReplyWay], *, template: bool = False
) -> tuple[ReplyWay, Reason] | None:
    """The way that is best now; None without any.

    Where the open conversation is, of several the one the person wrote in last; else where they
    were spoken to last; else the first channel. What a text would not go by comes after all that it
    would; for a ``template`` a closed window is no hindrance.
    """
    found = list(ways)
    if not found:
        return None
    allowed = {None, Hindrance.CLOSED} if template else {None}
    able = [way for way in found if way.hindrance in allowed]
    best = min(able or found, key=_rank)
    return best, _reason(best)


def _rank(way: ReplyWay) -> tuple[bool, float, float, datetime]:
    """The smallest is the best."""
    row = way.conversation
    wrote = row.last_inbound_at.timestamp() if row and row.last_inbound_at else 0.0
    last = row.last_message_at.timestamp() if row else 0.0
    # Of what is over it only counts where we spoke last.
    return way.is_resolved, 0.0 if way.is_resolved else -wrote, -last, way.channel.created_at


def _reason(way: ReplyWay) -> Reason:
    names = {"channel": way.channel.name, "address": way.address.value}
    if way.conversation is None:
        words = _("%(channel)s is the first channel that reaches %(address)s.")
        return Reason("first_channel", words % names)
    if way.is_resolved:
        return Reason("last_used", _("The last conversation was on %(channel)s.") % names)
    return Reason("open_conversation", _("There is an open conversation on %(channel)s.") % names)


def _begun(addresses: Sequence[Address]) -> dict[_Key, Conversation]:
    """The conversation to go on with on each channel: one that is not resolved, else the newest."""
    rows = Conversation.objects.filter(address__in=addresses, channel__enabled=True, public=False)
    rows = rows.select_related("channel", "address__contact").defer("channel__config")
    found: dict[_Key, Conversation] = {}
    for row in rows.order_by("-last_message_at", "-id")[:MOST_CONVERSATIONS]:
        key = _Key(row.channel_id, row.address_id)
        known = found.get(key)
        if known is None or (known.status == Status.RESOLVED and row.status != Status.RESOLVED):
            found[key] = row
    return found


def _channels(workspace_id: int, kinds: set[str]) -> list[Channel]:
    able = [name for name, adapter in adapters().items() if adapter.address_kind in kinds]
    rows = Channel.objects.filter(workspace=workspace_id, kind__in=able, enabled=True)
    return list(rows.defer("config").order_by("created_at", "id"))


def _reaches(channel: Channel, address: Address, begun: Mapping[_Key, Conversation]) -> bool:
    """Whether one may begin there: an id is known to the account alone that it wrote to."""
    if adapters()[channel.kind].address_kind != address.kind:
        return False
    return address.kind not in IDS or all(key.address_id != address.pk for key in begun)


def _hindered(workspace_id: int, ways: list[ReplyWay]) -> list[ReplyWay]:
    stopped = _opted_out(workspace_id, ways)
    windows = standings([(way.channel, way.address.value) for way in ways])
    found = []
    for way in ways:
        window = windows.get((way.channel.pk, way.address.value))
        hindrance = None
        if (_medium(way.channel), way.address.value) in stopped:
            hindrance = Hindrance.OPTED_OUT
        elif way.channel.paused_at is not None:
            hindrance = Hindrance.PAUSED
        elif window is not None and not window.open:
            hindrance = Hindrance.CLOSED
        found.append(ReplyWay(way.channel, way.address, way.conversation, hindrance))
    return found


def _opted_out(workspace_id: int, ways: Iterable[ReplyWay]) -> set[tuple[str, str]]:
    wanted = {(_medium(way.channel), way.address.value) for way in ways}
    rows = Suppression.objects.filter(
        Q(address__in={address for _medium_, address in wanted}), workspace_id=workspace_id
    )
    return wanted & set(rows.values_list("medium", "address"))


def _medium(channel: Channel) -> str:
    adapter = adapters().get(channel.kind)
    return adapter.medium if adapter else channel.kind
