"""Celery entry points: they load nothing themselves, they call services."""

import atexit
from datetime import timedelta
from functools import lru_cache

from celery import shared_task
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from gateway import statuses
from gateway.drain import anything_new, drain
from gateway.inbound import DRAIN, wake_drain
from gateway.models import ChannelLog, Delivery, InboundRequest, InboundState
from gateway.outbox.ask import end_leases
from gateway.outbox.claim import ensure_buckets
from gateway.outbox.queue import DELIVER, cancel_left_over, wake_outbox
from gateway.outbox.runner import Runner
from gateway.outbox.setback import beat
from gateway.states import State
from gateway.wake import begun

# A task gives its place back after this long, so that a stop never waits longer for it.
RUN_SECONDS = 5.0


@lru_cache(maxsize=1)
def runner() -> Runner:
    """This process's outbox runner; its connections live as long as the process."""
    made = Runner()
    atexit.register(made.close)
    return made


@shared_task(name=DRAIN)
def drain_inbound() -> None:
    """Process what has come in."""
    begun(DRAIN)
    drain()


@shared_task(name=DELIVER)
def deliver() -> None:
    """Send what is due."""
    begun(DELIVER)
    if runner().run(RUN_SECONDS):
        wake_outbox()


@shared_task(name="gateway.tasks.sweep")
def sweep() -> None:
    """Find what lost wake-ups and dead workers left; every second, and harmless when doubled."""
    beat()
    if anything_new():
        wake_drain()
    ensure_buckets()
    end_leases()
    cancel_left_over()
    statuses.apply_left_over()
    now = timezone.now()
    due = Q(state=State.QUEUED, due_at__lte=now) | Q(state=State.UNKNOWN, ask_at__lte=now)
    if Delivery.objects.filter(due, channel__enabled=True, channel__paused_at=None).exists():
        wake_outbox()


@shared_task(name="gateway.tasks.prune")
def prune() -> None:
    """Drop log rows older than GATEWAY_LOG_DAYS; what failed stays until it is replayed."""
    before = timezone.now() - timedelta(days=settings.GATEWAY_LOG_DAYS)
    ChannelLog.objects.filter(created_at__lt=before).delete()
    done = InboundRequest.objects.filter(state=InboundState.DONE, received_at__lt=before)
    done._raw_delete(done.db)
