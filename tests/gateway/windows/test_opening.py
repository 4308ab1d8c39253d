"""What opens a reply window, for how long, and what a repeat or a latecomer changes: nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.events import InboundMessage, Received, Window, WindowOpened
from gateway.inbound import StoredRequest
from gateway.models import Channel, ReplyWindow
from gateway.sorting import Parsed, sort_events
from gateway.windows.opening import open_windows
from tests import builders
from tests.gateway.windows.talk import Counted, Talk, Tokens

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ANN, BEN = "+14155550101", "+14155550102"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def channel() -> Channel:
    return builders.channel(kind="talk")


def heard(
    channel: Channel,
    event: InboundMessage | WindowOpened,
    kind: type[Talk] = Talk,
    received: datetime = NOW,
) -> Received:
    row = StoredRequest(
        *(1, channel.workspace_id, channel.pk, "POST", "", "{}", memoryview(b""), ""),
        *(received, channel.updated_at),
    )
    sorted_ = sort_events([Parsed(row, kind({}), [event])])
    return (sorted_.messages or sorted_.told[WindowOpened])[0]


def wrote(sender: str = ANN, at: datetime | None = NOW, **fields: Any) -> InboundMessage:
    return InboundMessage("SM1", sender, "+1", "Hi", occurred_at=at, **fields)


def row(sender: str = ANN) -> ReplyWindow:
    return ReplyWindow.objects.get(address=sender)


def test_a_message_opens_for_as_long_as_the_channel_says(channel: Channel) -> None:
    open_windows([heard(channel, wrote(at=NOW - HOUR))])
    found = row()
    assert (found.workspace, found.channel) == (channel.workspace, channel)
    assert (found.until, found.human_until) == (NOW - HOUR + DAY, NOW - HOUR + 7 * DAY)
    assert (found.messages_left, found.token, found.heard_at) == (None, "", NOW - HOUR)


@pytest.mark.parametrize("at", [None, NOW + 5 * HOUR])
def test_a_clock_that_is_ahead_or_silent_opens_from_when_it_came(
    channel: Channel, at: datetime | None
) -> None:
    open_windows([heard(channel, wrote(at=at))])
    assert row().until == NOW + DAY


def test_what_is_said_with_the_message_counts_instead(channel: Channel) -> None:
    open_windows([heard(channel, wrote(window=Window(3 * 86_400)))])
    assert row().until == NOW + 3 * DAY
    open_windows([heard(channel, wrote(at=NOW + HOUR), received=NOW + HOUR)])
    assert row().until == NOW + 3 * DAY


def test_no_window_no_row_and_no_statement(channel: Channel) -> None:
    batch = [
        heard(channel, wrote(), Tokens),
        heard(channel, wrote(public=True)),
        heard(channel, wrote(automatic=True)),
    ]
    with CaptureQueriesContext(connection) as seen:
        open_windows(batch)
    assert len(seen) == 0
    assert not ReplyWindow.objects.exists()


def test_a_public_message_opens_only_what_it_says(channel: Channel) -> None:
    open_windows([heard(channel, wrote(public=True, window=Window(60, messages=1)))])
    found = row()
    assert (found.until, found.human_until, found.messages_left) == (NOW + MINUTE, None, 1)


@pytest.mark.parametrize("count", [1, 100, 500])
def test_one_statement_however_many(channel: Channel, count: int) -> None:
    batch = [heard(channel, wrote(f"+1415555{n:04d}")) for n in range(count)]
    for _ in range(2):
        with CaptureQueriesContext(connection) as seen:
            open_windows(batch)
        assert len(seen) == 1
    assert ReplyWindow.objects.count() == count


def test_a_short_window_does_not_shorten_a_long_one(channel: Channel) -> None:
    open_windows([heard(channel, wrote(), Counted)])
    ReplyWindow.objects.update(messages_left=2)
    click = WindowOpened(ANN, Window(60, messages=3), NOW + HOUR)
    open_windows([heard(channel, click, Counted, NOW + HOUR)])
    assert (row().until, row().messages_left) == (NOW + 2 * DAY, 2)


def test_a_short_window_opens_what_is_used_up_and_only_once(channel: Channel) -> None:
    open_windows([heard(channel, wrote(), Counted)])
    ReplyWindow.objects.update(messages_left=0, taken_by=[7])
    click = heard(
        channel, WindowOpened(ANN, Window(60, messages=3), NOW + HOUR), received=NOW + DAY
    )
    open_windows([click])
    assert (row().until, row().messages_left, row().taken_by) == (NOW + HOUR + MINUTE, 3, [])
    ReplyWindow.objects.update(messages_left=0)
    open_windows([click])
    assert row().messages_left == 0
    open_windows([heard(channel, wrote(at=NOW + 2 * HOUR), Counted, NOW + DAY)])
    assert (row().until, row().messages_left) == (NOW + 2 * HOUR + 2 * DAY, 5)


def test_both_in_one_batch(channel: Channel) -> None:
    click = WindowOpened(ANN, Window(60, messages=3), NOW)
    message = wrote(at=NOW - MINUTE)
    pairs: list[list[InboundMessage | WindowOpened]] = [[message, click], [click, message]]
    for pair in pairs:
        ReplyWindow.objects.all().delete()
        open_windows([heard(channel, one, Counted) for one in pair])
        assert (row().until, row().messages_left) == (NOW - MINUTE + 2 * DAY, 5)


def test_a_repeat_or_a_latecomer_gives_nothing_back(channel: Channel) -> None:
    first = heard(channel, wrote(reply_token="t1"), Counted)
    open_windows([first])
    ReplyWindow.objects.update(messages_left=1, taken_by=[7], token_for=7)
    open_windows([first])
    late = wrote(at=NOW - HOUR, reply_token="t0")
    open_windows([heard(channel, late, Counted)])
    found = row()
    assert (found.messages_left, found.taken_by) == (1, [7])
    assert (found.token, found.token_at, found.token_for) == ("t1", NOW, 7)


def test_a_newer_token_takes_the_place_of_an_older_one(channel: Channel) -> None:
    later = NOW + HOUR
    open_windows([heard(channel, wrote(reply_token="t1"), Tokens)])
    ReplyWindow.objects.update(token_for=7)
    open_windows(
        [
            heard(channel, wrote(at=later, reply_token="t3"), Tokens, later),
            heard(channel, wrote(at=later - MINUTE, reply_token="t2"), Tokens, later),
            heard(channel, wrote(at=later), Tokens, later),
        ]
    )
    found = row()
    assert (found.token, found.token_at, found.token_for) == ("t3", later, None)
    assert (found.until, found.messages_left) == (None, None)


def test_people_and_channels_are_apart(channel: Channel) -> None:
    other = builders.channel(kind="talk")
    open_windows([heard(channel, wrote()), heard(channel, wrote(BEN)), heard(other, wrote())])
    rows = ReplyWindow.objects.values_list("workspace", "channel", "address")
    assert set(rows) == {
        (channel.workspace_id, channel.pk, ANN),
        (channel.workspace_id, channel.pk, BEN),
        (other.workspace_id, other.pk, ANN),
    }
