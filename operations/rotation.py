"""Brings every encrypted value under the newest key of ENCRYPTION_KEYS."""

from dataclasses import dataclass, field
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction

from gateway.models import Channel
from gateway.secrets import rotate


@dataclass(slots=True)
class Rotation:
    """How many were current already, how many changed, and which none of the keys opens."""

    current: int = 0
    rotated: int = 0
    unreadable: list[UUID] = field(default_factory=list)


def rotate_keys(*, dry_run: bool = False) -> Rotation:
    """Re-encrypt channel by channel, each in its own transaction; safe to stop and to repeat."""
    result = Rotation()
    newest = Fernet(settings.ENCRYPTION_KEYS[0])
    for channel_id in list(Channel.objects.order_by("id").values_list("id", flat=True)):
        _rotate_channel(channel_id, newest, result, dry_run=dry_run)
    return result


@transaction.atomic
def _rotate_channel(channel_id: UUID, newest: Fernet, result: Rotation, *, dry_run: bool) -> None:
    channel = Channel.objects.select_for_update().filter(id=channel_id).first()
    if channel is None:
        return
    if _opens(newest, channel.config):
        result.current += 1
        return
    try:
        config = rotate(channel.config)
    except InvalidToken:
        result.unreadable.append(channel_id)
        return
    result.rotated += 1
    if not dry_run:
        Channel.objects.filter(id=channel_id).update(config=config)


def _opens(key: Fernet, sealed: bytes | memoryview) -> bool:
    try:
        key.decrypt(bytes(sealed))
    except InvalidToken:
        return False
    return True
