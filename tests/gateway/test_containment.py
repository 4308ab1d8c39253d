"""What breaks one request, delivery or channel holds up no other."""

import uuid
from collections.abc import Sequence

import pytest
from django.db import IntegrityError

from contacts.services import merge_contacts
from conversations import ingest
from conversations.models import Conversation, Message
from gateway.events import UnknownEvent
from gateway.models import InboundRequest, InboundState
from tests import builders
from tests.gateway.test_door import drain_all
from tests.gateway.test_drain import write

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_event_whose_kind_cannot_be_stored_holds_up_no_shard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from channels_sms import twilio_webhooks

    kind = UnknownEvent(kind="odd\0kind \ud800")
    genuine = twilio_webhooks.parse
    monkeypatch.setattr(
        twilio_webhooks,
        "parse",
        lambda request: [kind] if b"odd" in request.body else genuine(request),
    )
    channel = builders.channel()
    for text in ["odd", "fine"]:
        write(channel, "+14155550100", text)
    drain_all()
    assert [message.text for message in Message.objects.all()] == ["fine"]
    assert InboundRequest.objects.get(state=InboundState.UNKNOWN).error == "oddkind ?"


def test_a_message_that_meets_a_merge_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = builders.channel()
    keep, other = builders.contact(channel.workspace), builders.contact(channel.workspace)
    address = builders.address(other)
    genuine = ingest._resolve

    def merged_meanwhile(fresh: Sequence[object]) -> object:
        lines = genuine(fresh)  # type: ignore[arg-type]
        monkeypatch.setattr(ingest, "_resolve", genuine)
        raise IntegrityError(f"contact {lines[0].who.contact_id} is gone")

    monkeypatch.setattr(ingest, "_resolve", merged_meanwhile)
    write(channel, address.value, "Hello")
    merge_contacts(keep=keep, other=other, member=None)
    drain_all()
    assert Message.objects.get().text == "Hello"
    assert Conversation.objects.get().contact == keep
    assert not InboundRequest.objects.exclude(state=InboundState.DONE).exists()


def test_a_request_that_always_conflicts_fails_and_can_be_replayed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def conflicts(fresh: Sequence[object]) -> object:
        raise IntegrityError("never")

    monkeypatch.setattr(ingest, "_resolve", conflicts)
    write(builders.channel(), "+14155550100", str(uuid.uuid4()))
    drain_all()
    assert InboundRequest.objects.get().state == InboundState.FAILED
    assert not Message.objects.exists()
