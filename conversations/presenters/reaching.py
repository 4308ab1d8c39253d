"""Which richer channels reach a contact's addresses, as the panel shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from contacts.models import Address
from gateway.contract import Reach
from gateway.fallback.story import medium
from gateway.models import Channel, Reachability
from gateway.reach.asking import known
from gateway.registry import adapters


@dataclass(frozen=True, slots=True)
class Reaching:
    """A channel and an address; ``checked_at`` None: never asked. ``tone`` is a badge's."""

    channel_id: UUID
    medium: str
    channel: str
    address: str
    words: str
    tone: str
    features: str
    checked_at: datetime | None


def reaching(addresses: Sequence[Address]) -> list[Reaching]:
    """For each address each channel that can be asked; two statements, one without any."""
    if not addresses:
        return []
    channels = _askable(addresses[0].workspace_id, {row.kind for row in addresses})
    if not channels:
        return []
    answers = {
        (row.channel_id, row.address): row
        for row in known([row.pk for row in channels], [row.value for row in addresses])
    }
    return [
        _line(channel, address, answers.get((channel.pk, address.value)))
        for address in addresses
        for channel in channels
        if adapters()[channel.kind].address_kind == address.kind
    ]


def _askable(workspace_id: int, kinds: set[str]) -> list[Channel]:
    able = [
        kind
        for kind, adapter in adapters().items()
        if adapter.capabilities.reach_batch and adapter.address_kind in kinds
    ]
    rows = Channel.objects.filter(workspace=workspace_id, kind__in=able, enabled=True)
    return list(rows.order_by("name", "id")[:5])


def _line(channel: Channel, address: Address, answer: Reachability | None) -> Reaching:
    words, tone = _("not asked yet"), ""
    if answer is not None:
        words, tone = {
            Reach.YES: (_("reached"), "success"),
            Reach.NO: (_("not reached"), "warning"),
            Reach.NOT_LAUNCHED: (_("only testers are reached so far"), "warning"),
        }[Reach(answer.reach)]
    return Reaching(
        channel_id=channel.pk,
        medium=medium(channel.kind),
        channel=channel.name,
        address=address.value,
        words=words,
        tone=tone,
        features=", ".join(answer.features) if answer else "",
        checked_at=answer.checked_at if answer else None,
    )
