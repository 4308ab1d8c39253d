"""The invariant: nothing lost, nothing doubled, counted at the provider and in the database."""

from collections import Counter
from collections.abc import Collection, Iterable
from uuid import UUID

from contacts.models import Contact
from conversations.models import Conversation, Direction, Message
from gateway.models import Delivery, DeliveryStatus, InboundRequest, InboundState
from gateway.states import State
from tests.faults.door import Fields
from tests.faults.provider import Provider
from tests.faults.stack import let_questions_be_due
from tests.processes import until

HANDED_OVER = {State.SENT, State.DELIVERED, State.READ}
NEVER_LEFT = {State.QUEUED, State.EXPIRED, State.CANCELLED}


def wait_until_taken_in(seconds: float = 90) -> None:
    """Until no stored request waits, nor a report on a message of ours."""
    waiting = InboundRequest.objects.filter(state=InboundState.NEW)
    until(lambda: not waiting.exists(), "requests stay undrained", seconds)
    reports = DeliveryStatus.objects.filter(applied_at=None)
    until(lambda: not reports.exists(), "reports stay unapplied", seconds)


def wait_until_sent(*, waiting_to_ask: bool = True, seconds: float = 90) -> None:
    """Until nothing is queued, on its way or unclear; on wish without waits before questions."""
    unsettled = Delivery.objects.filter(state__in=[State.QUEUED, State.SENDING, State.UNKNOWN])

    def settled() -> bool:
        if not waiting_to_ask:
            let_questions_be_due()
        return not unsettled.exists()

    until(settled, "deliveries stay unsettled", seconds)


def each_event_appears_once(accepted: Iterable[Fields], *, others: int = 0) -> None:
    """Each message the door has taken is one message of one conversation of one contact.

    ``others``: contacts that were there before and have not written.
    """
    wanted = {fields["MessageSid"]: fields for fields in accepted}
    stored = Message.objects.filter(direction=Direction.INBOUND).exclude(external_id=None)
    found = Counter(stored.values_list("external_id", flat=True))
    assert found == Counter(wanted.keys())
    texts = dict(stored.values_list("external_id", "text"))
    assert texts == {sid: fields["Body"] for sid, fields in wanted.items()}
    people = {fields["From"] for fields in wanted.values()}
    assert Contact.objects.count() == len(people) + others
    assert Conversation.objects.count() == len(people)
    assert not InboundRequest.objects.exclude(state=InboundState.DONE).exists()


def exact(
    provider: Provider, started: int, *, resent: Collection[UUID] = (), allowed: str = ""
) -> Counter[str]:
    """The outbound ledger adds up; returns how many deliveries are in which state.

    ``started``: how many were queued. ``resent``: what a person sent again although it was unclear.
    ``allowed``: what a failure or an unclear end may be called, where the scenario means one.
    """
    accepted = provider.accepted()
    doubled = {uid: times for uid, times in accepted.items() if times > 1 and uid not in resent}
    assert doubled == {}, "the provider has messages twice"
    rows = list(Delivery.objects.all())
    assert len(rows) == started
    assert set(accepted) <= {row.uid for row in rows}, "the provider has messages of nobody"
    for row in rows:
        where = f"{row.uid} {row.state} {row.error_class} {row.error_text}"
        if row.state in HANDED_OVER:
            assert row.uid in accepted, f"lost: {where}"
        if row.state in NEVER_LEFT:
            assert row.uid not in accepted, f"not known as sent: {where}"
    states = Counter(row.state for row in rows)
    delivered = sum(row.state in HANDED_OVER for row in rows)
    rest = ("failed", "expired", "cancelled", "replaced", "unknown", "queued")
    assert started == delivered + sum(states[name] for name in rest), states
    assert delivered == len(accepted) or allowed, states
    return states
