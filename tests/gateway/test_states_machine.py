"""Any order of claims, answers, deaths, questions, reports and people's wishes ends legally.

Hypothesis drives the real outbox against PostgreSQL. The provider is played here and never lies;
what it may not see is the same message twice, unless it recognises repeats, had refused the earlier
one, or a person sent it again.
"""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as bounds
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from gateway import statuses
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    OptedOut,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
)
from gateway.events import StatusUpdate
from gateway.inbound import StoredRequest
from gateway.models import (
    Batch,
    BatchState,
    Bucket,
    Channel,
    Delivery,
    DeliveryStatus,
    Suppression,
)
from gateway.outbox.ask import claim_questions, end_leases
from gateway.outbox.claim import claim
from gateway.outbox.places import Load
from gateway.outbox.queue import (
    BulkItem,
    NotAllowed,
    cancel_delivery,
    cancel_left_over,
    queue_bulk,
    queue_delivery,
    retry_delivery,
    set_batch_state,
)
from gateway.outbox.row import Row
from gateway.outbox.settle import Outcome, settle
from gateway.registry import adapters
from gateway.states import FINAL, REPORTABLE, State
from tests import builders
from tests.gateway import kinds
from tests.gateway.history import keep_history, legal, take_history

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

KINDS = ["askable", "mute", "idempotent"]
REFUSALS: list[SendError] = [
    Throttled("Too fast", retry_after=0),
    Unreachable("No connection"),
    Rejected("No such number", code="21211"),
    OptedOut("Opted out", code="21610"),
    BadCredentials("Wrong token", code="20003"),
    Ambiguous("No answer"),
]
PASSING: list[SendError] = [error for error in REFUSALS if error.retryable]
HANDED_OVER = {State.SENT, State.DELIVERED, State.READ}
ADDRESS = "+14155550100"


@dataclass(eq=False)
class Flight:
    """One attempt under way: the row as it was claimed, and whether the provider has got it."""

    row: Row
    sid: str | None = None
    arrived: bool = False


@dataclass
class Played:
    """What the provider knows: each accepted message's ids, and what it may have by a wish."""

    sids: dict[str, list[str]] = field(default_factory=dict)
    allowed: dict[str, int] = field(default_factory=dict)
    reported: set[str] = field(default_factory=set)

    def take(self, uid: str, *, recognises: bool) -> str:
        """Accept a message; the same one again for a provider that recognises repeats."""
        known = self.sids.setdefault(uid, [])
        if known and recognises:
            return known[0]
        known.append(f"SM{uuid.uuid4().hex}")
        return known[-1]


class Outbox(RuleBasedStateMachine):
    """Steps the world can take, in any order."""

    flights = Bundle("flights")
    questions = Bundle("questions")

    def __init__(self) -> None:
        super().__init__()
        for model in (DeliveryStatus, Delivery, Suppression, Batch):
            model.objects.all()._raw_delete("default")
        take_history()
        self.provider = Played()
        self.by_person: set[int] = set()
        self.live: list[Flight] = []

    @initialize()
    def open_channels(self) -> None:
        """One channel of each kind, fast enough to hold nothing up."""
        workspace = builders.workspace()
        self.channels = {
            kind: builders.channel(workspace, kind=kind, rate_per_second=1e6) for kind in KINDS
        }
        self.batch = Batch.objects.create(workspace=workspace)
        self.requests = {made.pk: report_request(made) for made in self.channels.values()}

    # --- In the outbox ------------------------------------------------------------------------

    @rule(kind=st.sampled_from(KINDS), expires=st.booleans())
    def reply(self, kind: str, expires: bool) -> None:
        """An agent replies."""
        queue_delivery(
            channel=self.channels[kind],
            address=ADDRESS,
            text="Hello",
            message_uid=uuid.uuid4(),
            expires_at=timezone.now() if expires else None,
        )

    @rule(kind=st.sampled_from(KINDS))
    def campaign(self, kind: str) -> None:
        """A campaign hands a message over, and hands it over once more."""
        item = BulkItem(uuid.uuid4(), ADDRESS, "Offer")
        for _ in range(2):
            queue_bulk(channel=self.channels[kind], batch=self.batch, items=[item])

    @rule(state=st.sampled_from(sorted(BatchState)))
    def steer(self, state: BatchState) -> None:
        """A person pauses, resumes or cancels the campaign; cancelled stays cancelled."""
        if Batch.objects.get(pk=self.batch.pk).state != BatchState.CANCELLED:
            set_batch_state(batch=self.batch, state=state)

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """A person cancels; possible only while it is queued."""
        if row := self._any_row(data):
            was = row.state
            try:
                cancel_delivery(delivery=row)
            except NotAllowed:
                assert was != State.QUEUED
            else:
                assert was == State.QUEUED

    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        """A person sends again what failed or is unclear."""
        if row := self._any_row(data):
            was = row.state
            try:
                retry_delivery(delivery=row)
            except NotAllowed:
                assert was not in {State.FAILED, State.UNKNOWN}
            else:
                self.by_person.add(row.pk)
                self.provider.allowed[str(row.uid)] = (
                    len(self.provider.sids.get(str(row.uid), [])) + 1
                )

    # --- On the way ---------------------------------------------------------------------------

    @rule(target=flights)
    def claim_due(self) -> Any:
        """A worker claims what is due; backed-off rows have become due, channels have rested."""
        now = timezone.now()
        Delivery.objects.filter(state=State.QUEUED).update(due_at=now)
        Channel.objects.update(paused_at=None)
        Bucket.objects.update(tokens=1e6, refilled_at=now - timedelta(seconds=1))
        begun = [Flight(row) for row in claim(Load()).rows]
        self.live += begun
        return multiple(*begun)

    @rule(flight=flights, accepts=st.booleans())
    def arrive(self, flight: Flight, accepts: bool) -> None:
        """The request reaches the provider, which takes the message or not."""
        if flight in self.live and not flight.arrived:
            flight.arrived = True
            recognises = self._kind(flight.row) == "idempotent"
            if accepts or (recognises and flight.row.uid in self.provider.sids):
                flight.sid = self.provider.take(flight.row.uid, recognises=recognises)

    @rule(landed=st.lists(consumes(flights), min_size=1, max_size=3), data=st.data())
    def answer(self, landed: list[Flight], data: st.DataObject) -> None:
        """Answers come, or time-outs, and are written in one batch."""
        outcomes = []
        for flight in landed:
            if flight in self.live:
                self.live.remove(flight)
                outcomes.append(self._outcome(flight, data))
        # One row may be in a batch once only, as in the runner.
        for one in {one.row.pk: one for one in outcomes}.values():
            settle([one])

    def _outcome(self, flight: Flight, data: st.DataObject) -> Outcome:
        kind = self._kind(flight.row)
        one = Outcome(flight.row, can_find=kind == "askable", idempotent=kind == "idempotent")
        if flight.sid is None:
            # Who recognises repeats never refuses what is there already.
            known = kind == "idempotent" and flight.row.uid in self.provider.sids
            one.error = data.draw(st.sampled_from(PASSING if known else REFUSALS))
        elif data.draw(st.booleans()):
            one.external_id = flight.sid
        else:
            one.error = Ambiguous("No answer")
        return one

    @rule(flight=consumes(flights))
    def die(self, flight: Flight) -> None:
        """The worker is killed; whether the provider has the message stays as it is."""
        if flight in self.live:
            self.live.remove(flight)

    @rule()
    def leases_end(self) -> None:
        """Leases outlast the transport's time-outs: what has not arrived by then never will.

        A worker that stood still meanwhile (its answer in hand) may still come and write it.
        """
        self.live = [flight for flight in self.live if flight.arrived]
        Delivery.objects.filter(state=State.SENDING).update(lease_until=timezone.now())
        end_leases()

    @rule(target=questions)
    def ask(self) -> Any:
        """Questions become due and are claimed."""
        waiting = Delivery.objects.filter(state=State.UNKNOWN).exclude(ask_at=None)
        waiting.update(ask_at=timezone.now())
        return multiple(*claim_questions().rows)

    @rule(asked=consumes(questions), reachable=st.booleans())
    def say(self, asked: Row, reachable: bool) -> None:
        """The provider says what it knows, or cannot be reached. It shows what others have too."""
        one = Outcome(asked, can_find=True, asked=True)
        found = self.provider.sids.get(str(asked.uid), [])
        if not reachable:
            one.error = Unreachable("No connection")
        elif found:
            one.external_id = found[-1]
        else:
            # Asked after the request has timed out: what has not arrived by then never will.
            self.live = [f for f in self.live if f.arrived or f.row.pk != asked.pk]
            one.absent = True
        settle([one])

    # --- Reports ------------------------------------------------------------------------------

    @rule(data=st.data(), state=st.sampled_from(sorted(REPORTABLE)), named=st.booleans())
    def report(self, data: st.DataObject, state: State, named: bool) -> None:
        """The provider reports: early, late, repeated or reversed, with our uid or without."""
        known = sorted((sid, uid) for uid, sids in self.provider.sids.items() for sid in sids)
        if not known:
            return
        sid, uid = data.draw(st.sampled_from(known))
        channel_id = Delivery.objects.get(uid=uid).channel_id
        event = StatusUpdate(sid, state, state, uuid.UUID(uid) if named else None)
        keys = statuses.record([statuses.Report(self.requests[channel_id], event)])
        self.provider.reported.add(sid)
        if data.draw(st.booleans()):
            statuses.apply(keys)

    @rule()
    def sweep(self) -> None:
        """What killed workers left is picked up."""
        earlier = timezone.now() - timedelta(seconds=10)
        DeliveryStatus.objects.filter(applied_at=None).update(received_at=earlier)
        statuses.apply_left_over()
        cancel_left_over()

    # --- What always holds --------------------------------------------------------------------

    @invariant()
    def every_step_is_legal(self) -> None:
        """No state goes back, and only a person revives what failed."""
        for pk, before, after in take_history():
            assert legal(before, after), f"{before} → {after}"
            if (before, after) == (State.FAILED, State.QUEUED):
                assert pk in self.by_person

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        """Each message is accepted once, and once more after a person wanted it again."""
        for uid, sids in self.provider.sids.items():
            assert len(sids) <= max(1, self.provider.allowed.get(uid, 1))

    def teardown(self) -> None:
        """Time passes until nothing moves by itself any more: everything is accounted for."""
        if not hasattr(self, "channels"):
            return
        # Answers to one person leave one after the other, each perhaps asked about before.
        for _ in range(6 + 3 * Delivery.objects.filter(state=State.QUEUED).count()):
            self._let_everything_settle()
        self.every_step_is_legal()
        self.nothing_is_sent_twice()
        paused = Batch.objects.get(pk=self.batch.pk).state == BatchState.PAUSED
        for row in Delivery.objects.all():
            self._check_end(row, waits=paused and row.batch_id is not None)

    def _let_everything_settle(self) -> None:
        for flight in self.live:
            settle(
                [Outcome(flight.row, external_id=flight.sid, error=None if flight.sid else GONE)]
            )
        self.live = []
        self.leases_end()
        for row in self.ask().values:
            self.say(row, True)
        for flight in self.claim_due().values:
            self.arrive(flight, True)
        self.sweep()

    def _check_end(self, row: Delivery, *, waits: bool) -> None:
        state, accepted = State(row.state), str(row.uid) in self.provider.sids
        kind = self._kind(row)
        assert state in FINAL | HANDED_OVER or (waits and state == State.QUEUED), state
        if state in HANDED_OVER:
            assert accepted
        if state == State.UNKNOWN:
            assert kind == "mute"
        if accepted and kind == "askable" and str(row.uid) not in self.provider.allowed:
            assert state in HANDED_OVER | {State.FAILED}
        if accepted and state == State.FAILED and str(row.uid) not in self.provider.allowed:
            assert set(self.provider.sids[str(row.uid)]) & self.provider.reported

    # --- Helpers ------------------------------------------------------------------------------

    def _any_row(self, data: st.DataObject) -> Delivery | None:
        rows = list(Delivery.objects.order_by("id"))
        return data.draw(st.sampled_from(rows)) if rows else None

    def _kind(self, row: Delivery | Row) -> str:
        return next(kind for kind, made in self.channels.items() if made.pk == row.channel_id)


GONE = Unreachable("No connection")


def report_request(channel: Channel) -> StoredRequest:
    """A request of the provider's in which a report on this channel's messages comes."""
    now = timezone.now()
    where = (1, channel.workspace_id, channel.pk)
    return StoredRequest(*where, "POST", "", "{}", memoryview(b""), "", now, channel.updated_at)


def test_any_order_of_steps_ends_in_a_legal_state(settings: Any) -> None:
    settings.GATEWAY_ADAPTERS = kinds.PATHS
    adapters.cache_clear()
    keep_history()
    try:
        run_state_machine_as_test(
            Outbox,
            settings=bounds(
                max_examples=40,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        adapters.cache_clear()


def test_an_answer_from_before_a_persons_retry_does_not_pass_for_the_new_attempts() -> None:
    channel = builders.channel()
    row = queue_delivery(channel=channel, address=ADDRESS, text="Hello", message_uid=uuid.uuid4())
    (stale,) = claim(Load()).rows
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    end_leases()
    retry_delivery(delivery=row)
    Bucket.objects.update(tokens=1, refilled_at=timezone.now() - timedelta(seconds=1))
    (fresh,) = claim(Load()).rows
    settle([Outcome(stale, error=Throttled("Too fast", retry_after=0))])
    # The new attempt is still on its way: nobody else may send it meanwhile.
    assert Delivery.objects.get().state == State.SENDING
    settle([Outcome(fresh, external_id="SM1")])
    assert Delivery.objects.get().state == State.SENT
