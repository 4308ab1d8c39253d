"""Signs of life of the workers, and the running totals."""

from celery import shared_task
from django.utils import timezone

from gateway.models import Heartbeat
from operations import tallies


@shared_task
def heartbeat(queue: str) -> None:
    """Note that beat, the broker, a worker of this queue and the database work together."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=f"worker:{queue}", beat_at=timezone.now())],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["beat_at"],
    )


@shared_task
def count_up() -> None:
    """Bring the totals behind /metrics up to date."""
    tallies.count_up()
