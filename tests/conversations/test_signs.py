"""Signs of life: customers who write are seen by their agents, and see what agents do."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.models import Contact
from conversations import realtime, signs
from conversations.models import Conversation, Message, Status
from conversations.signs import receive_typing, tell_typing
from gateway.drain import drain_batch
from gateway.events import Received, Typing
from gateway.models import Channel, InboundRequest
from gateway.signalling import sending
from tests import builders as make
from tests.gateway.google import agent
from tests.payloads.google_rcs.exhibit import CUSTOMER, payload, sign

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, dict[str, Any]]]:
    """What browsers are told."""
    found: list[tuple[int, dict[str, Any]]] = []
    monkeypatch.setattr(realtime, "publish_many", found.extend)
    return found


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[sending.Wanted]:
    """What is to be shown to customers."""
    cache.clear()
    found: list[sending.Wanted] = []
    monkeypatch.setattr(sending, "_queue", found.append)
    return found


def typing(channel: Channel, address: str, age: float = 0) -> Received:
    """The customer is writing, ``age`` seconds ago."""
    return Received(
        workspace_id=channel.workspace_id,
        channel_id=channel.pk,
        address_kind="phone",
        medium="rcs",
        received_at=timezone.now() - timedelta(seconds=age),
        request_id="r",
        event=Typing(address),
    )


# --- The customer is writing ----------------------------------------------------------------------


def test_agents_are_told_in_one_statement(told: list[Any]) -> None:
    channel, other = agent(), agent()
    rows = [make.conversation(channel) for _ in range(5)] + [make.conversation(other)]
    batch = [typing(row.channel, row.address.value) for row in rows]
    before = list(Conversation.objects.order_by("id").values())
    with CaptureQueriesContext(connection) as asked:
        receive_typing([*batch, *batch])
    assert len(asked) == 1
    assert {(workspace, event["conversation"]) for workspace, event in told} == {
        (row.workspace_id, row.pk) for row in rows
    }
    assert {event["kind"] for _workspace, event in told} == {"customer.typing"}
    assert len(told) == len(rows)
    assert list(Conversation.objects.order_by("id").values()) == before


def test_nobody_is_told_of_strangers_other_channels_and_other_workspaces(told: list[Any]) -> None:
    channel = agent()
    row = make.conversation(channel)
    theirs = make.conversation(agent())
    receive_typing(
        [
            typing(channel, "+14155559999"),
            typing(agent(channel.workspace), row.address.value),
            typing(channel, theirs.address.value),
            typing(theirs.channel, row.address.value),
        ]
    )
    assert told == []
    assert Contact.objects.count() == 2


def test_what_is_old_says_nothing_and_costs_nothing(told: list[Any]) -> None:
    row = make.conversation(agent())
    with CaptureQueriesContext(connection) as asked:
        receive_typing([typing(row.channel, row.address.value, age=11)])
    assert (len(asked), told) == (0, [])


def test_the_open_conversation_counts_and_the_newest_of_closed_ones(told: list[Any]) -> None:
    channel = agent()
    person = make.contact(channel.workspace)
    closed = [make.conversation(channel, person, status=Status.RESOLVED) for _ in range(2)]
    where = closed[0].address.value
    receive_typing([typing(channel, where)])
    assert told.pop()[1]["conversation"] == closed[1].pk
    Conversation.objects.filter(pk=closed[0].pk).update(status=Status.OPEN)
    receive_typing([typing(channel, where)])
    assert told.pop()[1]["conversation"] == closed[0].pk


def test_it_is_seen_where_answers_go_to_that_channel(told: list[Any]) -> None:
    home = agent()
    second = agent(home.workspace)
    row = make.conversation(home, answers_on=second)
    make.conversation(second, row.contact)
    receive_typing([typing(second, row.address.value)])
    assert told.pop()[1]["conversation"] == row.pk


def stored(channel: Channel, name: str) -> None:
    """Google's webhook, as the door keeps it."""
    request = sign(payload(name))
    InboundRequest.objects.create(
        workspace=channel.workspace,
        channel=channel,
        shard=1,
        method="POST",
        url=request.url,
        headers=dict(request.headers),
        body=request.body,
        received_at=timezone.now(),
    )


def test_a_drain_tells_it_unless_the_message_has_come(told: list[Any]) -> None:
    channel = agent()
    person = make.contact(channel.workspace)
    make.address(person, CUSTOMER)
    row = make.conversation(channel, person)
    stored(channel, "event_typing")
    stored(channel, "event_typing")
    drain_batch()
    assert told == [(row.workspace_id, {"kind": "customer.typing", "conversation": row.pk})]
    told.clear()
    stored(channel, "event_typing")
    stored(channel, "message_text")
    drain_batch()
    assert [event["kind"] for _workspace, event in told] == ["message.created"]


# --- An agent is writing, or has read -------------------------------------------------------------


def test_the_customer_sees_that_somebody_writes_every_eight_seconds(
    shown: list[sending.Wanted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signs, "TYPING_EVERY", 1)
    row = make.conversation(agent())
    for _ in range(5):
        tell_typing(workspace_id=row.workspace_id, conversation_id=row.pk)
    [first] = shown
    assert (first.signal, first.address) == ("typing", row.address.value)
    assert first.channel_id == str(row.channel_id)
    cache.clear()
    tell_typing(workspace_id=row.workspace_id, conversation_id=row.pk)
    assert len(shown) == 2
    assert shown[0].uid != shown[1].uid


def test_another_workspaces_customer_sees_nothing(shown: list[sending.Wanted]) -> None:
    row = make.conversation(agent())
    tell_typing(workspace_id=make.workspace().pk, conversation_id=row.pk)
    assert shown == []
    tell_typing(workspace_id=row.workspace_id, conversation_id=row.pk)
    assert len(shown) == 1


def test_it_goes_where_the_answer_will_go(shown: list[sending.Wanted]) -> None:
    home = agent()
    row = make.conversation(home, answers_on=make.channel(home.workspace))
    tell_typing(workspace_id=row.workspace_id, conversation_id=row.pk)
    assert shown == []


@pytest.fixture
def member() -> Any:
    """An agent of a workspace with an RCS channel."""
    return make.member()


def client_of(member: Any) -> Client:
    """The member's browser."""
    client = Client()
    client.force_login(member.user)
    return client


def written(row: Conversation, **fields: Any) -> Message:
    """A customer's message, known to the provider."""
    return make.message(row, external_id=f"Mx{uuid.uuid4().hex}", **fields)


def test_opening_shows_the_newest_message_as_read_once(
    member: Any, shown: list[sending.Wanted]
) -> None:
    row = make.conversation(agent(member.workspace))
    written(row)
    newest = written(row)
    make.message(row, "Ours", direction="outbound")
    colleague = make.member(member.workspace)
    for who in (member, colleague, member):
        assert client_of(who).post(f"/conversations/{row.pk}/read/").status_code == 200
    [read] = shown
    assert (read.signal, read.about, read.address) == (
        "read",
        newest.external_id,
        row.address.value,
    )
    later = written(row)
    client_of(colleague).post(f"/conversations/{row.pk}/read/")
    assert shown[-1].about == later.external_id


def test_where_it_takes_a_token_that_is_what_was_read(
    member: Any, shown: list[sending.Wanted]
) -> None:
    secret = "0123456789abcdef0123456789abcdef"
    config = {"basic_id": "@123abcde", "channel_secret": secret, "access_token": "token"}
    row = make.conversation(make.channel(member.workspace, kind="line", config=config))
    written(row)
    assert client_of(member).post(f"/conversations/{row.pk}/read/").status_code == 200
    assert shown == []  # it came without one
    written(row, data={"read_token": "R4XaSh"})
    assert client_of(member).post(f"/conversations/{row.pk}/read/").status_code == 200
    assert [(one.signal, one.about) for one in shown] == [("read", "R4XaSh")]


def test_who_may_not_see_it_reads_nothing(member: Any, shown: list[sending.Wanted]) -> None:
    row = make.conversation(agent())
    written(row)
    assert client_of(member).post(f"/conversations/{row.pk}/read/").status_code == 404
    assert shown == []


def test_what_is_long_ago_or_came_another_way_is_left(
    member: Any, shown: list[sending.Wanted]
) -> None:
    channel = agent(member.workspace)
    old = make.conversation(channel, last_inbound_at=timezone.now() - timedelta(days=8))
    written(old)
    elsewhere = make.conversation(channel, answers_on=make.channel(member.workspace))
    written(elsewhere)
    silent = make.conversation(channel, last_inbound_at=None)
    plain = make.conversation(make.channel(member.workspace))
    written(plain)
    off = make.conversation(agent(member.workspace, signals="typing"))
    written(off)
    for row in (old, elsewhere, silent, plain, off):
        assert client_of(member).post(f"/conversations/{row.pk}/read/").status_code == 200
    assert shown == []
