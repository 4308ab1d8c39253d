"""Whether free text may be sent to somebody now: for pages, the API, and before it is queued."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from gateway.contract import Capabilities
from gateway.models import Channel, ReplyWindow
from gateway.registry import UnknownKind, capabilities_of
from gateway.windows.taking import windowed


@dataclass(frozen=True, slots=True)
class Standing:
    """``until``: when it closes or has closed, None where it was never open.

    ``left``: so many messages more, None: as many as we like.
    """

    open: bool
    until: datetime | None = None
    left: int | None = None


Key = tuple[UUID, str]


def standings(
    wanted: Collection[tuple[Channel, str]], *, person: bool = False
) -> Mapping[Key, Standing]:
    """By channel and address, for channels with windows; one statement, none without any.

    ``person``: a person writes, who may have longer than a machine.
    """
    channels = {channel.pk: channel for channel, _address in wanted}
    able = {pk for pk, channel in channels.items() if windowed(_abilities(channel))}
    if not able:
        return {}
    rows = ReplyWindow.objects.filter(
        channel__in=able, address__in={address for channel, address in wanted if channel.pk in able}
    )
    found = {(row.channel_id, row.address): row for row in rows}
    now = timezone.now()
    return {
        (channel.pk, address): _standing(found.get((channel.pk, address)), now, person=person)
        for channel, address in wanted
        if channel.pk in able
    }


def standing(channel: Channel, address: str, *, person: bool = False) -> Standing | None:
    """As ``standings``; None where the channel has no windows."""
    return standings([(channel, address)], person=person).get((channel.pk, address))


def _abilities(channel: Channel) -> Capabilities:
    try:
        return capabilities_of(channel)
    except UnknownKind:
        return Capabilities(max_text=0)


def _standing(row: ReplyWindow | None, now: datetime, *, person: bool) -> Standing:
    if row is None:
        return Standing(open=False)
    ends = [row.until, row.human_until if person else None]
    until = max(filter(None, ends), default=None)
    used_up = row.messages_left is not None and row.messages_left <= 0
    return Standing(until is not None and until > now and not used_up, until, row.messages_left)
