"""The webhook door: refusals store nothing; what is taken is kept before it is understood."""

import uuid

import pytest
from django.test import Client

from conversations.models import Conversation, Message
from gateway.drain import drain
from gateway.inbound import replay
from gateway.models import InboundRequest, InboundState, SignatureRefusal
from tests import builders
from tests.gateway import twilio

pytestmark = pytest.mark.django_db


def drain_all() -> None:
    """What the workers would do."""
    drain()


def test_a_signed_message_is_stored_and_becomes_a_conversation() -> None:
    channel = builders.channel()
    response = twilio.post(channel, twilio.inbound_fields(channel, "+14155550100", "Hola"))
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/xml")
    assert InboundRequest.objects.get().state == InboundState.NEW
    drain_all()
    conversation = Conversation.objects.get()
    assert conversation.workspace == channel.workspace
    assert conversation.preview == "Hola"
    assert conversation.address.value == "+14155550100"
    assert Message.objects.get().text == "Hola"
    assert InboundRequest.objects.get().state == InboundState.DONE


@pytest.mark.parametrize("token", ["wrong", ""])
def test_a_wrong_signature_is_403_and_stores_nothing(token: str) -> None:
    channel = builders.channel()
    fields = twilio.inbound_fields(channel, "+14155550100", "Hola")
    assert twilio.post(channel, fields, token=token or "x").status_code == 403
    assert not InboundRequest.objects.exists()
    assert SignatureRefusal.objects.get().count == 1


def test_no_signature_is_403() -> None:
    channel = builders.channel()
    response = Client().post(f"/webhooks/{channel.pk}/", {"MessageSid": "SM1"})
    assert response.status_code == 403
    assert not InboundRequest.objects.exists()


def test_an_unknown_channel_is_404() -> None:
    response = Client().post(f"/webhooks/{uuid.uuid4()}/", {"MessageSid": "SM1"})
    assert response.status_code == 404


def test_an_oversized_body_is_refused() -> None:
    channel = builders.channel()
    fields = twilio.inbound_fields(channel, "+14155550100", "x" * 1_100_000)
    assert twilio.post(channel, fields).status_code == 413
    assert not InboundRequest.objects.exists()


def test_an_unknown_kind_is_kept_shown_and_replayable() -> None:
    channel = builders.channel()
    response = twilio.post(channel, {"AccountSid": builders.SID, "Novelty": "1"})
    assert response.status_code == 200
    drain_all()
    row = InboundRequest.objects.get()
    assert row.state == InboundState.UNKNOWN
    assert row.error
    assert replay(requests=InboundRequest.objects.all()) == 1
    row.refresh_from_db()
    assert row.state == InboundState.NEW


def test_the_second_token_counts_during_rotation() -> None:
    channel = builders.channel(config={"auth_token_secondary": "f" * 32})
    fields = twilio.inbound_fields(channel, "+14155550100", "Hola")
    assert twilio.post(channel, fields, token="f" * 32).status_code == 200


def test_nul_characters_do_not_lose_a_message() -> None:
    channel = builders.channel()
    twilio.post(channel, twilio.inbound_fields(channel, "+14155550100", "a\x00b"))
    drain_all()
    assert Message.objects.get().text == "ab"
