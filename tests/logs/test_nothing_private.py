"""Neither what people write nor a secret is ever in a log, not even where errors quote them."""

import asyncio
import io
import logging
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
import structlog
from aiohttp import ClientResponseError, InvalidURL, RequestInfo
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from conversations.models import Conversation, Direction, Message
from gateway.drain import _apply
from gateway.models import InboundRequest
from gateway.outbox.queue import queue_delivery
from gateway.outbox.runner import Runner
from tests import builders
from tests.gateway import twilio
from tests.gateway.sink import Sink, answer, hang_up
from tests.gateway.test_door import drain_all

BODY = "My-card-is-4111-1111"
REPLY = "Your-code-is-271828"
PRIVATE = (BODY, REPLY, builders.TOKEN, "4111-1111", "271828")


def nothing_private(log: io.StringIO) -> str:
    text = log.getvalue()
    for word in PRIVATE:
        assert word not in text
    return text


@pytest.fixture
def sink(settings: object) -> Iterator[Sink]:
    with Sink() as made:
        settings.SIMULATOR_URL = made.url  # type: ignore[attr-defined]
        yield made


def send(channel: Any) -> None:
    queue_delivery(
        channel=channel,
        address="+14155550100",
        text=REPLY,
        message_uid=Message.objects.create(
            workspace=channel.workspace,
            conversation=Conversation.objects.get(),
            channel=channel,
            direction=Direction.OUTBOUND,
            text=REPLY,
            created_at=timezone.now(),
        ).uid,
    )
    runner = Runner()
    try:
        runner.run(1.0)
    finally:
        runner.close()


@pytest.mark.django_db(transaction=True)
def test_a_message_in_and_one_out(log: io.StringIO, sink: Sink, settings: object) -> None:
    settings.DEBUG = True  # type: ignore[attr-defined]
    connection.force_debug_cursor = True
    channel = builders.channel()
    sink.answers = [answer(400, 21211), hang_up, answer(401, 20003)]
    try:
        twilio.post(channel, twilio.inbound_fields(channel, "+14155550100", BODY))
        twilio.post(channel, twilio.inbound_fields(channel, "+14155550100", BODY), token="f" * 32)
        drain_all()
        for _ in range(3):
            send(channel)
    finally:
        connection.force_debug_cursor = False

    assert [fields["Body"] for fields in sink.received] == [REPLY] * 3
    text = nothing_private(log)
    assert "webhooks refused" in text
    assert "channel paused" in text


@pytest.mark.django_db(transaction=True)
def test_a_request_that_cannot_be_kept(log: io.StringIO, settings: object) -> None:
    def refuse(batch: object) -> None:
        # The database refuses the row and quotes it, message and all.
        Message.objects.create(
            workspace=cast(Any, None), conversation_id=1, text=BODY, created_at=timezone.now()
        )

    channel = builders.channel()
    twilio.post(channel, twilio.inbound_fields(channel, "+14155550100", BODY))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{_apply.__module__}.hand_over", lambda name, batch: refuse(batch))
        drain_all()

    assert InboundRequest.objects.get().state == "failed"
    text = nothing_private(log)
    assert "inbound request failed" in text
    assert "IntegrityError: 23502 conversations_message" in text
    assert "in refuse" in text


def database_error() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::int", [BODY])


def client_error() -> None:
    url = URL(f"https://api.example/?key={builders.TOKEN}")
    request = RequestInfo(url, "GET", CIMultiDictProxy(CIMultiDict()), url)
    raise ClientResponseError(request, (), status=500, message=BODY)


def wrapped_error() -> None:
    try:
        int(BODY)
    except ValueError as error:
        raise RuntimeError(BODY) from error


def group_of_errors() -> None:
    raise ExceptionGroup(BODY, [ValueError(BODY), InvalidURL(f"https://x/{builders.TOKEN}")])


def missing_key() -> None:
    dict[str, str]()[f"{BODY} "]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fail", "name"),
    [
        (database_error, "DataError: 22P02"),
        (client_error, "ClientResponseError"),
        (wrapped_error, "RuntimeError"),
        (group_of_errors, "InvalidURL"),
        (missing_key, "KeyError"),
    ],
)
def test_errors_say_where_and_what_but_quote_nothing(
    log: io.StringIO, fail: Callable[[], None], name: str
) -> None:
    try:
        fail()
    except Exception as error:
        structlog.get_logger("own").exception("own line", error=error, token=builders.TOKEN)
        structlog.get_logger("own").error("own line", exc_info=error)
        logging.getLogger("other").exception("other line %s", error)
        logging.getLogger("celery.app.trace").exception(
            "Task %(name)s raised: %(exc)s",
            {"name": "t", "exc": repr(error), "args": BODY, "traceback": BODY},
        )

    text = nothing_private(log)
    assert text.count(f"in {fail.__name__}") >= 4
    assert text.count(name) >= 5


def test_a_task_of_the_event_loop_that_failed(log: io.StringIO) -> None:
    async def fail() -> None:
        raise ValueError(BODY)

    loop = asyncio.new_event_loop()
    task = loop.create_task(fail())
    loop.run_until_complete(asyncio.wait([task]))
    loop.call_exception_handler(
        {
            "message": "Task exception was never retrieved",
            "exception": task.exception(),
            "task": task,
        }
    )
    loop.close()

    text = nothing_private(log)
    assert "Task exception was never retrieved" in text


@pytest.mark.django_db
def test_the_key_of_a_one_time_link(log: io.StringIO, client: object) -> None:
    path = reverse("account_reset_password_from_key", args=["1", f"x-{REPLY}"])
    logging.getLogger("django.request").warning("Not Found: %s", path)

    assert "/key/•••" in nothing_private(log) or "\\u2022" in log.getvalue()
