"""What the thread and the API show around a message's text."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import Role
from conversations.models import Conversation, Message
from gateway import registry
from gateway.drain import drain
from gateway.events import (
    Edited,
    InboundMessage,
    Reaction,
    Referred,
    SentElsewhere,
    Unsent,
)
from gateway.mail import Mail, Mailbox
from gateway.models import Delivery
from tests import builders
from tests.api.client import caller, errors
from tests.gateway import anything

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def registered(settings: Settings) -> Iterator[None]:
    settings.GATEWAY_ADAPTERS = [*settings.GATEWAY_ADAPTERS, anything.PATH]
    registry.adapters.cache_clear()
    yield
    registry.adapters.cache_clear()


def wrote(n: int, text: str, **fields: Any) -> InboundMessage:
    return InboundMessage(f"m{n}", "77", "us", text, **fields)


def told(*events: Any) -> Conversation:
    anything.say(anything.channel(builders.workspace()), *events)
    drain()
    return Conversation.objects.get()


def page(client: Client, conversation: Conversation) -> str:
    member = builders.member(conversation.workspace, role=Role.AGENT)
    client.force_login(member.user)
    return client.get(f"/conversations/{conversation.pk}/").content.decode()


def test_the_thread_shows_quotes_edits_reactions_and_what_was_taken_back(client: Client) -> None:
    shown = page(
        client,
        told(
            wrote(1, "The first words"),
            wrote(2, "About that", reply_to="m1"),
            wrote(3, "Look", referred=Referred("story", url="https://x.example/s", text="Sale")),
            wrote(4, "soon gone"),
            Edited("m1", "77", "The better words", "1"),
            Reaction("m2", "77", "👍"),
            Unsent("m4", "77"),
            SentElsewhere("e1", "77", "From the app"),
        ),
    )
    assert "The better words" in shown
    assert shown.count('data-testid="message-quote"') == 1
    assert "Answers your story" in shown
    assert 'href="https://x.example/s"' in shown
    assert "👍" in shown
    assert "Taken back by the customer" in shown
    assert "Answered outside of here" in shown
    assert "The first words" in shown  # behind "Edited"


def test_an_address_that_runs_a_script_is_no_link(client: Client) -> None:
    shown = page(client, told(wrote(1, "x", referred=Referred("post", url="javascript:alert(1)"))))
    assert "javascript:" not in shown


def test_a_kind_that_cannot_be_shown_says_so(client: Client) -> None:
    shown = page(client, told(wrote(1, "", unsupported="<order>")))
    assert "&lt;order&gt;" in shown


def test_the_api_tells_all_of_it() -> None:
    conversation = told(
        wrote(1, "one"),
        wrote(2, "two", reply_to="m1"),
        Edited("m1", "77", "uno", "1"),
        Unsent("m2", "77"),
    )
    api = caller(ws=conversation.workspace)
    two, one = api.get(f"conversations/{conversation.pk}/messages/").json()["results"]
    assert (one["text"], one["edited_at"] is not None, one["unsent_at"]) == ("uno", True, None)
    assert (two["text"], two["quotes"], two["unsent_at"] is not None) == ("", "m1", True)
    assert one["mail"] is None


def test_an_answer_quotes_a_message_of_its_own_conversation_only() -> None:
    conversation = told(wrote(1, "one"))
    api = caller(ws=conversation.workspace)
    url = f"conversations/{conversation.pk}/messages/"
    theirs = Message.objects.get()
    made = api.post(url, {"text": "Yes", "quotes": theirs.pk})
    assert made.status_code == 201
    row = Delivery.objects.get(message_uid=Message.objects.get(text="Yes").uid)
    assert row.content["about"] == {"reply_to": "m1"}
    other = builders.message(builders.conversation(anything.channel(conversation.workspace)))
    refused = api.post(url, {"text": "Yes", "quotes": other.pk})
    assert (refused.status_code, list(errors(refused))) == (400, ["quotes"])
    assert Delivery.objects.count() == 1


def test_only_mail_has_a_subject() -> None:
    conversation = told(wrote(1, "one"))
    refused = caller(ws=conversation.workspace).post(
        f"conversations/{conversation.pk}/messages/", {"text": "Yes", "subject": "Hello"}
    )
    assert (refused.status_code, list(errors(refused))) == (400, ["subject"])


def test_a_mail_shows_its_head_what_was_folded_and_a_way_to_the_original(client: Client) -> None:
    head = Mail(
        "m1@x",
        "Order <7>",
        html="<p>Hi</p>",
        folded="> quoted",
        cc=(Mailbox("bea@x.example", "Bea"),),
    )
    conversation = told(wrote(1, "Hello", mail=head))
    shown = page(client, conversation)
    assert "Order &lt;7&gt;" in shown
    assert "Bea &lt;bea@x.example&gt;" in shown
    assert "&gt; quoted" in shown
    original = f"/conversations/{conversation.pk}/messages/{Message.objects.get().pk}/mail/"
    assert original in shown
    answer = client.get(original)
    assert answer.status_code == 200
    assert "sandbox" in answer["Content-Security-Policy"]
