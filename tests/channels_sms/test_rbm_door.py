"""Google's webhooks through the real door: the handshake, a tap, a report, and strangers."""

import json
from typing import Any

import pytest
from django.test import Client

from conversations.models import Message
from gateway.drain import drain
from gateway.models import Channel, InboundRequest, InboundState, SignatureRefusal
from gateway.secrets import seal
from tests import builders
from tests.payloads.google_rcs.exhibit import (
    AGENT,
    CLIENT_TOKEN,
    CUSTOMER,
    config,
    payload,
    sign,
)

pytestmark = pytest.mark.django_db


def channel() -> Channel:
    fields = {"from_number": "", **config()}
    return builders.channel(config=fields, kind="google_rcs", name="RCS", address=AGENT)


def post(channel: Channel, body: bytes, signature: str = "") -> Any:
    headers = {"X-Goog-Signature": signature} if signature else {}
    return Client().post(
        f"/webhooks/{channel.pk}/", body, content_type="application/json", headers=headers
    )


def post_event(channel: Channel, name: str) -> Any:
    signed = sign(payload(name))
    return post(channel, signed.body, signed.headers["x-goog-signature"])


def test_the_handshake_is_answered_and_nothing_of_it_is_stored() -> None:
    mine = channel()
    greeting = {"clientToken": CLIENT_TOKEN, "secret": "0815"}
    response = post(mine, json.dumps(greeting).encode())
    assert (response.status_code, response.content) == (200, b"0815")
    assert response["Content-Type"] == "text/plain"
    assert not InboundRequest.objects.exists()
    stranger = post(mine, json.dumps(greeting | {"clientToken": "guess"}).encode())
    assert stranger.status_code == 403
    assert b"0815" not in stranger.content
    assert not InboundRequest.objects.exists()
    assert SignatureRefusal.objects.get().count == 1


def test_a_new_client_token_counts_at_once() -> None:
    mine = channel()
    post(mine, json.dumps({"clientToken": CLIENT_TOKEN, "secret": "1"}).encode())
    changed = config(client_token="another")
    mine.config = seal(changed)
    mine.save()
    response = post(mine, json.dumps({"clientToken": "another", "secret": "2"}).encode())
    assert (response.status_code, response.content) == (200, b"2")


def test_messages_become_conversations() -> None:
    mine = channel()
    for name in ("message_text", "message_tap", "message_text"):
        assert post_event(mine, name).status_code == 200
    drain()
    assert set(InboundRequest.objects.values_list("state", flat=True)) == {InboundState.DONE}
    texts = Message.objects.order_by("pk").values_list("text", flat=True)
    assert list(texts) == ["¿Dónde está mi pedido? 📦", "Yes, please"]
    assert Message.objects.first().conversation.address.value == CUSTOMER  # type: ignore[union-attr]


def test_what_google_did_not_sign_is_refused() -> None:
    mine = channel()
    body = payload("message_text").body
    wrong = sign(payload("message_text"), "another token").headers["x-goog-signature"]
    for signature in ("", "x", wrong):
        assert post(mine, body, signature).status_code == 403
    assert post(mine, b"{").status_code == 403
    assert not InboundRequest.objects.exists()
