"""Gives channels their duties when they are made or changed."""

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
    for duty in Duty:
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


def needed(able: Capabilities, duty: Duty) -> bool:
    """Whether a channel has this duty."""
    return able.registers if duty == Duty.REGISTER else able.poll_every_s > 0
