"""Signals to customers: shown when they still make sense, tried again or not, never in the way."""

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from celery import current_app
from django.core.cache import cache

from gateway.contract import Signal
from gateway.models import Channel, ChannelLog, Reachability
from gateway.signalling import sending
from gateway.signalling.sending import Wanted, send, show_read, show_typing, signals_of
from gateway.tasks import send_signal
from tests import builders
from tests.gateway.google import Google, agent

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "+14155550114"


@pytest.fixture
def google(settings: Any) -> Iterator[Google]:
    """Google on loopback; nothing is remembered of other tests."""
    sending._tokens.cache_clear()
    with Google() as google:
        settings.SIMULATOR_URL = google.url
        yield google


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Wanted, dict[str, Any]]]:
    """What is handed to Celery."""
    found: list[tuple[Wanted, dict[str, Any]]] = []

    def keep(name: str, *, kwargs: dict[str, Any], **options: Any) -> None:
        assert name == "gateway.tasks.send_signal"
        found.append((Wanted(**kwargs), options))

    monkeypatch.setattr(current_app, "send_task", keep)
    return found


def wanted(channel: Channel, signal: Signal = Signal.TYPING, **fields: Any) -> Wanted:
    """A signal to the customer."""
    about = "Mx1" if signal is Signal.READ else ""
    return Wanted(str(channel.pk), str(signal), PHONE, str(uuid.uuid4()), about, **fields)


def answer(status: int, word: str, **headers: str) -> Any:
    """Google's error."""

    async def give(_request: web.Request) -> web.StreamResponse:
        error = {"error": {"code": status, "status": word, "message": "Said."}}
        return web.json_response(error, status=status, headers=headers)

    return give


async def hang(_request: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.sleep(60)
    return web.Response()


def test_a_task_shows_it_and_one_token_does_for_all(google: Google) -> None:
    channel = agent()
    typing, read = wanted(channel), wanted(channel, Signal.READ)
    for one in (typing, read):
        send_signal(
            channel_id=one.channel_id,
            signal=one.signal,
            address=one.address,
            uid=one.uid,
            about=one.about,
        )
    assert google.events == [
        {"eventType": "IS_TYPING", "to": PHONE, "uid": typing.uid},
        {"eventType": "READ", "messageId": "Mx1", "to": PHONE, "uid": read.uid},
    ]
    assert google.tokens == 1
    # What went well is not worth a line: a busy composer would fill the log.
    assert not ChannelLog.objects.exists()


@pytest.mark.parametrize("signal", list(Signal))
def test_what_is_switched_off_is_not_shown(
    google: Google, queued: list[Any], signal: Signal
) -> None:
    other = Signal.READ if signal is Signal.TYPING else Signal.TYPING
    for channel in (
        agent(signals="none"),
        agent(signals=str(other)),
        agent(enabled=False),
        builders.channel(),
    ):
        show_typing(channel, PHONE) if signal is Signal.TYPING else show_read(channel, PHONE, "Mx1")
        send(wanted(channel, signal))
    assert (google.events, queued) == ([], [])


def test_a_setting_counts_at_once(google: Google) -> None:
    from gateway.channels import update_channel

    channel = agent()
    assert signals_of(channel) == frozenset(Signal)
    changed = update_channel(channel=channel, member=None, config={"signals": "read"})
    assert signals_of(changed) == {Signal.READ}
    send(wanted(channel))
    assert google.events == []


def test_a_phone_that_has_no_rcs_is_not_bothered(google: Google) -> None:
    from django.utils import timezone

    channel = agent()
    Reachability.objects.create(
        workspace=channel.workspace,
        channel=channel,
        address=PHONE,
        reach="no",
        checked_at=timezone.now(),
    )
    send(wanted(channel))
    assert google.events == []


def test_typing_is_thrown_away_soon_and_read_is_told_once(queued: list[Any]) -> None:
    channel = agent()
    show_typing(channel, PHONE)
    for _ in range(3):
        show_read(channel, PHONE, "Mx1")
    show_read(channel, PHONE, "Mx2")
    [(typing, first), (read, second), (other, _options)] = queued
    assert (typing.signal, typing.about, first["expires"]) == ("typing", "", 10)
    assert (read.signal, read.about, second["expires"]) == ("read", "Mx1", 600)
    assert other.about == "Mx2"
    cache.clear()
    show_read(channel, PHONE, "Mx1")
    assert queued[-1][0].uid == read.uid  # so the provider knows that it was shown


@pytest.mark.parametrize(
    ("status", "word", "name"),
    [
        (404, "NOT_FOUND", "NotCapable"),
        (403, "PERMISSION_DENIED", "BadCredentials"),
        (500, "INTERNAL", "Unreachable"),
        (429, "RESOURCE_EXHAUSTED", "Throttled"),
    ],
)
def test_a_failure_is_one_line_and_nothing_more(
    google: Google, queued: list[Any], status: int, word: str, name: str
) -> None:
    channel = agent()
    google.answers = [answer(status, word)] * 3
    for _ in range(3):
        send(wanted(channel))
    [line] = ChannelLog.objects.all()
    assert (line.kind, line.ok, line.status, line.error_class) == ("signal", False, status, name)
    assert line.error == "Said."
    assert len(google.events) == 1
    assert queued == []
    channel.refresh_from_db()
    assert channel.paused_at is None


def test_who_cannot_be_shown_anything_does_not_keep_it_from_others(google: Google) -> None:
    channel = agent()
    google.answers = [answer(404, "NOT_FOUND")]
    send(wanted(channel))
    send(Wanted(str(channel.pk), "typing", "+14155550115", str(uuid.uuid4())))
    assert [one["to"] for one in google.events] == [PHONE, "+14155550115"]


def test_read_is_tried_again_twice(google: Google, queued: list[Any]) -> None:
    channel = agent()
    google.answers = [answer(503, "UNAVAILABLE")]
    send(wanted(channel, Signal.READ))
    [(second, options)] = queued
    assert (second.tries, options["countdown"], options["expires"]) == (2, 5, 605)
    send(second)  # the channel rests: not even asked
    [_, (third, options)] = queued
    assert (third.tries, options["countdown"]) == (3, 30)
    send(third)
    assert len(queued) == 2
    assert len(google.events) == 1


def test_read_of_what_is_unknown_there_is_not_tried_again(
    google: Google, queued: list[Any]
) -> None:
    google.answers = [answer(400, "INVALID_ARGUMENT")]
    send(wanted(agent(), Signal.READ))
    assert queued == []


def test_a_provider_that_hangs_is_waited_for_once(
    google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sending.PATIENCE, Signal.TYPING, 0.3)
    channel = agent()
    google.answers = [hang, hang]
    for _ in range(2):
        send(wanted(channel))
    assert len(google.events) == 1
    [line] = ChannelLog.objects.all()
    assert (line.status, line.error) == (None, "No answer: TimeoutError")


def test_a_channel_that_is_gone_is_no_trouble(google: Google) -> None:
    channel = agent()
    lost = wanted(channel)
    channel.delete()
    send(lost)
    assert google.events == []


def test_nobody_waits_for_a_redis_that_is_away(
    queued: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import redis

    away = redis.Redis(port=1, socket_connect_timeout=0.5)
    monkeypatch.setattr(sending, "client", lambda: away)
    show_typing(agent(), PHONE)
    assert queued == []
