"""The webhook door: refusals store nothing; what is taken is kept before it is understood."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_sms.twilio_sms import TwilioSms
from conversations.models import Conversation, Message
from gateway.admission import Knock, admit
from gateway.contract import WebhookRequest, WebhookResponse
from gateway.drain import drain
from gateway.inbound import replay
from gateway.intake import Arrival, store_all
from gateway.models import Channel, InboundRequest, InboundState, SignatureRefusal
from gateway.secrets import seal, unseal
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


def test_a_flood_of_bad_signatures_costs_a_look_and_a_count() -> None:
    channel = builders.channel()
    now = timezone.now()
    request = WebhookRequest("POST", "http://example.com/", FORM, b"MessageSid=SM1", now)
    with CaptureQueriesContext(connection) as captured:
        knocks = [Knock(channel.pk, request, "r") for _ in range(50)]
        admit(knocks)
    assert {knock.answer and knock.answer.status for knock in knocks} == {403}
    assert SignatureRefusal.objects.get().count == 50
    assert len(captured) == 2
    admit([Knock(channel.pk, request, "r")])
    assert SignatureRefusal.objects.get().count == 51


def test_a_changed_token_counts_at_once() -> None:
    channel = builders.channel()
    fields = twilio.inbound_fields(channel, "+14155550100", "Hola")
    assert twilio.post(channel, fields).status_code == 200
    old = dict(unseal(channel.config))
    channel.config = seal(old | {"auth_token": "f" * 32})
    channel.save()
    assert twilio.post(channel, fields).status_code == 403
    assert twilio.post(channel, fields, token="f" * 32).status_code == 200
    assert InboundRequest.objects.count() == 2


def test_a_channel_that_is_gone_is_404_although_it_was_known() -> None:
    channel = builders.channel()
    fields = twilio.inbound_fields(channel, "+14155550100", "Hola")
    assert twilio.post(channel, fields).status_code == 200
    InboundRequest.objects.all().delete()
    Channel.objects.filter(pk=channel.pk).delete()
    assert twilio.post(channel, fields).status_code == 404
    assert not InboundRequest.objects.exists()


def arrival(channel: Channel, **changes: Any) -> Arrival:
    """A verified request as the door would store it."""
    fields: dict[str, Any] = {
        "channel_id": channel.pk,
        "version": channel.updated_at,
        "shard": 0,
        "method": "POST",
        "url": "http://example.com/",
        "headers": {},
        "body": b"a=b",
        "request_id": "r",
        "received_at": timezone.now(),
    }
    return Arrival(**fields | changes)


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_stored_fails_alone() -> None:
    channel = builders.channel()
    bad = arrival(channel, url="http://example.com/\0")
    stale = arrival(channel, version=channel.updated_at - timedelta(seconds=1))
    good = [arrival(channel), arrival(channel)]
    store_all([good[0], bad, stale, good[1]])
    assert isinstance(bad.error, DataError)
    assert (stale.error, stale.stored_id) == (None, None)
    stored = set(InboundRequest.objects.values_list("pk", flat=True))
    assert stored == {one.stored_id for one in good}


def test_an_adapter_that_cannot_answer_spoils_nobody_elses_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good, bad = builders.channel(), builders.channel()

    def acknowledge(self: TwilioSms, request: WebhookRequest) -> WebhookResponse:
        if self.config["from_number"] == bad.address:
            raise ValueError("cannot answer")
        return WebhookResponse()

    monkeypatch.setattr(TwilioSms, "acknowledge", acknowledge)
    monkeypatch.setattr(TwilioSms, "verify", lambda self, request: None)
    now = timezone.now()
    request = WebhookRequest("POST", "http://example.com/", FORM, b"MessageSid=SM1&From=1", now)
    knocks = [Knock(channel.pk, request, "r") for channel in (bad, good)]
    admit(knocks)
    assert [knock.answer and knock.answer.status for knock in knocks] == [500, 200]
    assert InboundRequest.objects.count() == 2


FORM = {"content-type": "application/x-www-form-urlencoded"}
