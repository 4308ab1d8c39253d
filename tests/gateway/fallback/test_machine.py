"""Any order of deliveries, reads, withdrawals, reports late and repeated: everybody gets it once.

Hypothesis drives the real outbox and the real fallbacks against PostgreSQL. The provider and the
phones are played: a message is shown on a phone or withdrawn, never both, and a withdrawal is
answered alike whether it came in time or not. Reports come in any order, some of them repeated, but
within the time that is waited after such an answer.
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
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from gateway import statuses
from gateway.content.model import Content
from gateway.errors import Ambiguous, NotCapable, Unreachable
from gateway.events import StatusUpdate
from gateway.fallback import due
from gateway.fallback.model import Fallback, Stage, Success, Verdict
from gateway.fallback.policy import Policy
from gateway.models import Bucket, Delivery, DeliveryStatus
from gateway.outbox.claim import claim
from gateway.outbox.places import Load
from gateway.outbox.queue import Terms, queue_parts
from gateway.outbox.settle import Outcome, settle
from gateway.registry import adapters
from gateway.states import State
from tests import builders
from tests.gateway.fallback import kinds
from tests.gateway.history import keep_history, legal, take_history
from tests.gateway.test_states_machine import report_request

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@dataclass
class Sent:
    """A message at the provider. ``reports`` have not reached us yet."""

    uid: str
    shown: int = 0
    withdrawn: bool = False
    reports: list[StatusUpdate] = field(default_factory=list)
    told: list[StatusUpdate] = field(default_factory=list)

    def say(self, state: State, word: str) -> None:
        """A report leaves the provider."""
        self.reports.append(StatusUpdate(self.uid, state, word, uuid.UUID(self.uid)))


class World(RuleBasedStateMachine):
    """Steps that the world can take, in any order."""

    def __init__(self) -> None:
        super().__init__()
        for model in (DeliveryStatus, Fallback, Delivery):
            model.objects.all()._raw_delete("default")
        take_history()
        self.rich: dict[str, Sent] = {}
        self.plain: list[str] = []

    @initialize()
    def open_channels(self) -> None:
        """RCS, and SMS to fall back on."""
        ws = builders.workspace()
        self.rcs = builders.channel(ws, kind="rich", rate_per_second=1e6)
        self.sms = builders.channel(ws, rate_per_second=1e6)
        self.requests = {one.pk: report_request(one) for one in (self.rcs, self.sms)}

    @rule()
    def write(self) -> None:
        """Somebody writes."""
        policy = Policy(self.sms, 60, Success.DELIVERED)
        terms = Terms(uuid.uuid4(), fallback=policy)
        address = f"+1415555{Delivery.objects.count():04d}"
        queue_parts(channel=self.rcs, address=address, parts=[Content("Hello")], terms=terms)

    @rule(ends=st.lists(st.sampled_from(["yes", "no", "lost", "unclear"]), max_size=4))
    def send(self, ends: list[str]) -> None:
        """What is due leaves: taken, not for this phone, not reached, or nobody knows."""
        for row in self._claim():
            if row.channel_id == self.sms.pk:
                self.plain.append(row.message_uid)
                settle([Outcome(row, external_id=f"SM{uuid.uuid4().hex}")])
                continue
            self._send(row, ends.pop() if ends else "yes")

    def _claim(self) -> list[Any]:
        now = timezone.now()
        Delivery.objects.filter(state=State.QUEUED).update(due_at=now)
        Bucket.objects.update(tokens=1e6, refilled_at=now - timedelta(seconds=1))
        return list(claim(Load()).rows)

    def _send(self, row: Any, end: str) -> None:
        outcome = Outcome(row, idempotent=True)
        known = row.uid in self.rich
        if end == "no" and not known:
            outcome.error = NotCapable("No RCS here", code="404")
        elif end == "lost":
            outcome.error = Unreachable("No connection")
        else:
            self.rich.setdefault(row.uid, Sent(row.uid))
            if end == "yes":
                outcome.external_id = row.uid
            else:
                outcome.error = Ambiguous("No answer")
        settle([outcome])

    # --- The phone and the provider -------------------------------------------------------------

    @rule(data=st.data(), read=st.booleans())
    def arrive(self, data: st.DataObject, read: bool) -> None:
        """A phone shows a message, and its owner may read it."""
        if sent := self._any(data):
            self._show(sent, read=read)

    def _show(self, sent: Sent, *, read: bool) -> None:
        if sent.withdrawn:
            return
        if not sent.shown:
            sent.shown = 1
            sent.say(State.DELIVERED, "DELIVERED")
        if read:
            sent.say(State.READ, "READ")

    @rule(data=st.data())
    def time_is_over(self, data: st.DataObject) -> None:
        """The provider itself withdraws what no phone has shown."""
        sent = self._any(data)
        if sent is not None and not sent.shown and not sent.withdrawn:
            sent.withdrawn = True
            sent.say(State.EXPIRED, "TTL_EXPIRATION_REVOKED")

    @rule(data=st.data(), again=st.booleans())
    def report(self, data: st.DataObject, again: bool) -> None:
        """A report reaches us, in any order; or one that has been here before."""
        waiting = [one for one in self.rich.values() if (one.told if again else one.reports)]
        if not waiting:
            return
        sent = data.draw(st.sampled_from(waiting))
        pile = sent.told if again else sent.reports
        event = data.draw(st.sampled_from(pile))
        if not again:
            sent.reports.remove(event)
            sent.told.append(event)
        self._tell(event, at_once=data.draw(st.booleans()))

    def _tell(self, event: StatusUpdate, *, at_once: bool) -> None:
        keys = statuses.record([statuses.Report(self.requests[self.rcs.pk], event)])
        if at_once:
            statuses.apply(keys)

    @rule()
    def sweep(self) -> None:
        """Reports that wait although their message is known."""
        earlier = timezone.now() - timedelta(seconds=10)
        DeliveryStatus.objects.filter(applied_at=None).update(received_at=earlier)
        statuses.apply_left_over()

    # --- Time -----------------------------------------------------------------------------------

    @rule(reachable=st.booleans(), crossing=st.booleans())
    def too_late(self, reachable: bool, crossing: bool) -> None:
        """The time to wait is over; the provider is asked to withdraw, perhaps just too late."""
        Fallback.objects.exclude(stage=Stage.CLOSING).exclude(due_at=None).update(due_at=EARLIER)
        asked, _more = due.look()
        for one in asked:
            sent = self.rich.get(str(one.delivery.uid))
            if crossing and sent is not None:
                self._show(sent, read=False)
            if not reachable:
                due.settle([due.Answered(one.delivery.pk, problem="No connection")])
                continue
            if sent is not None and not sent.shown:
                sent.withdrawn = True
            due.settle([due.Answered(one.delivery.pk)])

    @rule()
    def silence(self) -> None:
        """The time after a withdrawal passes: whatever a phone has to say has been said."""
        for sent in self.rich.values():
            self._say_all(sent)
        Fallback.objects.filter(stage=Stage.CLOSING).update(due_at=EARLIER)
        due.look()

    def _say_all(self, sent: Sent) -> None:
        for event in sent.reports:
            self._tell(event, at_once=True)
        sent.told += sent.reports
        sent.reports = []

    # --- What always holds ----------------------------------------------------------------------

    @invariant()
    def every_step_is_legal(self) -> None:
        """No state goes back."""
        for _pk, before, after in take_history():
            assert legal(before, after), f"{before} → {after}"

    @invariant()
    def nobody_gets_it_twice(self) -> None:
        """On one channel or the other, never both."""
        for uid, message in self._messages().items():
            shown = self.rich[uid].shown if uid in self.rich else 0
            assert shown + self.plain.count(message) <= 1

    def teardown(self) -> None:
        """Everything passes: everybody has got it, and every fallback says what was decided."""
        if not hasattr(self, "rcs"):
            return
        for _ in range(12):
            self.sweep()
            self.send([])
            self.too_late(reachable=True, crossing=False)
            self.silence()
        for sent in self.rich.values():
            self._show(sent, read=True)
            self._say_all(sent)
        self.sweep()
        self.nobody_gets_it_twice()
        self.every_step_is_legal()
        messages = self._messages()
        for uid, message in messages.items():
            shown = self.rich[uid].shown if uid in self.rich else 0
            assert shown + self.plain.count(message) == 1
            decided = Fallback.objects.get(delivery__uid=uid)
            assert decided.stage == Stage.DONE
            assert (decided.verdict == Verdict.REACHED) == bool(shown)

    def _messages(self) -> dict[str, str]:
        """The messages by the uid of their first delivery."""
        rows = Delivery.objects.filter(replaces=None).values_list("uid", "message_uid")
        return {str(uid): str(message) for uid, message in rows}

    def _any(self, data: st.DataObject) -> Sent | None:
        return data.draw(st.sampled_from(list(self.rich.values()))) if self.rich else None


EARLIER = timezone.now() - timedelta(hours=1)


def test_everybody_gets_it_once_in_any_order(settings: Any) -> None:
    settings.GATEWAY_ADAPTERS = [*settings.GATEWAY_ADAPTERS, *kinds.PATHS]
    adapters.cache_clear()
    keep_history()
    try:
        run_machine(
            World,
            settings=bounds(
                max_examples=60,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        adapters.cache_clear()
