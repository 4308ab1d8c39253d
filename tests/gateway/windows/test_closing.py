"""A window that the provider itself says is closed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from gateway.errors import Rejected, SendError, WindowClosed
from gateway.events import About, InboundMessage
from gateway.exchange import Exchange
from gateway.models import Channel, Delivery, ReplyWindow
from gateway.outbox.row import Row
from gateway.outbox.settle import Outcome, settle
from gateway.states import State
from gateway.windows.looking import standing
from gateway.windows.opening import open_windows
from tests import builders
from tests.gateway import twilio
from tests.gateway.sink import answer
from tests.gateway.test_door import drain_all
from tests.gateway.test_outbox import run
from tests.gateway.windows.talk import CLOSED, TalkSink
from tests.gateway.windows.test_opening import heard
from tests.gateway.windows.test_taking import (
    ANN,
    HOUR,
    TEMPLATE,
    opened,
    prepared,
    queued,
)

pytestmark = pytest.mark.django_db(transaction=True)
# Twilio's word for it, in a report.
TOO_LATE = "63016"
ASKED = Exchange("POST", "https://provider.example/", 400, "", "", 5, timezone.now())


def refuse(error: SendError, exchanges: Sequence[Exchange] = (ASKED,)) -> None:
    """What is being sent has failed so."""
    rows = Delivery.objects.filter(state=State.SENDING).order_by("id")
    settle([Outcome(Row.of_delivery(r), error=error, exchanges=list(exchanges)) for r in rows])


def window() -> ReplyWindow:
    return ReplyWindow.objects.get()


def wrote(channel: Channel, at: datetime) -> None:
    """The customer writes (or what they wrote is told again)."""
    event = InboundMessage("m1", ANN, "+1", "Hi", occurred_at=at)
    open_windows([heard(channel, event, received=at)])


def test_the_provider_closes_a_window_and_the_next_asks_nobody(
    sink: TalkSink,
) -> None:
    channel = builders.channel(kind="talk")
    opened(channel, heard_at=timezone.now() - HOUR)
    sink.answers = [answer(CLOSED)]
    first, second = queued(channel), queued(channel)
    run(2)
    for row in (first, second):
        row.refresh_from_db()
        assert (row.state, row.error_class) == (State.FAILED, "WindowClosed")
    assert len(sink.received) == 1
    now = standing(channel, ANN, person=True)
    assert now is not None
    assert not now.open


def test_a_report_that_comes_later_closes_it_too(sink: TalkSink) -> None:
    channel = builders.channel(kind="talk")
    opened(channel, heard_at=timezone.now() - HOUR)
    queued(channel)
    run(1)
    sent = Delivery.objects.get()
    assert standing(channel, ANN).open  # type: ignore[union-attr]
    fields = twilio.status_fields(sent.external_id or "", "undelivered", ErrorCode=TOO_LATE)
    twilio.post(channel, fields)
    drain_all()
    sent.refresh_from_db()
    assert (sent.state, sent.error_class) == (State.FAILED, "WindowClosed")
    assert not standing(channel, ANN).open  # type: ignore[union-attr]


def test_who_has_written_since_the_attempt_has_opened_it_anew() -> None:
    channel = builders.channel(kind="talk")
    opened(channel, heard_at=timezone.now() - HOUR)
    queued(channel)
    prepared()
    wrote(channel, timezone.now())
    refuse(WindowClosed("over"))
    assert standing(channel, ANN).open  # type: ignore[union-attr]


def test_a_repeat_of_what_they_wrote_before_opens_nothing() -> None:
    channel = builders.channel(kind="talk")
    before = timezone.now() - HOUR
    wrote(channel, before)
    queued(channel)
    prepared()
    refuse(WindowClosed("over"))
    wrote(channel, before)
    assert not standing(channel, ANN).open  # type: ignore[union-attr]
    wrote(channel, timezone.now())
    assert standing(channel, ANN).open  # type: ignore[union-attr]


def test_a_persons_longer_time_is_closed_only_where_it_was_relied_on() -> None:
    channel = builders.channel(kind="talk")
    day, week = timezone.now() + HOUR, timezone.now() + timedelta(days=7)
    opened(channel, until=day, human_until=week, heard_at=timezone.now() - HOUR)
    queued(channel, About(person=True))
    prepared()
    refuse(WindowClosed("over"))
    assert (window().until < day, window().human_until) == (True, week)  # type: ignore[operator]
    queued(channel, About(person=True))
    prepared()
    refuse(WindowClosed("over"))
    assert window().human_until < week  # type: ignore[operator]


@pytest.mark.parametrize("how", ["ours", "template", "public", "another error"])
def test_nothing_else_closes_it(how: str) -> None:
    channel = builders.channel(kind="talk")
    until = opened(channel, heard_at=timezone.now() - HOUR).until
    if how == "template":
        queued(channel, **TEMPLATE)
    else:
        queued(channel, About(public=how == "public"))
    prepared()
    error = Rejected("no") if how == "another error" else WindowClosed("over")
    refuse(error, [] if how == "ours" else [ASKED])
    assert window().until == until
