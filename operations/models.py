"""Running totals for /metrics, and samples for the charts."""

import uuid

from django.db import models

from accounts.scoping import WorkspaceModel
from gateway.models import Channel


class Tally(models.Model):
    """How often something happened on a channel since the beginning, for /metrics.

    Kept because counting whole tables at each scrape would get slower with every message, and
    would go backwards when old rows are deleted.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    source = models.CharField(max_length=16)
    outcome = models.CharField(max_length=16)
    total = models.BigIntegerField(default=0)

    channel_id: uuid.UUID

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "source", "outcome"], name="tally_unique")
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.outcome} {self.total}"


class TallyCursor(models.Model):
    """Up to which row of an append-only table the tallies have counted."""

    source = models.CharField(max_length=16, primary_key=True)
    last_id = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.source} {self.last_id}"


class Sample(WorkspaceModel):
    """A channel's numbers at one minute, kept for a day: what the charts of its health are of.

    ``sent`` and ``failed`` are totals since the beginning, so that a rate is the difference of two
    samples, and a sample that is missing costs detail and no count.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    depth = models.IntegerField()
    oldest_seconds = models.IntegerField()
    inbound = models.IntegerField()
    sent = models.BigIntegerField()
    failed = models.BigIntegerField()

    channel_id: uuid.UUID

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "at"], name="sample_unique")]
        indexes = [models.Index(fields=["at"], name="sample_age")]

    def __str__(self) -> str:
        return f"{self.at:%H:%M} {self.depth}"
