"""Lets each channel look for the hashtags that its chats need at this moment, and no others."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from gateway.duties.model import ChannelDuty, Duty
from gateway.duties.setting import set_search
from gateway.models import Channel
from hashtags.models import AFTERWARDS, EARLY, HashtagChat


def watch() -> None:
    """Two statements where nothing has changed."""
    wanted = _wanted()
    searching = ChannelDuty.objects.filter(duty=Duty.SEARCH).exclude(sought={})
    sought = dict(searching.values_list("channel_id", "sought"))
    changed = [
        pk
        for pk in {*wanted, *sought}
        if {tag: since.isoformat() for tag, since in wanted.get(pk, {}).items()}
        != sought.get(pk, {})
    ]
    for channel in Channel.objects.filter(pk__in=changed) if changed else ():
        set_search(channel, wanted.get(channel.pk, {}))


def _wanted() -> dict[UUID, dict[str, datetime]]:
    now = timezone.now()
    chats = HashtagChat.objects.filter(
        cancelled_at=None, starts_at__lte=now + EARLY, ends_at__gt=now - AFTERWARDS
    ).order_by("starts_at")
    found: dict[UUID, dict[str, datetime]] = defaultdict(dict)
    for chat in chats:
        found[chat.channel_id].setdefault(chat.tag, chat.gathers_from)
    return found
