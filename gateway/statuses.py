"""What providers report about our messages: kept first, applied monotonically, also when early.

A report may come before the send has returned, so that its message is not known yet. Each report
is stored (``record``), and applied (``apply``) in a later transaction: by our own uid when the
callback carries it, else by the provider's id. Whoever commits last, the report or the send,
applies it; the sweep applies what a killed worker left.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from gateway import suppression
from gateway.errors import OptedOut, WindowClosed
from gateway.events import StatusUpdate
from gateway.inbound import StoredRequest
from gateway.models import Delivery, DeliveryStatus
from gateway.outbox.changes import announce
from gateway.sql import update_from_values
from gateway.states import ENDED, PENDING, State, after_report
from gateway.windows.closing import close_windows

TIMES = {State.SENT: "sent_at", State.DELIVERED: "delivered_at", State.READ: "read_at"}
# A report whose message never appears is not ours (another system on the same account).
WAIT = timedelta(days=3)
ATTEMPT = "attempt of ours "
ERROR_COLUMNS = ("error_class", "error_code", "error_text")
COLUMNS = {
    "id": "bigint",
    "state": "text",
    "external_id": "text",
    "error_class": "text",
    "error_code": "text",
    "error_text": "text",
    "sent_at": "timestamptz",
    "delivered_at": "timestamptz",
    "read_at": "timestamptz",
    "failed_at": "timestamptz",
    "lease_until": "timestamptz",
    "ask_at": "timestamptz",
    "due_at": "timestamptz",
    "attempts": "smallint",
    "asks": "smallint",
}


WAITING = """
SELECT id FROM gateway_deliverystatus
WHERE applied_at IS NULL AND channel_id = ANY(%s::uuid[]) AND external_id = ANY(%s)
"""


def attempt_key(uid: UUID | str, attempted_at: datetime | None) -> str:
    """An attempt, until it is known what the provider calls its message."""
    return f"{ATTEMPT}{uid} {attempted_at.timestamp():.6f}" if attempted_at else ""


class Key(NamedTuple):
    """A message as the provider names it."""

    channel_id: UUID
    external_id: str


@dataclass(frozen=True, slots=True)
class Report:
    """A parsed status with the request it came in."""

    row: StoredRequest
    event: StatusUpdate


def record(reports: Sequence[Report]) -> list[Key]:
    """Store reports; repeats are recognised and dropped. Returns the messages they are about."""
    DeliveryStatus.objects.bulk_create(
        [_status_row(report) for report in reports], ignore_conflicts=True
    )
    return [Key(report.row.channel_id, report.event.external_id) for report in reports]


def _status_row(report: Report) -> DeliveryStatus:
    event, row = report.event, report.row
    return DeliveryStatus(
        workspace_id=row.workspace_id,
        channel_id=row.channel_id,
        external_id=event.external_id,
        delivery_uid=event.delivery_uid,
        state=event.state,
        provider_word=event.provider_word,
        error_class=event.error_class,
        error_code=event.error_code,
        error_text=event.error_text,
        occurred_at=event.occurred_at or row.received_at,
        received_at=row.received_at,
    )


def apply(keys: Iterable[Key]) -> int:
    """Apply the waiting reports about these messages; returns how many deliveries changed."""
    wanted = set(keys)
    # Nearly always there are none, and to look costs one statement.
    ids = _waiting(wanted) if wanted else []
    if not ids:
        return 0
    with transaction.atomic():
        waiting = DeliveryStatus.objects.filter(pk__in=ids, applied_at=None)
        return _apply(list(waiting.order_by("id").select_for_update()))


def _waiting(keys: Collection[Key]) -> list[int]:
    channels = {str(key.channel_id) for key in keys}
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [list(channels), [key.external_id for key in keys]])
        return [pk for (pk,) in cursor.fetchall()]


@transaction.atomic
def apply_left_over(limit: int = 500) -> int:
    """Apply reports that still wait although their delivery is known; for the sweep."""
    now = timezone.now()
    left = DeliveryStatus.objects.filter(
        applied_at=None, received_at__lt=now - timedelta(seconds=5)
    )
    left.filter(received_at__lt=now - WAIT).update(applied_at=now)
    known = Delivery.objects.filter(uid__in=left.values("delivery_uid")).values("uid")
    sent = Delivery.objects.filter(external_id__in=left.values("external_id")).values("external_id")
    ready = left.filter(Q(delivery_uid__in=known) | Q(external_id__in=sent))
    return _apply(list(ready.order_by("id").select_for_update(skip_locked=True)[:limit]))


def _apply(reports: Sequence[DeliveryStatus]) -> int:
    if not reports:
        return 0
    rows = _lock(reports)
    by_uid = {(row.channel_id, row.uid): row for row in rows}
    by_external = {(row.channel_id, row.external_id): row for row in rows}
    changed: dict[int, Delivery] = {}
    used: list[int] = []
    for report in reports:
        row = by_external.get((report.channel_id, report.external_id))
        if report.delivery_uid is not None:
            row = by_uid.get((report.channel_id, report.delivery_uid), row)
        if row is not None and not undecided(row, report):
            used.append(report.pk)
            if _meant(row, report) and move(row, report):
                changed[row.pk] = row
    save(changed.values())
    DeliveryStatus.objects.filter(pk__in=used).update(applied_at=timezone.now())
    opted_out = [row for row in changed.values() if row.error_class == OptedOut.__name__]
    suppression.suppress_opted_out(opted_out)
    close_windows(row for row in changed.values() if row.error_class == WindowClosed.__name__)
    announce(changed.values())
    return len(changed)


def _lock(reports: Sequence[DeliveryStatus]) -> list[Delivery]:
    named = Q(uid__in=[report.delivery_uid for report in reports if report.delivery_uid])
    known = Q(
        channel_id__in={report.channel_id for report in reports},
        external_id__in={report.external_id for report in reports},
    )
    # Always in the order of ids, so that two workers never wait for each other in a circle.
    return list(Delivery.objects.filter(named | known).order_by("id").select_for_update())


def undecided(row: Delivery, report: DeliveryStatus) -> bool:
    """Whether a report must wait until the row's new attempt has an id.

    A person sends again what had been accepted and then failed: a late report of the first attempt
    may neither pass for the new one's success nor fail it. And a watermark waits for the end of the
    attempt it is about.
    """
    if _about_attempt(report):
        on_its_way = State(row.state) in PENDING or row.ask_at is not None
        return row.external_id is None and on_its_way
    sent_again = row.external_id is None and row.sent_at is not None
    return (
        sent_again and State(row.state) in PENDING and State(report.state) in {*ENDED, State.SENT}
    )


def _about_attempt(report: DeliveryStatus) -> bool:
    return report.external_id.startswith(ATTEMPT)


def _meant(row: Delivery, report: DeliveryStatus) -> bool:
    """Whether a report counts: not for an attempt that failed, or that another one followed."""
    if not _about_attempt(report):
        return True
    this_one = report.external_id == attempt_key(row.uid, row.attempted_at)
    return this_one and row.external_id is not None


def move(row: Delivery, report: DeliveryStatus) -> bool:
    """Let a locked row follow a report; whether anything changed. The row is not saved."""
    reported = State(report.state)
    other_attempt = row.external_id not in {None, report.external_id}
    if other_attempt and reported in {*ENDED, State.SENT}:
        # An earlier attempt of a message that a person sent again has failed; this one may not.
        return False
    changed = False
    if row.external_id is None:
        row.external_id = report.external_id
        changed = True
    name = TIMES.get(reported)
    if name and getattr(row, name) is None:
        setattr(row, name, report.occurred_at)
        changed = True
    following = after_report(State(row.state), reported)
    if following != row.state:
        _enter(row, following, report)
        changed = True
    return changed


def _enter(row: Delivery, state: State, report: DeliveryStatus) -> None:
    row.state = state
    row.lease_until = row.ask_at = None
    for column in ERROR_COLUMNS:
        setattr(row, column, getattr(report, column) if state == State.FAILED else "")
    if state == State.FAILED:
        row.failed_at = report.occurred_at


def save(rows: Iterable[Delivery]) -> None:
    """Write the columns that reports and settled sends may change, in one statement."""
    update_from_values(
        Delivery, COLUMNS, [[getattr(row, _attribute(name)) for name in COLUMNS] for row in rows]
    )


def _attribute(column: str) -> str:
    return "pk" if column == "id" else column
