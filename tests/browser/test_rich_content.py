"""Rich content in a browser: a plain phone gets it in words, and its number is the tap."""

import json
import re
import urllib.request
import uuid
from typing import Any

from playwright.sync_api import expect

from benches.stack import Stack
from tests.browser.test_inbox import Login, Phone, number, open_by, say

__all__ = ["number"]  # a fixture


def send_content(stack: Stack, conversation: str, content: dict[str, Any]) -> None:
    """What a program sends in a conversation."""
    request = urllib.request.Request(
        f"{stack.url}/api/v1/conversations/{conversation}/messages/",
        json.dumps({"content": content}).encode(),
        {
            "Authorization": f"Token {stack.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": uuid.uuid4().hex,
        },
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 201


def test_a_carousel_on_a_plain_phone(stack: Stack, login: Login, phone: Phone, number: str) -> None:
    agent, customer = login("admin"), phone(number)
    open_by(agent, customer, stack, f"Rooms? {uuid.uuid4().hex[:8]}")
    conversation = re.findall(r"conversations/(\d+)", agent.url)[0]
    send_content(
        stack,
        conversation,
        {
            "text": "Which room do you like?",
            "cards": [
                {"title": "Sea", "suggestions": [{"type": "reply", "text": "Take the sea"}]},
                {"title": "Garden", "suggestions": [{"type": "reply", "text": "Take the garden"}]},
            ],
        },
    )
    expect(agent.get_by_test_id("message-card")).to_have_count(2)
    expect(customer.get_by_test_id("bubble-in").last).to_contain_text("2. Take the garden")
    say(customer, "2")
    expect(agent.get_by_test_id("message-tapped")).to_have_text("Chosen:Take the garden")
