"""Running totals of what passed through each channel, counted from append-only tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import models, transaction
from django.db.models import Case, Count, F, Max, Value, When
from django.utils import timezone

from gateway.models import ChannelLog, DeliveryStatus, InboundRequest
from operations.models import Tally, TallyCursor

# Ids are given before the commit, so a row with a smaller id may still appear. After this long
# nothing of the past is missing any more: the drains' transactions take well under a second.
LAG = timedelta(seconds=30)
# Outcomes of sends; any other is the class of an error.
OK, FAILED = "ok", "failed"


@dataclass(frozen=True, slots=True)
class Source:
    """An append-only table, the column with the time of a row, and what a row counts as."""

    name: str
    rows: models.QuerySet[models.Model]
    time: str
    outcome: models.expressions.Combinable


def sources() -> list[Source]:
    """Sends (``ok``, or the class of error), status reports by state, webhooks."""
    answered = Case(
        When(ok=True, then=Value(OK)),
        When(error_class="", then=Value(FAILED)),
        default=F("error_class"),
        output_field=models.CharField(),
    )
    return [
        Source("sends", ChannelLog.objects.filter(kind="send"), "created_at", answered),
        Source("reports", DeliveryStatus.objects.all(), "received_at", F("state")),
        Source("webhooks", InboundRequest.objects.all(), "received_at", Value("received")),
    ]


def count_up() -> None:
    """Add everything since the last time; two at once wait for each other."""
    for source in sources():
        _count_source(source)


@transaction.atomic
def _count_source(source: Source) -> None:
    TallyCursor.objects.bulk_create([TallyCursor(source=source.name)], ignore_conflicts=True)
    cursor = TallyCursor.objects.select_for_update().get(source=source.name)
    new = source.rows.filter(id__gt=cursor.last_id)
    upper = new.filter(**{f"{source.time}__lt": timezone.now() - LAG}).aggregate(m=Max("id"))["m"]
    if upper is None:
        return
    counts = new.filter(id__lte=upper).order_by().annotate(outcome=source.outcome)
    _add(source.name, counts.values_list("channel_id", "outcome").annotate(Count("id")))
    cursor.last_id = upper
    cursor.save(update_fields=["last_id"])


def _add(source: str, counts: Iterable[tuple[UUID, str, int]]) -> None:
    known = {(t.channel_id, t.outcome): t for t in Tally.objects.filter(source=source)}
    made, grown = [], []
    for channel_id, outcome, count in counts:
        tally = known.get((channel_id, outcome))
        if tally is None:
            made.append(Tally(channel_id=channel_id, source=source, outcome=outcome, total=count))
        else:
            tally.total += count
            grown.append(tally)
    Tally.objects.bulk_create(made)
    Tally.objects.bulk_update(grown, ["total"])
