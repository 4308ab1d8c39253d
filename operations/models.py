"""Running totals for /metrics."""

import uuid

from django.db import models

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
