"""Rich content in the composer: how it will look, and how it is sent."""

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from conversations.models import Message
from gateway.contract import Reach, Reached
from gateway.media.storing import store
from gateway.models import Channel, Delivery
from gateway.reach.asking import note
from tests import builders as make
from tests.gateway.media.shelf import PNG
from tests.gateway.media.test_serving import upload_of
from tests.payloads.google_rcs.exhibit import AGENT, config

pytestmark = pytest.mark.django_db

NO_PLACE = ["content.location.latitude"]
ROOMS: dict[str, Any] = {
    "text": "Which room?",
    "cards": [
        {"title": "<Sea>", "suggestions": [{"type": "reply", "text": "Take the sea"}]},
        {"title": "Garden", "suggestions": [{"type": "reply", "text": "Take the garden"}]},
    ],
}


@pytest.fixture
def agent() -> Any:
    """Who writes."""
    return make.member(role="agent")


@pytest.fixture
def conversation(agent: Any) -> Any:
    """On RCS with SMS behind it."""
    sms = make.channel(agent.workspace)
    rcs = make.channel(
        agent.workspace, config(), kind="google_rcs", address=AGENT, fallback_channel=sms
    )
    return make.conversation(rcs, assignee=agent)


def post(agent: Any, conversation: Any, what: str, content: Any, **fields: Any) -> Any:
    """What the composer asks."""
    client = Client()
    client.force_login(agent.user)
    given = content if isinstance(content, str) else json.dumps(content)
    url = f"/conversations/{conversation.pk}/{what}/"
    return client.post(url, {"content": given} | fields)


def send(agent: Any, conversation: Any, content: Any, **fields: Any) -> Any:
    """Send it under a new id."""
    return post(agent, conversation, "send", content, **{"uid": str(uuid.uuid4())} | fields)


def test_both_phones_are_shown_and_nothing_is_sent(agent: Any, conversation: Any) -> None:
    answer = post(agent, conversation, "preview", ROOMS)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert page.count('data-testid="look"') == 2
    assert page.index('data-medium="RCS"') < page.index('data-medium="SMS"')
    assert page.count('data-testid="look-card"') == 2
    assert "&lt;Sea&gt;" in page
    assert "<Sea>" not in page
    assert "If RCS does not arrive in 60 s, it goes as:" in page
    assert "2. Take the garden" in page
    assert "2 cards become text: SMS shows no cards." in page
    assert (Message.objects.count(), Delivery.objects.count()) == (0, 0)


def test_whose_card_is_shown(agent: Any, conversation: Any) -> None:
    shown = post(
        agent, conversation, "preview", {"contacts": [{"name": "Ana", "emails": ["a@e.org"]}]}
    )
    page = shown.content.decode()
    assert "1 contact becomes text: RCS shows no contacts." in page


def test_a_phone_without_rcs_gets_sms_at_once(agent: Any, conversation: Any) -> None:
    note(conversation.channel, {conversation.address.value: Reached(Reach.NO)})
    page = post(agent, conversation, "preview", {"text": "Hi"}).content.decode()
    assert "This phone takes no RCS, so it goes as:" in page
    assert page.count("is-skipped") == 1


def test_nothing_yet(agent: Any, conversation: Any) -> None:
    for content in ({}, {"text": ""}, {"suggestions": [{"type": "reply", "text": "Yes"}]}):
        answer = post(agent, conversation, "preview", content)
        assert answer.status_code == 200
        assert "How it looks appears here as you write." in answer.content.decode()


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("", ["content"]),
        ("[]", ["content"]),
        ("{", ["content"]),
        ({"text": "a\x00b"}, ["content.text"]),
        ('{"text": "\\ud800"}', ["content.text"]),
        ('{"text": "Hi", "location": {"latitude": NaN, "longitude": 1}}', NO_PLACE),
        ({"text": "Hi", "cards": [{"title": "A"}, {}]}, ["content.cards.1"]),
        (
            {
                "cards": [
                    {"title": "A", "suggestions": [{"type": "dial", "text": "", "phone": "x"}]}
                ]
            },
            ["content.cards.0.suggestions.0.phone", "content.cards.0.suggestions.0.text"],
        ),
        ({"text": "Hi", "media": [{"file": str(uuid.UUID(int=1))}]}, ["content.media.0.file"]),
    ],
)
def test_what_is_wrong_is_named(
    agent: Any, conversation: Any, content: Any, names: list[str]
) -> None:
    answer = post(agent, conversation, "preview", content)
    assert answer.status_code == 200
    assert sorted(answer.json()["errors"]) == names
    if content:
        answer = send(agent, conversation, content)
        assert answer.status_code == 422
        assert sorted(answer.json()["errors"]) == names
    assert Message.objects.count() == 0


def test_it_is_sent_once_and_stops_when_the_thread_moved(agent: Any, conversation: Any) -> None:
    seen = make.message(conversation).pk
    make.message(conversation, "Wait!")
    assert send(agent, conversation, ROOMS, seen=seen).status_code == 409
    assert Delivery.objects.count() == 0
    uid = str(uuid.uuid4())
    for _again in range(2):
        answer = send(agent, conversation, ROOMS, seen=seen, sure="on", uid=uid)
        assert answer.status_code == 201
        assert answer.content.decode().count('data-testid="message-card"') == 2
    assert Message.objects.get(uid=uid).data["content"] == ROOMS
    assert [len(row.content.get("cards", [])) for row in Delivery.objects.order_by("part")] == [
        0,
        2,
    ]


def test_a_file_of_ours_is_shown_from_here(agent: Any, conversation: Any) -> None:
    row = store(
        workspace_id=agent.workspace_id,
        content=upload_of(PNG),
        name="room.png",
        declared="image/png",
    )
    content = {"cards": [{"title": "Sea", "media": {"file": str(row.uid)}}]}
    page = post(agent, conversation, "preview", content).content.decode()
    assert f'src="/files/{row.uid}/"' in page
    elsewhere = {"media": [{"url": "https://example.org/x.png", "content_type": "image/png"}]}
    page = post(agent, conversation, "preview", elsewhere).content.decode()
    # What lies with others is not fetched by the page.
    assert "<img" not in page
    assert "Picture · example.org" in page


def test_the_way_back_is_looked_at(agent: Any, conversation: Any) -> None:
    conversation.answers_on = Channel.objects.get(kind="twilio_sms")
    conversation.save()
    page = post(agent, conversation, "preview", {"text": "á" * 71}).content.decode()
    assert 'data-medium="RCS"' not in page
    assert "2 SMS" in page
