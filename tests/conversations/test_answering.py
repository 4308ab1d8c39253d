"""The composer's head of a mail, quotes, what drafts keep of them, and how a text is measured."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import Role
from channels_email.email import Email
from conversations.answering import reply_all
from conversations.models import Conversation, Draft, Message, MessageMail
from conversations.presenters.answering import answering
from conversations.presenters.measuring import measure_of
from conversations.selectors.threads import draft_of
from gateway import registry
from gateway.models import Delivery
from gateway.registry import adapters
from tests import builders
from tests.gateway import anything
from tests.payloads.x.exhibit import CONFIG as X

pytestmark = pytest.mark.django_db
OURS, TAGGED = "help@shop.example", "help+c.12.abcdefghijklmnop@shop.example"


@pytest.fixture(autouse=True)
def registered(settings: Settings) -> Iterator[None]:
    settings.GATEWAY_ADAPTERS = [*settings.GATEWAY_ADAPTERS, anything.PATH]
    registry.adapters.cache_clear()
    yield
    registry.adapters.cache_clear()


def box(address: str, name: str = "") -> dict[str, str]:
    return {"address": address, "name": name}


@pytest.fixture
def mail() -> Conversation:
    """Clara writes to us and Tom, with Bea and two of our addresses in copy."""
    assert "email" in adapters()
    channel = builders.channel(
        config={"from_address": OURS, "secret": "s" * 43}, kind=Email.kind, address=OURS
    )
    person = builders.contact(channel.workspace, name="Clara Ruiz")
    builders.address(person, "clara@c.example", "email")
    conversation = builders.conversation(channel, person, thread="m1@c")
    message = builders.message(conversation, "Where is it?", data={"mail": True})
    MessageMail.objects.create(
        workspace_id=channel.workspace_id,
        message=message,
        subject="Our order",
        sender=[box("clara@c.example", "Clara Ruiz")],
        to=[box(OURS), box("tom@c.example", "Tom")],
        cc=[box("bea@c.example"), box(TAGGED), box("CLARA@c.example")],
        mail_id="m1@c",
    )
    return conversation


def agent(conversation: Conversation, client: Client) -> Client:
    client.force_login(builders.member(conversation.workspace, role=Role.AGENT).user)
    return client


def send(client: Client, conversation: Conversation, **fields: Any) -> Any:
    data = {"text": "Tomorrow", "uid": str(uuid.uuid4()), **fields}
    return client.post(f"/conversations/{conversation.pk}/send/", data)


def head(delivery: Delivery) -> dict[str, Any]:
    found: dict[str, Any] = delivery.content["about"]["mail"]
    return found


# --- Mail ----------------------------------------------------------------------------------------


def test_reply_all_is_everybody_but_the_customer_and_us(mail: Conversation) -> None:
    assert [one["address"] for one in reply_all(mail, [OURS])] == ["tom@c.example", "bea@c.example"]
    assert [one["address"] for one in reply_all(mail, [OURS, "bea@c.example"])] == ["tom@c.example"]


def test_the_composer_begins_with_everybody(mail: Conversation) -> None:
    shown = answering(mail, None, []).mail
    assert shown is not None
    assert shown.to.shown == "Clara Ruiz <clara@c.example>"
    assert [one.shown for one in shown.cc] == ["Tom <tom@c.example>", "bea@c.example"]
    assert shown.others_only
    assert (shown.subject, shown.usual) == ("Re: Our order", "Re: Our order")
    assert not answering(mail, None, []).quotes


def test_other_channels_have_no_head_of_a_mail(client: Client) -> None:
    conversation = builders.conversation(builders.channel())
    assert answering(conversation, None, []).mail is None
    page = agent(conversation, client).get(f"/conversations/{conversation.pk}/").content.decode()
    assert 'id="mail-head"' not in page


def test_a_mail_goes_to_whom_the_agent_chose(mail: Conversation, client: Client) -> None:
    agent(mail, client)
    cc = ["tom@c.example", "Dana@C.example", "tom@c.example"]
    answer = send(client, mail, head="on", cc=cc, subject=" Your  order 7 ")
    assert answer.status_code == 201
    assert "Your order 7" in answer.content.decode()
    sent = head(Delivery.objects.get())
    assert sent["cc"] == [box("tom@c.example", "Tom"), box("dana@c.example")]
    assert (sent["subject"], sent["in_reply_to"]) == ("Your order 7", "m1@c")
    # The next answer begins with them.
    after = answering(mail, None, []).mail
    assert after is not None
    assert [one.shown for one in after.cc] == ["Tom <tom@c.example>", "dana@c.example"]


def test_an_empty_subject_is_the_one_that_was_answered(mail: Conversation, client: Client) -> None:
    assert send(agent(mail, client), mail, head="on", subject="").status_code == 201
    sent = head(Delivery.objects.get())
    assert sent["subject"] == "Re: Our order"
    assert "cc" not in sent


def test_what_is_no_address_is_named_and_nothing_leaves(mail: Conversation, client: Client) -> None:
    refused = send(agent(mail, client), mail, head="on", cc=["bea@c.example", "nobody"])
    assert refused.status_code == 422
    assert "nobody" in refused.json()["errors"]["cc"][0]
    assert not Delivery.objects.exists()
    assert not Message.objects.filter(direction="outbound").exists()


def test_a_draft_keeps_the_head(mail: Conversation, client: Client) -> None:
    agent(mail, client)
    url = f"/conversations/{mail.pk}/draft/"
    said = {"text": "Tomor", "head": "on", "cc": ["x@c.example", "half"], "subject": "New"}
    assert client.post(url, said).status_code == 204
    draft = Draft.objects.get()
    assert draft.beside == {"cc": ["x@c.example", "half"], "subject": "New"}
    shown = answering(mail, draft_of(mail, draft.member), []).mail
    assert shown is not None
    assert ([one.address for one in shown.cc], shown.subject) == (["x@c.example", "half"], "New")
    assert not shown.others_only
    assert "x@c.example" in client.get(f"/conversations/{mail.pk}/").content.decode()
    # To nobody but the customer is a choice too.
    client.post(url, {"text": "Tomor", "head": "on"})
    shown = answering(mail, draft_of(mail, draft.member), []).mail
    assert shown is not None
    assert shown.cc == ()


def test_a_note_has_none_of_it(mail: Conversation, client: Client) -> None:
    agent(mail, client)
    assert send(client, mail, note="on", head="on", cc=["nobody"]).status_code == 201
    assert not Delivery.objects.exists()


# --- Quotes --------------------------------------------------------------------------------------


@pytest.fixture
def chat() -> Conversation:
    conversation = builders.conversation(anything.channel(builders.workspace()))
    builders.message(conversation, "In blue?", external_id="m1")
    return conversation


def test_an_answer_quotes_what_the_agent_points_at(chat: Conversation, client: Client) -> None:
    quoted = Message.objects.get()
    agent(chat, client)
    page = client.get(f"/conversations/{chat.pk}/").content.decode()
    assert 'data-quotes="1"' in page
    assert 'data-testid="quote"' in page
    answer = send(client, chat, quotes=quoted.pk).content.decode()
    assert f'href="#m{quoted.pk}"' in answer
    assert Delivery.objects.get().content["about"]["reply_to"] == "m1"


def test_what_is_not_in_the_conversation_is_not_quoted(chat: Conversation, client: Client) -> None:
    agent(chat, client)
    beside = builders.message(builders.conversation(chat.channel), "Other", external_id="m2")
    foreign = builders.message(builders.conversation(builders.channel()), "Other")
    for one in (beside, foreign):
        refused = send(client, chat, quotes=one.pk)
        assert (refused.status_code, list(refused.json()["errors"])) == (422, ["quotes"])
    assert not Delivery.objects.exists()


def test_a_channel_that_cannot_quote_offers_none(client: Client) -> None:
    conversation = builders.conversation(builders.channel())
    quoted = builders.message(conversation)
    agent(conversation, client)
    assert 'data-quotes=""' in client.get(f"/conversations/{conversation.pk}/").content.decode()
    assert list(send(client, conversation, quotes=quoted.pk).json()["errors"]) == ["quotes"]


def test_a_draft_keeps_the_quote(chat: Conversation, client: Client) -> None:
    agent(chat, client)
    quoted = Message.objects.get()
    url = f"/conversations/{chat.pk}/draft/"
    client.post(url, {"text": "", "quotes": quoted.pk})
    draft = Draft.objects.get()
    shown = answering(chat, draft, []).quoted
    assert shown is not None
    assert (shown.id, shown.text, shown.who) == (quoted.pk, "In blue?", chat.contact.name)
    # Of another workspace nothing is shown, whatever the draft names.
    foreign = builders.message(builders.conversation(builders.channel()), "Secret")
    client.post(url, {"text": "x", "quotes": foreign.pk})
    assert answering(chat, Draft.objects.get(), []).quoted is None
    client.post(url, {"text": ""})
    assert not Draft.objects.exists()


# --- Measure -------------------------------------------------------------------------------------


def test_a_public_post_is_weighed_and_a_direct_message_is_not() -> None:
    channel = builders.channel(config=dict(X), kind="x")
    public = builders.conversation(channel, thread="p1", public=True)
    shown = measure_of(public)
    assert (shown.name, shown.room, shown.public) == ("weight", 280, True)
    direct = measure_of(builders.conversation(channel))
    assert (direct.name, direct.public) == ("len", False)
    assert direct.room > 280
