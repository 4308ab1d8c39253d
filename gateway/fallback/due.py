"""Fallbacks whose time has come: which of them are taken over, and which are to be withdrawn first.

Each look is one transaction with a lease, so that any number of workers may look at once, and what
a dead one had claimed is looked at again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from gateway.fallback.follow import close
from gateway.fallback.model import Fallback, Stage, Success, Verdict
from gateway.fallback.saving import save
from gateway.fallback.takeover import Taking, take_over
from gateway.models import Delivery, DeliveryStatus
from gateway.outbox.clock import database_now
from gateway.outbox.telling import tell
from gateway.registry import adapters
from gateway.states import PENDING, State

BATCH = 200
# Whoever asks has this long; then somebody else asks again, which does no harm.
LEASE = timedelta(seconds=60)
# Somebody sends it again at this moment, or it is being sent.
BUSY = timedelta(seconds=30)
# Waits before a withdrawal is asked for again; after the last it is given up.
AGAIN_SECONDS = (2, 5, 15, 30, 60, 120, 300, 600, 1800)

OPEN = {State.SENT, State.UNKNOWN}
ARRIVED = (State.DELIVERED, State.READ)
# A report that is stored is applied at once, by the sweep at the latest.
HEARING = timedelta(seconds=5)


def _quiet() -> timedelta:
    """A withdrawal that proves nothing is believed after so much silence.

    A phone that had the message before has said so within it.
    """
    return timedelta(seconds=settings.FALLBACK_QUIET_SECONDS)


@dataclass(frozen=True, slots=True)
class Withdrawing:
    """A delivery that the provider is to be asked to withdraw."""

    delivery: Delivery
    urgent: bool


@transaction.atomic
def look() -> tuple[list[Withdrawing], bool]:
    """Decide what is due; what is to be withdrawn, and whether more may be due."""
    found = _claim()
    now = database_now()
    taking: list[Taking] = []
    asking: list[Fallback] = []
    overdue = {one.pk: verdict for one in found if (verdict := _overdue(one))}
    heard = _heard_of([one.delivery for one in found if one.pk in overdue])
    for one in found:
        verdict = overdue.get(one.pk)
        if verdict is not None and one.pk in heard:
            one.due_at = now + HEARING
        elif verdict is not None:
            taking.append(Taking(one.delivery, one, verdict))
        elif _may_ask(one):
            one.stage, one.due_at, one.asks = Stage.REVOKING, now + LEASE, one.asks + 1
            asking.append(one)
        elif State(one.delivery.state) in PENDING:
            one.stage, one.due_at = Stage.ARMED, now + BUSY
        elif one.stage == Stage.REVOKING:
            close(one, Verdict.STUCK, now)
        else:
            one.due_at = None  # from now on only the provider's word counts
    save(found)
    tell(take_over(taking, now))
    asked = [Withdrawing(one.delivery, one.urgent) for one in asking]
    return asked, len(found) == BATCH


def _claim() -> list[Fallback]:
    """Due ones, their deliveries locked first, as whoever changes deliveries does."""
    due = Fallback.objects.filter(due_at__lte=database_now()).order_by("due_at")
    ids = list(due.values_list("pk", flat=True)[:BATCH])
    rows = Delivery.objects.filter(pk__in=ids).select_related("channel").order_by("pk")
    locked = {row.pk: row for row in rows.select_for_update(skip_locked=True, of=("self",))}
    mine = Fallback.objects.filter(pk__in=locked, due_at__lte=database_now()).order_by("pk")
    found = list(mine.select_for_update())
    for one in found:
        one.delivery = locked[one.pk]
    return found


def _heard_of(deliveries: Sequence[Delivery]) -> set[int]:
    """Which of these have arrived by a report that is stored and not applied yet.

    It will be within seconds; nothing is decided until then. One statement, none for nobody.
    """
    by_uid: dict[UUID | None, int] = {row.uid: row.pk for row in deliveries}
    by_name = {(row.channel_id, row.external_id): row.pk for row in deliveries if row.external_id}
    if not by_uid:
        return set()
    named = Q(
        channel_id__in={channel for channel, _name in by_name},
        external_id__in=[name for _channel, name in by_name],
    )
    reports = DeliveryStatus.objects.filter(
        Q(delivery_uid__in=by_uid) | named, applied_at=None, state__in=ARRIVED
    ).values_list("delivery_uid", "channel_id", "external_id")
    found = (by_uid.get(uid) or by_name.get((channel, name)) for uid, channel, name in reports)
    return {pk for pk in found if pk is not None}


def _overdue(one: Fallback) -> Verdict | None:
    """Why the other channel may take over at this moment, if it may."""
    state = State(one.delivery.state)
    if state == State.DELIVERED and one.success == Success.READ:
        return Verdict.UNREAD
    if state not in OPEN:
        return None
    if one.stage == Stage.CLOSING:
        return Verdict.WITHDRAWN
    return Verdict.URGENT if one.urgent and (one.asks or not _revocable(one)) else None


def _may_ask(one: Fallback) -> bool:
    return State(one.delivery.state) in OPEN and _revocable(one) and one.asks < len(AGAIN_SECONDS)


def _revocable(one: Fallback) -> bool:
    return adapters()[one.delivery.channel.kind].capabilities.revocable


@dataclass(frozen=True, slots=True)
class Answered:
    """What the provider said to a withdrawal: taken (``certain`` or not), or ``problem``."""

    delivery_id: int
    certain: bool = False
    problem: str = ""


@transaction.atomic
def settle(answers: Sequence[Answered]) -> None:
    """Write what the provider said; what is certainly withdrawn is taken over at once."""
    said = {one.delivery_id: one for one in answers}
    rows = Delivery.objects.filter(pk__in=said).order_by("pk")
    locked = {row.pk: row for row in rows.select_for_update(of=("self",))}
    asked = Fallback.objects.filter(pk__in=locked, stage=Stage.REVOKING).order_by("pk")
    found = list(asked.select_for_update())
    now = database_now()
    taking = []
    for one in found:
        one.delivery = locked[one.pk]
        answer = said[one.pk]
        one.note = answer.problem
        if State(one.delivery.state) not in OPEN:
            continue
        if answer.certain:
            taking.append(Taking(one.delivery, one, Verdict.WITHDRAWN))
        elif one.urgent:
            taking.append(Taking(one.delivery, one, Verdict.URGENT))
        elif answer.problem:
            one.due_at = now + timedelta(seconds=AGAIN_SECONDS[one.asks - 1])
        else:
            one.stage, one.due_at = Stage.CLOSING, now + _quiet()
    save(found)
    tell(take_over(taking, now))


# The provider could not withdraw these when their time was over: it is asked now.
ASK_NOW = """
WITH mine AS (
    SELECT f.delivery_id FROM gateway_fallback f
    JOIN gateway_delivery d ON d.id = f.delivery_id
    JOIN unnest(%s::uuid[], %s::uuid[]) AS v (channel, uid) ON d.uid = v.uid
        AND d.channel_id = v.channel
    WHERE f.stage = 'armed' ORDER BY f.delivery_id FOR UPDATE OF f)
UPDATE gateway_fallback AS f SET due_at = clock_timestamp()
FROM mine WHERE f.delivery_id = mine.delivery_id
"""


def ask_now(deliveries: Sequence[tuple[UUID, UUID]]) -> None:
    """Look at once at these (channel, uid of the delivery), if they still wait."""
    if deliveries:
        channels, uids = zip(*deliveries, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(ASK_NOW, [list(map(str, channels)), list(map(str, uids))])
