"""Rich content through the API: adapted on the way out, and an answer by number is the tap."""

import uuid
from typing import Any

import pytest

from accounts.models import Role
from conversations.models import Message
from gateway.models import Delivery
from gateway.states import State
from tests import builders
from tests.api.client import caller, errors
from tests.gateway import twilio
from tests.gateway.test_door import drain_all

pytestmark = pytest.mark.django_db

ROOMS: dict[str, Any] = {
    "text": "Which room do you like?",
    "cards": [
        {
            "title": "Sea",
            "text": "With a balcony",
            "suggestions": [{"type": "reply", "text": "Take the sea", "payload": "room:sea"}],
        },
        {
            "title": "Garden",
            "suggestions": [{"type": "reply", "text": "Take the garden", "payload": "room:garden"}],
        },
    ],
}
IN_WORDS = (
    "Which room do you like?\n\nSea\nWith a balcony\n1. Take the sea\n\nGarden\n2. Take the garden"
)


def talk(api: Any) -> Any:
    """A conversation on an SMS channel."""
    channel = builders.channel(api.workspace)
    twilio.post(channel, twilio.inbound_fields(channel, "+14155550177", "Hello"))
    drain_all()
    return Message.objects.get(workspace=api.workspace).conversation


def offer(api: Any, conversation: Any, content: dict[str, Any]) -> dict[str, Any]:
    """Send content in a conversation; the message."""
    answer = api.post(f"conversations/{conversation.pk}/messages/", {"content": content})
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def say(conversation: Any, *texts: str) -> list[dict[str, Any] | None]:
    """The customer answers; what each answer chose."""
    channel, sender = conversation.channel, conversation.address.value
    for text in texts:
        twilio.post(channel, twilio.inbound_fields(channel, sender, text))
    drain_all()
    rows = Message.objects.filter(conversation=conversation, direction="inbound")
    taps: list[dict[str, Any] | None] = [row.data.get("tap") for row in rows.order_by("id")]
    return taps[-len(texts) :]


def test_a_carousel_reaches_a_plain_phone_and_its_number_is_the_tap() -> None:
    api = caller(Role.AGENT)
    conversation = talk(api)
    body = offer(api, conversation, ROOMS)
    assert body["content"] == ROOMS
    assert body["text"] == ROOMS["text"]
    assert body["options"] == [
        {"number": 1, "text": "Take the sea", "payload": "room:sea"},
        {"number": 2, "text": "Take the garden", "payload": "room:garden"},
    ]
    assert Delivery.objects.get().content == {"text": IN_WORDS}
    message = Message.objects.get(pk=body["id"])
    tap = {"text": "Take the garden", "payload": "room:garden", "message": str(message.uid)}
    assert say(conversation, "2") == [tap]
    rows = api.get(f"conversations/{conversation.pk}/messages/").json()["results"]
    thread = [row for row in rows if row["kind"] == "text"]
    assert (thread[0]["text"], thread[0]["tap"]) == ("2", tap)
    assert (thread[1]["tap"], thread[1]["options"]) == (None, body["options"])


def test_a_label_is_a_tap_as_well_and_other_words_are_words() -> None:
    api = caller(Role.AGENT)
    conversation = talk(api)
    offer(api, conversation, ROOMS)
    chose = say(conversation, "Is breakfast included?", "take THE sea!", "3", "2")
    payloads = [tap and tap["payload"] for tap in chose]
    assert payloads == [None, "room:sea", None, "room:garden"]


def test_what_was_offered_before_the_last_answer_is_no_longer_on_offer() -> None:
    api = caller(Role.AGENT)
    conversation = talk(api)
    offer(api, conversation, ROOMS)
    offer(api, conversation, {"text": "Never mind, both are taken."})
    assert say(conversation, "2") == [None]


def test_another_persons_options_are_not_mine() -> None:
    api = caller(Role.AGENT)
    conversation = talk(api)
    offer(api, conversation, ROOMS)
    other = builders.conversation(conversation.channel)
    assert say(other, "2") == [None]


def test_reaching_a_person_with_content() -> None:
    api = caller(Role.AGENT)
    channel = builders.channel(api.workspace)
    to = {"kind": "phone", "value": "+14155550123"}
    answer = api.post("messages/", {"to": to, "channel": str(channel.pk), "content": ROOMS})
    assert answer.status_code == 202
    assert answer.json()["content"] == ROOMS
    message = Message.objects.get()
    assert (message.data["via"], len(message.data["options"])) == ("api", 2)
    assert Delivery.objects.get().content == {"text": IN_WORDS}


def test_what_is_too_long_for_one_message_is_several_and_the_worst_of_them_is_told() -> None:
    api = caller(Role.AGENT)
    conversation = talk(api)
    body = offer(api, conversation, {"text": "word " * 700})
    rows = list(Delivery.objects.order_by("id"))
    assert [row.part for row in rows] == [0, 1, 2]
    assert all(len(row.content["text"]) <= 1_600 for row in rows)
    Delivery.objects.filter(part=0).update(state=State.DELIVERED)
    Delivery.objects.filter(part=1).update(state=State.FAILED, error_class="Rejected")
    shown = api.get(f"messages/{body['id']}/").json()
    assert (shown["status"], len(shown["deliveries"])) == ("failed", 3)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, {"text"}),
        ({"text": "Hi", "content": {"text": "Hi"}}, {"text"}),
        ({"content": "Hi"}, {"content"}),
        ({"content": {}}, {"content.text"}),
        ({"content": {"cards": [{"title": 5}]}}, {"content.cards.0.title", "content.cards.0"}),
        ({"content": {"text": "Hi"}, "kind": "note"}, {"content"}),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_sent(fields: Any, named: set[str]) -> None:
    api = caller(Role.AGENT)
    conversation = builders.conversation(builders.channel(api.workspace))
    answer = api.post(f"conversations/{conversation.pk}/messages/", fields)
    assert answer.status_code == 400
    assert errors(answer).keys() == named
    assert not Delivery.objects.exists()
    assert not Message.objects.exists()


def test_the_same_key_sends_once() -> None:
    api = caller(Role.AGENT)
    conversation = builders.conversation(builders.channel(api.workspace))
    key = {"Idempotency-Key": str(uuid.uuid4())}
    url = f"conversations/{conversation.pk}/messages/"
    answers = [api.post(url, {"content": ROOMS}, **key) for _ in range(2)]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert Delivery.objects.count() == 1
