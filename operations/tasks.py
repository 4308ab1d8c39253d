"""Signs of life of the workers, the running totals, and the samples for the charts."""

from celery import shared_task
from django.utils import timezone

from gateway.models import Heartbeat
from operations import sampling, tallies


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
    """Bring the totals behind /metrics up to date; the first in a minute takes the samples too.

    Right after the count, so that the totals of all samples lag by the same.
    """
    tallies.count_up()
    sampling.take_samples()
