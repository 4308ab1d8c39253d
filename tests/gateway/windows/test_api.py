"""Windows and templates over the API, from the customer's message to the answer."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Role
from conversations.models import Conversation, Message
from gateway.models import Channel, Delivery, ReplyWindow, StoredTemplate
from gateway.templates.keeping import keep_templates
from tests import builders
from tests.api.client import Caller, caller, errors
from tests.gateway import twilio
from tests.gateway.test_door import drain_all
from tests.gateway.test_outbox import run
from tests.gateway.windows.talk import TalkSink
from tests.gateway.windows.test_templates import ORDER, TEXT

pytestmark = pytest.mark.django_db(transaction=True)

ANN = "+14155550101"
GIVEN: dict[str, Any] = {
    "name": "order_update",
    "language": "en",
    "body": {"1": "Ann", "2": r"7\1"},
    "header_values": {"1": "7"},
    "buttons": {"0": r"a\2"},
}


@pytest.fixture
def api() -> Caller:
    return caller(Role.ADMIN)


@pytest.fixture
def channel(api: Caller) -> Channel:
    return builders.channel(api.workspace, kind="talk")


def wrote(channel: Channel, **fields: str) -> Conversation:
    """A customer writes; what came of it."""
    twilio.post(channel, twilio.inbound_fields(channel, ANN, "Hello", **fields))
    drain_all()
    return Conversation.objects.get(channel=channel)


def closed() -> None:
    """A month goes by."""
    over = timezone.now() - timedelta(days=30)
    ReplyWindow.objects.update(until=over, human_until=over)


def test_a_customer_opens_the_window_and_the_answer_knows(sink: TalkSink, api: Caller) -> None:
    channel = builders.channel(api.workspace, kind="counted")
    conversation = wrote(channel, Token="tok-1")
    shown = api.get(f"conversations/{conversation.pk}/").json()
    window = ReplyWindow.objects.get()
    assert shown["reply_window_open"] is True
    assert shown["reply_window_until"] == window.until.isoformat().replace("+00:00", "Z")  # type: ignore[union-attr]
    for text in ("One", "Two"):
        assert (
            api.post(f"conversations/{conversation.pk}/messages/", {"text": text}).status_code
            == 201
        )
    run(1)
    assert [(one["Body"], one.get("Token", "")) for one in sink.received] == [
        ("One", "tok-1"),
        ("Two", ""),
    ]
    window.refresh_from_db()
    assert window.messages_left == 3


def test_a_repeated_webhook_gives_no_token_back(api: Caller) -> None:
    channel = builders.channel(api.workspace, kind="counted")
    fields = twilio.inbound_fields(channel, ANN, "Hello", Token="tok-1")
    for _ in range(2):
        twilio.post(channel, fields)
        drain_all()
        ReplyWindow.objects.update(token_for=7)
    window = ReplyWindow.objects.get()
    assert (window.token, window.token_for) == ("tok-1", 7)


def test_people_may_answer_for_longer_than_programs(
    sink: TalkSink, api: Caller, channel: Channel
) -> None:
    conversation = wrote(channel)
    ReplyWindow.objects.update(until=timezone.now() - timedelta(hours=1))
    shown = api.get(f"conversations/{conversation.pk}/").json()
    assert shown["reply_window_open"] is True
    answered = api.post(f"conversations/{conversation.pk}/messages/", {"text": "Hi"})
    assert answered.status_code == 201
    run(1)
    assert [one["Body"] for one in sink.received] == ["Hi"]
    to = {"to": {"kind": "phone", "value": ANN}, "channel": str(channel.pk), "text": "Hi"}
    refused = api.post("messages/", to)
    assert refused.status_code == 400
    assert set(errors(refused)) == {"text"}


def test_free_text_is_refused_when_the_window_is_closed(
    sink: TalkSink, api: Caller, channel: Channel
) -> None:
    conversation = wrote(channel)
    closed()
    shown = api.get("conversations/").json()["results"][0]
    assert shown["reply_window_open"] is False
    refused = api.post(f"conversations/{conversation.pk}/messages/", {"text": "Hi"})
    assert refused.status_code == 400
    [words] = errors(refused)["text"]
    assert words == f"The time to answer freely is over on {channel.name}; use a template."
    assert not Delivery.objects.exists()
    assert Message.objects.count() == 1


def test_with_a_fallback_it_goes_by_the_other_channel(
    sink: TalkSink, api: Caller, channel: Channel
) -> None:
    conversation = wrote(channel)
    closed()
    sms = builders.channel(api.workspace)
    Channel.objects.filter(pk=channel.pk).update(fallback_channel=sms)
    answered = api.post(f"conversations/{conversation.pk}/messages/", {"text": "Hi"})
    assert answered.status_code == 201
    run(1)
    assert [one["Body"] for one in sink.received] == ["Hi"]
    assert set(Delivery.objects.values_list("channel", "state")) == {
        (channel.pk, "replaced"),
        (sms.pk, "sent"),
    }


def test_a_channel_without_windows_says_so(api: Caller) -> None:
    conversation = builders.conversation(builders.channel(api.workspace))
    shown = api.get(f"conversations/{conversation.pk}/").json()
    assert (shown["reply_window_until"], shown["reply_window_open"]) == (None, None)


def test_a_template_is_sent_by_its_name(sink: TalkSink, api: Caller, channel: Channel) -> None:
    conversation = wrote(channel)
    closed()
    keep_templates(channel, [ORDER])
    path = f"conversations/{conversation.pk}/messages/"
    answered = api.post(path, {"content": {"template": GIVEN}})
    assert answered.status_code == 201, answered.content
    body = answered.json()
    assert body["text"] == TEXT
    assert body["content"]["template"]["text"] == TEXT
    run(1)
    [sent] = sink.received
    assert sent["Template"] == r"order_update {'1': 'Ann', '2': '7\\1'}"
    refused = api.post(path, {"content": {"template": {**GIVEN, "body": {"1": "Ann"}}}})
    assert (refused.status_code, set(errors(refused))) == (400, {"content.template.body.2"})


def test_the_life_of_a_channels_templates(sink: TalkSink, api: Caller, channel: Channel) -> None:
    path = f"channels/{channel.pk}/templates/"
    assert api.get(path).json() == []
    draft = {
        "name": "hello",
        "language": "en",
        "category": "utility",
        "body": "Hello {{1}}",
        "buttons": [{"kind": "reply", "text": "Stop"}],
        "examples": {"1": "Ann"},
    }
    made = api.post(path, draft)
    assert made.status_code == 201, made.content
    shown = made.json()
    assert (shown["status"], shown["parameters"]) == ("pending", ["body.1"])
    assert "examples" not in shown
    sink.templates[0] |= {"status": "rejected", "reason": "Too short"}
    [fetched] = api.post(f"{path}sync/").json()
    assert (fetched["status"], fetched["reason"]) == ("rejected", "Too short")
    assert api.delete(f"{path}{shown['id']}/").status_code == 204
    assert [row["status"] for row in api.get(path).json()] == ["deleted"]
    assert sink.templates == []


def test_what_is_wrong_with_a_template_is_named(
    sink: TalkSink, api: Caller, channel: Channel
) -> None:
    path = f"channels/{channel.pk}/templates/"
    refused = api.post(path, {"name": "a", "language": "en", "category": "", "body": "{{1}}"})
    assert set(errors(refused)) == {"category", "examples.1"}
    sink.refusal = "No."
    draft = {"name": "a", "language": "en", "category": "utility", "body": "Hi"}
    assert errors(api.post(path, draft)) == {"provider": ["No."]}
    assert not StoredTemplate.objects.exists()


def test_templates_of_others_and_of_channels_without_any(api: Caller, channel: Channel) -> None:
    other = builders.channel(kind="talk")
    keep_templates(other, [ORDER])
    row = StoredTemplate.objects.get()
    assert api.get(f"channels/{other.pk}/templates/").status_code == 404
    assert api.delete(f"channels/{channel.pk}/templates/{row.pk}/").status_code == 404
    sms = builders.channel(api.workspace)
    assert api.get(f"channels/{sms.pk}/templates/").status_code == 404
    row.refresh_from_db()
    assert row.status == "approved"
