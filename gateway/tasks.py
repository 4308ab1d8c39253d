"""Celery entry points: they load nothing themselves, they call services."""

import gc
from datetime import timedelta
from functools import lru_cache
from typing import Any

from celery import shared_task
from celery.signals import worker_process_init, worker_process_shutdown, worker_shutting_down
from django.conf import settings
from django.db.models import Q
from django.urls import get_resolver
from django.utils import timezone

from gateway import statuses, stopping
from gateway.drain import anything_new, drain
from gateway.duties.doing import do_due
from gateway.duties.setting import DO
from gateway.fallback.withdrawing import withdraw_due
from gateway.inbound import DRAIN, wake_drain
from gateway.media.cleaning import sweep_unused
from gateway.media.fetching import FETCH, anything_due, fetch_due
from gateway.models import Channel, Delivery
from gateway.outbox.ask import end_leases
from gateway.outbox.claim import ensure_buckets
from gateway.outbox.queue import cancel_left_over
from gateway.outbox.runner import Runner
from gateway.outbox.setback import beat
from gateway.outbox.waking import DELIVER, wake_outbox
from gateway.pruning import prune_before
from gateway.quiet.holding import BATCH, hold_back, settle_change, settle_changes
from gateway.quiet.setting import SETTLE
from gateway.signalling import sending as signalling
from gateway.states import State
from gateway.templates.keeping import fetch_all, fetch_templates
from gateway.templates.news import FETCH as FETCH_TEMPLATES
from gateway.wake import begun, wake

# A task gives its place back after this long, so that others have their turn.
RUN_SECONDS = 5.0
# How many new objects are looked through for garbage at a time; hundreds of sends are under way.
GARBAGE = 5_000
# A file that was uploaded and not sent is kept so long.
UNUSED = timedelta(days=1)


@lru_cache(maxsize=1)
def runner() -> Runner:
    """This process's outbox runner; it lives as long as the process."""
    return Runner()


@worker_process_init.connect
def settle_down(**details: Any) -> None:
    """Keep the garbage collector from walking through all of Django again and again.

    What is loaded now stays for the life of the process: a quarter of a delivering worker's time
    went into looking whether it is still needed.
    """
    get_resolver().url_patterns  # noqa: B018 - loaded by being asked for
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 20)


@worker_shutting_down.connect
def stop(**details: Any) -> None:
    """Tell the processes of this worker, which are not told themselves."""
    stopping.ask()


@worker_process_shutdown.connect
def close(**details: Any) -> None:
    """Hand back or write down what this process has in flight."""
    if runner.cache_info().currsize:
        runner().close()
        runner.cache_clear()


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


@shared_task(name=FETCH)
def fetch_media() -> None:
    """Fetch what customers sent."""
    begun(FETCH)
    if fetch_due(RUN_SECONDS):
        wake(FETCH)


@shared_task(name=signalling.TASK)
def send_signal(**wanted: Any) -> None:
    """Show a customer that somebody is writing to them, or has read their message."""
    signalling.send(signalling.Wanted(**wanted))


@shared_task(name=DO)
def do_duties() -> None:
    """Ask providers for what is new, and tell them where their webhooks go; harmless if doubled."""
    begun(DO)
    while do_due():
        pass


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
    if anything_due():
        wake(FETCH)


@shared_task(name="gateway.tasks.look_at_fallbacks")
def look_at_fallbacks() -> None:
    """Let other channels take over what has not arrived in time; harmless when doubled."""
    withdraw_due()


@shared_task(name=SETTLE)
def settle_quiet_hours(workspace_id: int) -> None:
    """Let changed quiet hours hold for what waits already."""
    begun(SETTLE, str(workspace_id))
    settle_change(workspace_id)


@shared_task(name="gateway.tasks.keep_quiet_hours")
def keep_quiet_hours() -> None:
    """Hold back what has not left by evening; harmless when doubled."""
    while hold_back() == BATCH:
        pass
    settle_changes()


@shared_task(name=FETCH_TEMPLATES)
def fetch_provider_templates(channel: str = "") -> None:
    """Keep the templates of one channel, or of all, as their providers have them."""
    if not channel:
        fetch_all()
        return
    begun(FETCH_TEMPLATES, channel)
    row = Channel.objects.filter(pk=channel, enabled=True).first()
    if row is not None:
        fetch_templates(row)


@shared_task(name="gateway.tasks.prune")
def prune() -> None:
    """Drop log rows older than GATEWAY_LOG_DAYS, and files that nobody sent.

    What failed stays until it is replayed.
    """
    now = timezone.now()
    prune_before(now - timedelta(days=settings.GATEWAY_LOG_DAYS))
    sweep_unused(now - UNUSED)
