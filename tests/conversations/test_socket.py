"""The agents' WebSocket: who gets in, what they hear, when they are shown the door."""

import asyncio
import json

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.models import Member
from conversations import realtime, socket, socket_lines, socket_pulse, socket_watch
from conversations.realtime import (
    conversation_changed,
    member_group,
    message_created,
    publish,
    publish_many,
)
from conversations.socket import websocket_application
from routing.models import Agent
from tests import builders as make
from tests.conversations.tab import Tab
from tests.faults.servers import OwnRedis

pytestmark = pytest.mark.django_db(transaction=True)


def session_of(member: Member, workspace_id: int | None = None) -> str:
    """The cookie of a log-in."""
    client = Client()
    client.force_login(member.user)
    if workspace_id is not None:
        session = client.session
        session["workspace"] = workspace_id
        session.save()
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def connection(cookie: str = "", origin: str | None = None) -> Tab:
    """A browser's handshake."""
    headers = [(b"host", b"127.0.0.1:8001")]
    origin = settings.PUBLIC_URL if origin is None else origin
    if origin:
        headers.append((b"origin", origin.encode()))
    if cookie:
        headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()))
    return Tab(websocket_application, "/ws/", headers)


async def enter(member: Member, **options) -> Tab:
    """A connected tab of the member."""
    cookie = await database_sync_to_async(session_of)(member, **options)
    tab = connection(cookie)
    assert await tab.connect()
    await asyncio.sleep(0.3)
    return tab


async def leave(*tabs: Tab) -> None:
    """Close the tabs."""
    for tab in tabs:
        await tab.disconnect()


@pytest.fixture(autouse=True)
async def no_connection_left():
    """The thread that speaks to the database for sockets keeps its connection otherwise."""
    yield
    await database_sync_to_async(connections.close_all)()


@pytest.fixture
def ana():
    return make.member()


@pytest.fixture
def ben(ana):
    return make.member(ana.workspace)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1:9",
        "",
        "null",
    ],
)
async def test_another_origin_is_refused(ana, origin):
    cookie = await database_sync_to_async(session_of)(ana)
    assert not await connection(cookie, origin).connect()


@pytest.mark.parametrize("cookie", ["", "made-up"])
async def test_without_a_session_it_closes_with_4401(cookie):
    tab = connection(cookie)
    await tab.connect()
    assert await tab.closed_with() == 4401


async def test_without_a_place_it_closes_with_4403(ana):
    cookie = await database_sync_to_async(session_of)(ana)
    await Member.objects.filter(pk=ana.pk).aupdate(ended_at=timezone.now())
    tab = connection(cookie)
    await tab.connect()
    assert await tab.closed_with() == 4403


async def test_events_reach_the_workspace_and_nobody_else(ana, ben):
    stranger = await database_sync_to_async(make.member)()
    here, there, elsewhere = await enter(ana), await enter(ben), await enter(stranger)
    event = conversation_changed(7, 3)
    await database_sync_to_async(publish)(ana.workspace_id, event)
    assert await here.hear() == await there.hear() == event
    assert await elsewhere.hears_nothing()
    await leave(here, there, elsewhere)


async def test_what_happened_at_once_comes_at_once_and_in_order(ana, ben):
    stranger = await database_sync_to_async(make.member)()
    here, elsewhere = await enter(ana), await enter(stranger)
    both = (ana.workspace_id, stranger.workspace_id)
    events = [(both[n % 2], conversation_changed(n, 1)) for n in range(60)]
    await database_sync_to_async(publish_many)(events)
    assert [(await here.hear())["conversation"] for _ in range(30)] == list(range(0, 60, 2))
    assert here.frames <= 3  # ready, its own presence, and all of it
    assert [(await elsewhere.hear())["conversation"] for _ in range(30)] == list(range(1, 60, 2))
    await leave(here, elsewhere)


async def test_the_last_to_leave_hangs_up_and_the_next_one_calls_again(ana, ben):
    first, second = await enter(ana), await enter(ben)
    await leave(first)
    await database_sync_to_async(publish)(ana.workspace_id, conversation_changed(1, 1))
    assert (await second.hear())["conversation"] == 1
    await leave(second)
    assert socket_lines.switchboard().lines[ana.workspace_id].task is None
    third = await enter(ana)
    await database_sync_to_async(publish)(ana.workspace_id, conversation_changed(2, 1))
    assert (await third.hear())["conversation"] == 2
    await leave(third)


async def test_a_request_is_followed_from_the_batch_to_the_sockets_in_a_line_each(ana, caplog):
    tabs = [await enter(ana) for _ in range(3)]
    caplog.set_level("INFO")
    events = [
        message_created(n, 1, n, "inbound", contact_id=7, request_id=f"request-{n}")
        for n in range(30)
    ]
    await database_sync_to_async(publish_many)((ana.workspace_id, event) for event in events)
    for tab in tabs:
        assert await tab.hear() == message_created(0, 1, 0, "inbound", contact_id=7)
    lines = [record.msg for record in caplog.records if "request_ids" in record.msg]
    said = sorted(line["event"] for line in lines)
    assert said == ["events handed to sockets", "events published"]
    for line in lines:
        assert line["request_ids"] == [f"request-{n}" for n in range(10)]
        assert line["count"] == 30
    await leave(*tabs)


async def test_no_event_is_missed_once_it_says_ready(ana):
    tab = connection(await database_sync_to_async(session_of)(ana))
    assert await tab.connect()
    await tab.ready()
    await database_sync_to_async(publish)(ana.workspace_id, conversation_changed(7, 3))
    assert (await tab.hear())["conversation"] == 7
    await leave(tab)


async def test_the_chosen_workspace_counts(ana):
    other = await database_sync_to_async(make.member)(user=ana.user)
    tab = await enter(ana, workspace_id=other.workspace_id)
    await database_sync_to_async(publish)(ana.workspace_id, conversation_changed(1, 1))
    await database_sync_to_async(publish)(other.workspace_id, conversation_changed(2, 1))
    assert (await tab.hear())["conversation"] == 2
    await leave(tab)


async def test_a_workspace_one_does_not_belong_to_cannot_be_chosen(ana):
    foreign = await database_sync_to_async(make.workspace)()
    tab = await enter(ana, workspace_id=foreign.pk)
    await database_sync_to_async(publish)(foreign.pk, conversation_changed(1, 1))
    assert await tab.hears_nothing()
    await leave(tab)


@pytest.mark.parametrize("kind", ["typing", "viewing"])
async def test_signals_carry_the_sender_and_are_throttled(ana, ben, kind):
    here, there = await enter(ana), await enter(ben)
    message = {"type": kind, "conversation": 5, "member": 999, "name": "Somebody else"}
    for _ in range(5):
        await here.say(json.dumps(message))
    event = await there.hear()
    assert (event["kind"], event["conversation"], event["member"]) == (kind, 5, ana.pk)
    assert event["name"] == ana.name
    assert await there.hears_nothing()
    await leave(here, there)


async def test_the_customer_sees_who_writes_an_answer_but_no_note(ana, ben, monkeypatch):
    shown = []
    monkeypatch.setattr(socket, "tell_typing", lambda **named: shown.append(named))
    monkeypatch.setattr(socket, "SIGNAL_PACE", 0.0)
    here, there = await enter(ana), await enter(ben)
    for about in ({}, {"reply": False}, {"reply": "yes"}, {"reply": 1}, {"reply": True}):
        await here.say(json.dumps({"type": "typing", "conversation": 5} | about))
        assert (await there.hear())["kind"] == "typing"
    await here.say(json.dumps({"type": "viewing", "conversation": 5, "reply": True}))
    assert (await there.hear())["kind"] == "viewing"
    assert shown == [{"workspace_id": ana.workspace_id, "conversation_id": 5}]
    await leave(here, there)


async def test_a_signal_that_cannot_be_shown_closes_no_socket(ana, monkeypatch):
    def fail(**named):
        raise OSError("away")

    monkeypatch.setattr(socket, "tell_typing", fail)
    tab = await enter(ana)
    await tab.say('{"type": "typing", "conversation": 5, "reply": true}')
    assert (await tab.hear())["kind"] == "typing"
    await database_sync_to_async(publish)(ana.workspace_id, conversation_changed(1, 1))
    assert (await tab.hear())["conversation"] == 1
    await leave(tab)


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        "null",
        '{"type": "event", "kind": "access.revoked"}',
        '{"type": "typing", "conversation": "5"}',
        '{"type": "typing", "conversation": true}',
        '{"type": "typing", "conversation": 5, "x": "' + "x" * 5000 + '"}',
    ],
)
async def test_nonsense_is_ignored(ana, ben, text):
    here, there = await enter(ana), await enter(ben)
    await here.say(text)
    assert await there.hears_nothing()
    await here.say('{"type": "typing", "conversation": 5}')
    assert (await there.hear())["kind"] == "typing"
    await leave(here, there)


async def end_membership(member: Member) -> None:
    await Member.objects.filter(pk=member.pk).aupdate(ended_at=timezone.now())


async def change_password(member: Member) -> None:
    member.user.set_password("another horse battery")
    await member.user.asave()


async def log_out(member: Member) -> None:
    await Session.objects.all().adelete()


async def deactivate(member: Member) -> None:
    member.user.is_active = False
    await member.user.asave()


@pytest.mark.parametrize(
    ("end", "code"),
    [(end_membership, 4403), (change_password, 4401), (log_out, 4401), (deactivate, 4403)],
)
async def test_it_closes_when_access_ends(ana, end, code, monkeypatch):
    monkeypatch.setattr(socket_watch, "EVERY", 0.2)
    tab = await enter(ana)
    await end(ana)
    assert await tab.closed_with() == code


async def test_a_revocation_is_looked_at_once(ana):
    tab = await enter(ana)
    await end_membership(ana)
    await get_channel_layer().group_send(member_group(ana.pk), {"type": "access.revoked"})
    assert await tab.closed_with() == 4403


async def test_a_rumour_of_revocation_changes_nothing(ana):
    tab = await enter(ana)
    await get_channel_layer().group_send(member_group(ana.pk), {"type": "access.revoked"})
    assert await tab.hears_nothing()
    await leave(tab)


async def test_the_check_of_many_sockets_is_two_statements(ana, ben, django_assert_num_queries):
    watched = [
        socket_watch.Watched(member.pk, "none", "none", lambda code: asyncio.sleep(0))
        for member in (ana, ben) * 20
    ]

    def check():
        with django_assert_num_queries(2):
            return socket_watch._ended.func(watched)

    assert len(await database_sync_to_async(check)()) == 40


async def test_presence_is_told(ana):
    tab = await enter(ana)
    agent = await Agent.objects.aget(member=ana)
    assert agent.status == "online"
    first = agent.seen_at
    await tab.say('{"type": "heartbeat"}')
    await asyncio.sleep(0.5)
    await agent.arefresh_from_db()
    assert first is not None
    assert agent.seen_at is not None
    assert agent.seen_at > first
    await leave(tab)


async def test_a_tab_that_cannot_follow_is_told_to_fetch_everything(ana, monkeypatch):
    monkeypatch.setattr(socket_lines, "MOST_WAITING", 3)
    blocked = asyncio.Event()
    send = socket.InboxSocket.send

    async def slow(self, *args, **kwargs):
        await blocked.wait()
        await send(self, *args, **kwargs)

    monkeypatch.setattr(socket.InboxSocket, "send", slow)
    tab = await enter(ana)
    for n in range(20):
        await database_sync_to_async(publish)(ana.workspace_id, conversation_changed(n, 1))
    await asyncio.sleep(0.5)
    blocked.set()
    kinds = [(await tab.hear())["kind"] for _ in range(2)]
    assert "resync" in kinds
    await leave(tab)


async def test_the_layer_may_live_in_memory(ana, settings):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    tab = await enter(ana)
    await database_sync_to_async(publish)(ana.workspace_id, conversation_changed(7, 3))
    assert await tab.hear() == conversation_changed(7, 3)
    await leave(tab)


async def test_after_redis_was_away_every_tab_is_told_to_fetch_everything(
    ana, ben, settings, tmp_path
):
    with OwnRedis(tmp_path) as redis:
        layer = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer"}
        settings.CHANNEL_LAYERS = {"default": {**layer, "CONFIG": {"hosts": [redis.url]}}}
        tabs = [await enter(ana), await enter(ben)]
        redis.stop()
        await asyncio.sleep(1)
        redis.start()
        for tab in tabs:
            assert await tab.hear() == {"kind": "resync"}
        realtime._pause.until = 0.0
        await database_sync_to_async(publish)(ana.workspace_id, conversation_changed(7, 3))
        for tab in tabs:
            event = await tab.hear()
            while event == {"kind": "resync"}:
                event = await tab.hear()
            assert event == conversation_changed(7, 3)
        await leave(*tabs)


async def test_many_who_come_at_once_hear_one_pulse_and_nothing_of_it(ana, monkeypatch):
    monkeypatch.setattr(socket_pulse, "EVERY", 0.02)
    cookie = await database_sync_to_async(session_of)(ana)
    tabs = [connection(cookie) for _ in range(8)]
    await asyncio.gather(*(tab.connect() for tab in tabs))
    assert await asyncio.gather(*(tab.hears_nothing() for tab in tabs)) == [True] * 8
    await leave(*tabs)
    assert socket_lines.switchboard().pulse.task is None
