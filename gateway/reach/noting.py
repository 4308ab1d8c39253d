"""Remembers what providers said about whom a channel reaches, asked or when a send was refused."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from django.utils import timezone

from gateway.reach.model import Reachability


class Noted(NamedTuple):
    """An answer about an address; ``reach`` is a word of gateway.contract.Reach."""

    workspace_id: int
    channel_id: UUID
    address: str
    reach: str
    features: tuple[str, ...] = ()


def remember(answers: Iterable[Noted]) -> None:
    """Remember answers, the last one about an address; one statement, none without any."""
    # In one order, so that two workers never wait for each other in a circle.
    latest = {(one.channel_id, one.address): one for one in answers}
    now = timezone.now()
    Reachability.objects.bulk_create(
        [
            Reachability(
                workspace_id=one.workspace_id,
                channel_id=one.channel_id,
                address=one.address,
                reach=one.reach,
                features=list(one.features),
                checked_at=now,
            )
            for _key, one in sorted(latest.items())
        ],
        update_conflicts=True,
        unique_fields=["channel", "address"],
        update_fields=["reach", "features", "checked_at"],
    )
