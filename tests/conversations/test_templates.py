"""The composer's window and its templates, and the settings pages about templates, over HTTP."""

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Member
from conversations.models import Conversation
from gateway.models import Channel, Delivery, ReplyWindow, StoredTemplate
from gateway.templates.keeping import keep_templates
from tests import builders as make
from tests.gateway.windows import talk
from tests.gateway.windows.test_templates import ORDER, TEXT, USE

pytestmark = pytest.mark.django_db

FRAGMENT: dict[str, Any] = {"headers": {"HX-Request": "true"}}


@pytest.fixture(autouse=True)
def kinds(settings: Any) -> Iterator[None]:
    with talk.registered(settings):
        yield


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make.member(role="admin").user)
    return client


@pytest.fixture
def channel(client: Client) -> Channel:
    made = make.channel(Member.objects.get().workspace, kind="talk")
    keep_templates(made, [ORDER])
    return made


@pytest.fixture
def conversation(channel: Channel) -> Conversation:
    return make.conversation(channel, make.contact(channel.workspace, name="Ann Lee"))


def window(conversation: Conversation, **fields: Any) -> None:
    """A reply window of this conversation's person."""
    ReplyWindow.objects.update_or_create(
        workspace=conversation.workspace,
        channel=conversation.channel,
        address=conversation.address.value,
        defaults=fields,
    )


def page(client: Client, conversation: Conversation, piece: str = "") -> str:
    return client.get(f"/conversations/{conversation.pk}/{piece}", **FRAGMENT).content.decode()


@pytest.mark.parametrize(
    ("minutes", "left", "words"),
    [
        (3 * 1440 + 5, None, "You can write freely for 3 days more."),
        (185, None, "You can write freely for 3 hours more."),
        (0.5, None, "You can write freely for 1 minute more."),
        (65, 2, "You can write freely for 1 hour more, 2 messages at most."),
    ],
)
def test_the_composer_counts_down(
    client: Client, conversation: Conversation, minutes: float, left: int | None, words: str
) -> None:
    window(conversation, until=timezone.now() + timedelta(minutes=minutes), messages_left=left)
    shown = page(client, conversation)
    assert words in shown
    assert "is-closed" not in shown
    assert words in page(client, conversation, "window/")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (None, "You can write freely here once this person has written."),
        ({"until": timezone.now() - timedelta(days=9)}, "The time to write freely is over until"),
        (
            {"until": timezone.now() + timedelta(days=9), "messages_left": 0},
            "No more messages are taken here until this person writes again.",
        ),
    ],
)
def test_a_closed_window_offers_templates(
    client: Client, conversation: Conversation, fields: dict[str, Any] | None, words: str
) -> None:
    if fields:
        window(conversation, **fields)
    shown = page(client, conversation)
    assert words in shown
    assert 'data-testid="template-choose"' in shown
    assert 'class="composer is-closed"' in shown


def test_with_a_fallback_one_may_still_write(client: Client, conversation: Conversation) -> None:
    sms = make.channel(conversation.workspace)
    Channel.objects.filter(pk=conversation.channel_id).update(fallback_channel=sms)
    shown = page(client, conversation)
    assert "The time to write freely here is over; it goes by SMS instead." in shown
    assert "is-closed" not in shown


def test_other_channels_show_nothing_of_it(client: Client, channel: Channel) -> None:
    shown = page(client, make.conversation(make.channel(channel.workspace)))
    assert "composer-window" not in shown
    assert "data-template-open" not in shown


def test_a_template_is_found_filled_in_and_sent(
    client: Client, conversation: Conversation, channel: Channel
) -> None:
    row = StoredTemplate.objects.get()
    assert "order_update" in page(client, conversation, "templates/")
    assert "order_update" in page(client, conversation, "templates/?q=YOUR+order")
    assert "No template has these words." in page(client, conversation, "templates/?q=nothing")
    path = f"/conversations/{conversation.pk}/templates/{row.pk}/"
    asked = client.get(path, **FRAGMENT).content.decode()
    assert 'data-path="body.2"' in asked
    assert '<option value="Ann">First name</option>' in asked
    seen = client.post(path, {"body.1": "<b>Ann</b>"}, **FRAGMENT).content.decode()
    assert "&lt;b&gt;Ann&lt;/b&gt;" in seen
    assert "<mark>{{2}}</mark>" in seen
    content = {
        "template": {
            "name": "order_update",
            "language": "en",
            "body": dict(USE.body),
            "header_values": dict(USE.header_values),
            "buttons": {"0": USE.buttons[0][1]},
        }
    }
    given = {"text": "", "uid": str(uuid.uuid4()), "content": json.dumps(content)}
    sent = client.post(f"/conversations/{conversation.pk}/send/", given)
    assert sent.status_code == 201
    assert "your order" in sent.content.decode()
    assert Delivery.objects.get().content["template"]["text"] == TEXT


def test_free_text_is_refused_where_it_is_written(
    client: Client, conversation: Conversation
) -> None:
    given = {"text": "Hi", "uid": str(uuid.uuid4())}
    refused = client.post(f"/conversations/{conversation.pk}/send/", given)
    assert refused.status_code == 422
    assert set(refused.json()["errors"]) == {"text"}
    assert not Delivery.objects.exists()


# --- Settings -----------------------------------------------------------------------------------


def test_the_list_says_where_each_stands(client: Client, channel: Channel) -> None:
    StoredTemplate.objects.update(
        category="marketing", previous_category="utility", status="paused", reason="Low quality"
    )
    shown = client.get(f"/settings/channels/{channel.pk}/templates/").content.decode()
    assert "The provider changed the category from utility to marketing" in shown
    assert "Low quality" in shown
    assert 'data-status="paused"' in shown
    assert (
        'data-testid="templates"'
        in client.get(f"/settings/channels/{channel.pk}/").content.decode()
    )
    sms = make.channel(channel.workspace)
    assert client.get(f"/settings/channels/{sms.pk}/templates/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_one_is_fetched_handed_in_and_deleted(
    settings: Any, client: Client, channel: Channel
) -> None:
    path = f"/settings/channels/{channel.pk}/templates/"
    with talk.TalkSink() as sink:
        settings.SIMULATOR_URL = sink.url
        client.post(f"{path}fetch/")
        assert StoredTemplate.objects.get().status == "deleted"
        given = {"name": "hello", "language": "en", "category": "utility", "body": "Hi {{1}}"}
        given |= {"button_1_kind": "url", "button_1_text": "Look", "button_1_value": "x"}
        refused = client.post(f"{path}new/", given)
        assert refused.status_code == 422
        shown = refused.content.decode()
        assert "Give an example, so that it can be reviewed." in shown
        assert shown.count("An address that begins with https:// is expected here.") == 1
        given |= {"button_1_value": "https://x.example", "example-1": "Ann"}
        sink.refusal = "Too plain."
        assert "Too plain." in client.post(f"{path}new/", given).content.decode()
        sink.refusal = ""
        assert client.post(f"{path}new/", given).status_code == 302
        row = StoredTemplate.objects.get(name="hello")
        assert (row.status, row.buttons[0]["value"]) == ("pending", "https://x.example")
        assert client.post(f"{path}{row.pk}/delete/").status_code == 302
        assert sink.templates == []
    settings.SIMULATOR_URL = "http://127.0.0.1:9"
    failed = client.post(f"{path}fetch/", follow=True).content.decode()
    assert "Not fetched:" in failed


def test_the_preview_asks_for_an_example_of_each_parameter(
    client: Client, channel: Channel
) -> None:
    path = f"/settings/channels/{channel.pk}/templates/preview/"
    shown = client.post(path, {"body": "Hi {{1}} and {{name}}", "examples": ""}).content.decode()
    assert 'name="example-1"' in shown
    assert 'name="example-name"' in shown
    given = {"body": "Hi {{1}} and {{name}}", "examples": "1,name", "example-1": "Ann"}
    shown = client.post(path, given).content.decode()
    assert "hx-swap-oob" not in shown
    assert "Hi Ann and" in shown
