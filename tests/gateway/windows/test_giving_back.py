"""What a message took from a window and nobody will get is given back, once."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from gateway.errors import Rejected
from gateway.events import InboundMessage
from gateway.models import Batch, BatchState, Channel, Delivery, Suppression
from gateway.outbox.queue import cancel_delivery, retry_delivery, set_batch_state
from gateway.outbox.row import Row
from gateway.outbox.settle import Outcome, settle
from gateway.states import State
from gateway.suppression import suppress
from gateway.windows.opening import open_windows
from tests import builders
from tests.gateway.windows.talk import Counted
from tests.gateway.windows.test_closing import refuse, window
from tests.gateway.windows.test_opening import heard
from tests.gateway.windows.test_taking import ANN, HOUR, bulk, opened, prepared

pytestmark = pytest.mark.django_db(transaction=True)


def taken(count: int = 1) -> tuple[Channel, list[Delivery]]:
    """So many bulk messages to one person, counted and leaving; one more may follow them."""
    channel = builders.channel(kind="counted")
    opened(channel, messages_left=count + 1, token="t1", token_at=timezone.now())
    bulk(channel, [ANN] * count)
    assert len(prepared().ready) == count
    assert window().messages_left == 1
    return channel, list(Delivery.objects.order_by("id"))


def back_to_the_queue() -> None:
    """The provider was busy: it did not take them."""
    Delivery.objects.update(state=State.QUEUED, due_at=timezone.now() - HOUR, lease_until=None)


def test_what_fails_for_good_is_given_back_once() -> None:
    _, [row] = taken()
    refuse(Rejected("no"))
    found = window()
    assert (found.messages_left, found.taken_by) == (2, [])
    row.refresh_from_db()
    retry_delivery(delivery=row)
    assert len(prepared().ready) == 1
    assert window().messages_left == 1
    refuse(Rejected("no"))
    assert window().messages_left == 2


@pytest.mark.parametrize("how", ["cancelled", "batch", "expired", "opted out"])
def test_what_never_leaves_is_given_back_with_its_token(how: str) -> None:
    channel, [row] = taken()
    assert window().token_for == row.pk
    back_to_the_queue()
    if how == "cancelled":
        cancel_delivery(delivery=row)
        refuse(Rejected("no"))
    elif how == "batch":
        set_batch_state(batch=Batch.objects.get(), state=BatchState.CANCELLED)
    elif how == "expired":
        Delivery.objects.update(expires_at=timezone.now() - HOUR)
        prepared()
    else:
        suppress(
            workspace_id=channel.workspace_id,
            medium="talk",
            address=ANN,
            reason=Suppression.Reason.OPTED_OUT,
            source="agent",
        )
        prepared()
    row.refresh_from_db()
    assert row.state in {State.CANCELLED, State.EXPIRED, State.FAILED}
    found = window()
    assert (found.messages_left, found.taken_by) == (2, [])
    assert found.token_for == (row.pk if how == "opted out" else None)


def test_what_the_provider_took_counts_whatever_became_of_it() -> None:
    _, rows = taken(2)
    first = rows[0]
    settle([Outcome(Row.of_delivery(first), external_id=uuid.uuid4().hex)])
    Delivery.objects.filter(pk=first.pk).update(state=State.FAILED)
    refuse(Rejected("no"))
    found = window()
    assert (found.messages_left, found.taken_by) == (2, [first.pk])


def test_a_window_that_was_opened_anew_since_gets_nothing() -> None:
    channel, _ = taken()
    later = timezone.now() + timedelta(seconds=1)
    event = InboundMessage("m2", ANN, "+1", "Hi", occurred_at=later)
    open_windows([heard(channel, event, Counted, received=later)])
    assert window().messages_left == 5
    refuse(Rejected("no"))
    assert window().messages_left == 5
