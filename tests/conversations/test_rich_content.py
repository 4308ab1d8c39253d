"""Rich content in the thread: cards, numbered answers, and what the customer chose."""

import re
from typing import Any

import pytest
from django.test import Client

from conversations.models import Message
from conversations.services import send_message
from gateway.content.reading import read
from gateway.models import Delivery
from tests import builders as make
from tests.gateway import twilio
from tests.gateway.test_door import drain_all

pytestmark = pytest.mark.django_db

ROOMS = read(
    {
        "text": "Which room?",
        "media": [
            {"url": "https://example.org/map.pdf", "content_type": "application/pdf", "name": "Map"}
        ],
        "cards": [
            {
                "title": "<Sea>",
                "text": "With a balcony",
                "suggestions": [{"type": "reply", "text": "Take the sea", "payload": "sea"}],
            },
            {
                "title": "Garden",
                "suggestions": [
                    {"type": "reply", "text": "Take the garden", "payload": "garden"},
                    {"type": "dial", "text": "Call us", "phone": "+34911234567"},
                ],
            },
        ],
    }
)


def thread(member: Any, conversation: Any) -> str:
    """The conversation's page."""
    client = Client()
    client.force_login(member.user)
    answer = client.get(f"/conversations/{conversation.pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_agent_sees_what_was_offered_and_what_was_chosen() -> None:
    agent = make.member(role="agent")
    channel = make.channel(agent.workspace)
    conversation = make.conversation(channel, assignee=agent)
    send_message(conversation=conversation, author=agent, content=ROOMS)
    sender = conversation.address.value
    for words in ("2", "take the garden"):
        twilio.post(channel, twilio.inbound_fields(channel, sender, words))
    drain_all()
    page = thread(agent, conversation)
    assert page.count('data-testid="message-card"') == 2
    assert "&lt;Sea&gt;" in page
    assert "<Sea>" not in page
    assert 'href="https://example.org/map.pdf"' in page
    assert re.findall(r'tap-number">(\d)\.</span><span dir="auto">([\w ]+)<', page) == [
        ("1", "Take the sea"),
        ("2", "Take the garden"),
    ]
    assert "Call us: +34911234567" in page
    # Of the answer by number it is said what it means; the label says it itself.
    assert page.count('data-testid="message-tapped"') == 1


def test_the_agent_sees_whose_card_was_sent() -> None:
    agent = make.member(role="agent")
    conversation = make.conversation(make.channel(agent.workspace), assignee=agent)
    content = read({"contacts": [{"name": "<Ana>", "phones": ["+34 600 111 222"]}]})
    message = send_message(conversation=conversation, author=agent, content=content)
    assert message.text == "<Ana>"
    page = thread(agent, conversation)
    assert page.count('data-testid="message-person"') == 1
    assert '<span dir="auto">&lt;Ana&gt; · +34600111222</span>' in page
    # The phone has no such cards, so it is told what stands on it.
    assert Delivery.objects.get().content["text"] == "<Ana>\n+34600111222"


def test_plain_messages_look_as_before() -> None:
    agent = make.member(role="agent")
    conversation = make.conversation(make.channel(agent.workspace), assignee=agent)
    send_message(conversation=conversation, author=agent, text="Hello")
    assert Message.objects.get(text="Hello").data == {}
    page = thread(agent, conversation)
    assert "message-card" not in page
    assert "message-suggestion" not in page
