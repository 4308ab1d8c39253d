"""What must outlive the bridge, in PostgreSQL: written before anything is sent or acknowledged.

Everything runs in one thread of its own; what comes side by side shares a transaction.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import ParamSpec, TypeVar
from uuid import UUID, uuid4

from django.db import close_old_connections, connections, transaction
from django.db.models.functions import Now

from channels_sms.models import ReceivedPart, SubmittedPart
from gateway.together import Together

P = ParamSpec("P")
R = TypeVar("R")
State = SubmittedPart.State
# Receipts come within the validity period, which is days; repeats within minutes.
SUBMITTED_DAYS, RECEIVED_DAYS = 14, 2


@dataclass(slots=True)
class Submission:
    """One attempt to send a message: its parts' ids as far as the SMSC has given them."""

    workspace_id: int
    channel_id: UUID
    delivery_uid: UUID
    address: str
    total: int
    pk: UUID = field(default_factory=uuid4)
    message_ids: dict[int, str] = field(default_factory=dict)
    state: str = State.SUBMITTING
    external_id: str = ""
    # Of a pool; empty: the account's own.
    sender: str = ""

    def accept(self, number: int, message_id: str, shown_id: str) -> None:
        """The SMSC took a part; the first one's id names the message."""
        self.message_ids[number] = message_id
        if number == 1:
            # SMSCs begin anew with their ids; ours must not.
            self.external_id = f"{shown_id[:64]}/{self.pk.hex[:12]}"


class Journal:
    """The bridge's memory; its methods are awaited in the event loop."""

    def __init__(self) -> None:
        self.thread = ThreadPoolExecutor(1, "smpp-journal")
        self.begun: Together[Submission] = Together(lambda group: self.run(_begin, group))
        self.ended: Together[Submission] = Together(lambda group: self.run(_end, group))

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do something with the database."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.thread, partial(_fresh, work, *args, **kwargs))

    async def begin(self, submission: Submission) -> None:
        """Note that a message is about to be submitted; durable when it returns."""
        await self.begun.join(submission)

    async def end(self, submission: Submission) -> None:
        """Note what the SMSC said; durable when it returns."""
        await self.ended.join(submission)

    def close(self) -> None:
        """Let the thread end, and its connection with it."""
        self.thread.submit(connections.close_all)
        self.thread.shutdown()


def _fresh(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    close_old_connections()
    return work(*args, **kwargs)


def _begin(group: Sequence[Submission]) -> None:
    SubmittedPart.objects.bulk_create(
        SubmittedPart(
            workspace_id=one.workspace_id,
            channel_id=one.channel_id,
            submission=one.pk,
            delivery_uid=one.delivery_uid,
            address=one.address,
            number=number,
            total=one.total,
        )
        for one in group
        for number in range(1, one.total + 1)
    )


@transaction.atomic
def _end(group: Sequence[Submission]) -> None:
    """Nothing taken and nothing unclear: as if it had never begun, so that it may come again."""
    gone = [one.pk for one in group if one.state == State.REFUSED and not one.message_ids]
    if gone:
        SubmittedPart.objects.filter(submission__in=gone).delete()
    by_id = {one.pk: one for one in group if one.pk not in gone}
    rows = list(
        SubmittedPart.objects.filter(submission__in=by_id, state=State.SUBMITTING)
        .order_by("pk")
        .select_for_update()
    )
    for row in rows:
        one = by_id[row.submission]
        row.external_id = one.external_id
        if row.number in one.message_ids:
            row.message_id, row.state = one.message_ids[row.number], State.ACCEPTED
        else:
            row.state = one.state
    SubmittedPart.objects.bulk_update(rows, ["external_id", "message_id", "state"])


@dataclass(frozen=True, slots=True)
class Known:
    """What the journal says of a delivery: ``external_id`` empty when it is unclear."""

    known: bool
    external_id: str = ""


def look_up(channel_id: UUID, delivery_uid: UUID, since: datetime) -> Known:
    """What became of an attempt that began at ``since`` (UTC, the database's clock) or later."""
    rows = list(
        SubmittedPart.objects.filter(
            channel_id=channel_id, delivery_uid=delivery_uid, created_at__gte=since
        )
    )
    if not rows:
        return Known(known=False)
    unclear = any(row.state in {State.SUBMITTING, State.REFUSED} for row in rows)
    return Known(known=True, external_id="" if unclear else rows[0].external_id)


def prune() -> None:
    """Forget what nothing more will come of."""
    old = Now() - timedelta(days=SUBMITTED_DAYS)
    SubmittedPart.objects.filter(created_at__lt=old).delete()
    heard = ReceivedPart.objects.filter(handed_in=True)
    heard.filter(received_at__lt=Now() - timedelta(days=RECEIVED_DAYS)).delete()
