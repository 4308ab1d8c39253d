"""Gives channels their duties when they are made or changed, or something is to be looked for."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from gateway.contract import Capabilities
from gateway.duties.model import ChannelDuty, Duty
from gateway.models import Channel
from gateway.registry import capabilities_of
from gateway.wake import wake

DO = "gateway.tasks.do_duties"


def set_duties(channel: Channel) -> None:
    """What this channel's adapter needs, due now; what it does not need any more is put to rest."""
    able = capabilities_of(channel)
    _resume_search(channel)
    for duty in (Duty.POLL, Duty.REGISTER):
        if needed(able, duty):
            ChannelDuty.objects.update_or_create(
                channel=channel,
                duty=duty,
                defaults={
                    "workspace_id": channel.workspace_id,
                    "due_at": timezone.now(),
                    "failures": 0,
                    "error": "",
                },
            )
            wake(DO)
        else:
            ChannelDuty.objects.filter(channel=channel, duty=duty).update(due_at=None)


@transaction.atomic
def set_search(channel: Channel, sought: Mapping[str, datetime]) -> None:
    """Look for exactly these hashtags (as ``Sought``) from now on; each with since when."""
    wanted = {hashtag: since.isoformat() for hashtag, since in sorted(sought.items())}
    fields = {"workspace_id": channel.workspace_id, "sought": wanted, "failures": 0, "error": ""}
    row = ChannelDuty.objects.select_for_update().filter(channel=channel, duty=Duty.SEARCH).first()
    if wanted == (row.sought if row else {}):
        return
    due = timezone.now() if wanted else None
    ChannelDuty.objects.update_or_create(
        channel=channel, duty=Duty.SEARCH, defaults=fields | {"due_at": due}
    )
    wake(DO)


def _resume_search(channel: Channel) -> None:
    """What failed with other settings is tried with the new ones at once."""
    rows = ChannelDuty.objects.filter(channel=channel, duty=Duty.SEARCH).exclude(sought={})
    rows.update(due_at=timezone.now(), failures=0, error="")


def needed(able: Capabilities, duty: Duty) -> bool:
    """Whether a channel has this duty."""
    return able.registers if duty == Duty.REGISTER else able.poll_every_s > 0
