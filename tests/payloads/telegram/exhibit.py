"""Telegram's updates for a bot, with the secret, for the tests of its channel and for the suite."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from channels_social.telegram import Telegram
from gateway.contract import Response, WebhookRequest
from tests.payloads.exhibit import Exhibit

FOLDER = Path(__file__).parent
TOKEN = "123456789:AAEhBP0av28Zq7oGJ9Yd_DUMMYxDUMMYxDUM"
SECRET = "Zm9vYmFyLXNlY3JldC10b2tlbi1vZi00My1jaGFyYWN"
BOT = "@corner_shop_bot"
CUSTOMER = "5512345678"
URL = "https://inbox.example.org/webhooks/9b2f7c1e-1111-4222-8333-444455556666/"


def config(**fields: str) -> dict[str, str]:
    """A channel's settings."""
    return {"bot_token": TOKEN, "username": "corner_shop_bot", "secret_token": SECRET} | fields


def request(body: bytes) -> WebhookRequest:
    """A request without the secret."""
    headers = {"content-type": "application/json"}
    return WebhookRequest("POST", URL, headers, body, datetime(2026, 10, 21, tzinfo=UTC))


def sign(unsigned: WebhookRequest, secret: str = SECRET) -> WebhookRequest:
    """The request with the secret that Telegram was given."""
    headers = {**unsigned.headers, "x-telegram-bot-api-secret-token": secret}
    return replace(unsigned, headers=headers)


def payload(name: str) -> WebhookRequest:
    """A payload file as a request, without the secret."""
    return request((FOLDER / f"{name}.json").read_bytes())


def accepted(number: int = 77, chat: int = int(CUSTOMER)) -> Response:
    """The answer to a message that is in the chat."""
    message: dict[str, Any] = {"message_id": number, "chat": {"id": chat}, "date": 1}
    return Response(200, {}, json.dumps({"ok": True, "result": message}).encode())


def telegram() -> Exhibit:
    """A bot."""
    return Exhibit(
        adapter=Telegram(config()),
        sign=sign,
        inbound=sign(payload("message_text")),
        inbound_ids=[f"{CUSTOMER}:41"],
        statuses=[],
        unknown=sign(payload("new_update")),
        garbage=[request(body) for body in (b"", b"{", b"[]", b"5", b"{}", b"\xff", b"[" * 9999)],
        recipient=CUSTOMER,
        accepted=accepted(),
        accepted_id=f"{CUSTOMER}:77",
        signs_body=False,
        secret_in="url",
    )


EXHIBITS: dict[str, Callable[[], Exhibit]] = {"telegram": telegram}
