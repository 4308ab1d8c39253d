"""Files in the thread and in the API: fetched ones appear, sent ones go as they can."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from conversations.attachments import erase_files
from conversations.models import Conversation, Message
from gateway.drain import drain
from gateway.media.fetching import ATTEMPTS, fetch_due
from gateway.media.links import open_token
from gateway.media.models import MessageFile, StoredFile
from gateway.models import ChannelLog, Delivery
from gateway.outbox.prepare import as_message
from gateway.outbox.row import Row
from tests import builders
from tests.api.client import caller, errors
from tests.gateway import twilio
from tests.gateway.media.conftest import folder, shelf
from tests.gateway.media.shelf import HTML, JPEG, PNG, VCARD, Shelf, gives, says
from tests.gateway.media.test_serving import upload

__all__ = ["folder", "shelf"]  # fixtures
pytestmark = pytest.mark.django_db

AMERICAN, SPANISH = "+14155550177", "+34600111222"


def talk(api: Any, number: str = AMERICAN) -> Conversation:
    """A conversation with this number."""
    channel = builders.channel(api.workspace)
    twilio.post(channel, twilio.inbound_fields(channel, number, "Hello"))
    drain()
    return Conversation.objects.get(channel=channel)


def page_of(api: Any) -> Client:
    """The member's browser."""
    client = Client()
    client.force_login(api.member.user)
    return client


def thread(api: Any, conversation: Conversation) -> str:
    """The conversation's page."""
    return page_of(api).get(f"/conversations/{conversation.pk}/").content.decode()


def attach(client: Client, conversation: Conversation, data: bytes, name: str, kind: str) -> Any:
    """What the composer does with a file."""
    file = SimpleUploadedFile(name, data, kind)
    return client.post(f"/conversations/{conversation.pk}/files/", {"file": file})


def customer_sends(conversation: Conversation, url: str, kind: str = "image/jpeg") -> Message:
    """The customer's file has come in, and is not fetched yet."""
    media = {"NumMedia": "1", "MediaUrl0": url, "MediaContentType0": kind}
    channel, sender = conversation.channel, conversation.address.value
    twilio.post(channel, twilio.inbound_fields(channel, sender, "", **media))
    drain()
    return Message.objects.filter(conversation=conversation).latest("id")


def test_a_customers_picture_from_pending_to_shown(shelf: Shelf) -> None:
    api = caller()
    conversation = talk(api)
    message = customer_sends(conversation, shelf.put("a", gives(JPEG)))
    waiting = thread(api, conversation)
    assert 'data-look="pending"' in waiting
    assert "Picture" in waiting
    listed = api.get(f"conversations/{conversation.pk}/messages/").json()["results"][0]
    assert listed["attachments"] == [
        {
            "id": None,
            "url": None,
            "content_type": "image/jpeg",
            "name": "",
            "size": None,
            "state": "pending",
            "error": None,
        }
    ]
    before = Conversation.objects.get().version
    fetch_due(1)
    assert Conversation.objects.get().version == before + 1
    file = StoredFile.objects.get()
    shown = thread(api, conversation)
    assert f'<img src="/files/{file.uid}/" alt="Picture: picture.jpg"' in shown
    listed = api.get(f"messages/{message.pk}/").json()["attachments"][0]
    assert (listed["id"], listed["state"]) == (str(file.uid), "stored")
    content = api.get(listed["url"].partition("/api/v1/")[2])
    assert b"".join(content.streaming_content) == JPEG


def test_a_refused_file_says_why_and_is_never_inline(shelf: Shelf) -> None:
    api = caller()
    conversation = talk(api)
    message = customer_sends(conversation, shelf.put("a", gives(HTML)))
    fetch_due(1)
    shown = thread(api, conversation)
    assert "This type of file is not accepted." in shown
    assert "<img src" not in shown
    assert api.get(f"messages/{message.pk}/").json()["attachments"][0]["error"] == {
        "code": "wrong_type",
        "text": "This type of file is not accepted.",
    }


def test_a_file_that_could_not_be_fetched_is_fetched_when_somebody_asks(shelf: Shelf) -> None:
    api = caller()
    conversation, client = talk(api), page_of(api)
    message = customer_sends(conversation, shelf.put("a", says(503)))
    again = f"/conversations/{conversation.pk}/messages/{message.pk}/refetch/"
    assert client.post(again).status_code == 422
    MessageFile.objects.update(attempts=ATTEMPTS - 1)
    fetch_due(1)
    shown = thread(api, conversation)
    assert "The file could not be fetched." in shown
    assert 'data-testid="file-again"' in shown
    log = ChannelLog.objects.get(kind="media")
    assert (log.ok, log.attempt, log.error) == (False, 9, "The file could not be fetched.")
    assert log.url == MessageFile.objects.get().url

    shelf.put("a", gives(JPEG))
    answer = client.post(again)
    assert answer.status_code == 200
    assert 'data-look="pending"' in answer.content.decode()
    fetch_due(1)
    assert 'data-look="picture"' in thread(api, conversation)
    assert client.post(again).status_code == 422


def test_a_picture_goes_by_mms_where_there_is_mms() -> None:
    api = caller()
    conversation, client = talk(api), page_of(api)
    uploaded = attach(client, conversation, PNG, "Menú.png", "image/png").json()
    assert (uploaded["name"], uploaded["note"]) == ("Menú.png", "")
    body = {"text": "", "uid": str(uuid4()), "file": [uploaded["id"]]}
    url = f"/conversations/{conversation.pk}/send/"
    assert client.post(url, body).status_code == 201
    assert client.post(url, body).status_code == 201
    delivery = Delivery.objects.get()
    [media] = as_message(Row.of_delivery(delivery), "x").media
    token = re.findall(r"/m/(\w+)/$", media.url)[0]
    assert open_token(token) == StoredFile.objects.get().pk
    assert (media.content_type, media.size) == ("image/png", len(PNG))
    message = Message.objects.get(direction="outbound", kind="text")
    assert "/m/" not in str(message.data)
    assert f'<img src="/files/{uploaded["id"]}/"' in thread(api, conversation)
    assert MessageFile.objects.get().message_uid == message.uid


def test_where_there_is_none_it_goes_as_a_link_that_opens() -> None:
    api = caller()
    conversation, client = talk(api, SPANISH), page_of(api)
    uploaded = attach(client, conversation, PNG, "a.png", "image/png").json()
    assert uploaded["note"] == "Goes as a link: this number takes no files."
    body = {"text": "Mira", "uid": str(uuid4()), "file": [uploaded["id"]]}
    assert client.post(f"/conversations/{conversation.pk}/send/", body).status_code == 201
    content = Delivery.objects.get().content
    assert "media" not in content
    found = re.fullmatch(r"Mira\n\na\.png: https?://[^/]+(/m/\w+/)", content["text"])
    assert found is not None
    answer: Any = Client().get(found[1])
    assert b"".join(answer.streaming_content) == PNG


def test_a_file_that_is_too_large_for_mms_is_said_to_go_as_a_link() -> None:
    api = caller()
    conversation = talk(api)
    answer = attach(page_of(api), conversation, VCARD + b" " * 600_000, "a.vcf", "text/vcard")
    assert answer.json()["note"] == "Goes as a link: it is too large for this channel."


def test_an_upload_in_the_composer_is_refused_in_words() -> None:
    api = caller()
    conversation = talk(api)
    answer = attach(page_of(api), conversation, HTML, "a.png", "image/png")
    assert answer.status_code == 422
    assert answer.json() == {"errors": {"file": ["This type of file is not accepted."]}}
    other = builders.conversation(builders.channel())
    assert attach(page_of(api), other, PNG, "a.png", "image/png").status_code == 404
    assert not StoredFile.objects.exists()


def test_content_with_files_over_the_api() -> None:
    api = caller()
    conversation = talk(api)
    file = upload(api, PNG).json()["id"]
    card = {"title": "Sea", "media": {"file": file}}
    content = {"text": "Look", "media": [{"file": file}], "cards": [card]}
    url = f"conversations/{conversation.pk}/messages/"
    answer = api.post(url, {"content": content})
    assert answer.status_code == 201, answer.content
    about = {"file": file, "content_type": "image/png", "name": "a.png", "size": len(PNG)}
    assert answer.json()["content"] == {
        "text": "Look",
        "media": [about],
        "cards": [{"title": "Sea", "media": about}],
    }
    assert [row["id"] for row in answer.json()["attachments"]] == [file]
    assert f"/files/{file}/" in thread(api, conversation)


@pytest.mark.parametrize(
    ("media", "field"),
    [
        ({"file": "x"}, "content.media.0.file"),
        ({"file": str(uuid4())}, "content.media.0.file"),
        ({"file": str(uuid4()), "url": "https://x.example/"}, "content.media.0.url"),
        ({"file": ""}, "content.media.0.file"),
        ({}, "content.media.0.url"),
    ],
)
def test_a_file_that_is_not_there_is_named(media: dict[str, str], field: str) -> None:
    api = caller()
    url = f"conversations/{talk(api).pk}/messages/"
    answer = api.post(url, {"content": {"text": "Look", "media": [media]}})
    assert answer.status_code == 400
    assert field in errors(answer)
    assert not Message.objects.filter(direction="outbound").exists()


def test_another_workspaces_file_cannot_be_sent() -> None:
    api, theirs = caller(), caller()
    file = upload(theirs, PNG).json()["id"]
    conversation = talk(api)
    url = f"conversations/{conversation.pk}/messages/"
    answer = api.post(url, {"content": {"media": [{"file": file}]}})
    assert list(errors(answer)) == ["content.media.0.file"]
    body = {"text": "", "uid": str(uuid4()), "file": [file]}
    sent = page_of(api).post(f"/conversations/{conversation.pk}/send/", body)
    assert sent.status_code == 422
    assert not Delivery.objects.exists()


def test_what_was_sent_stays_and_goes_with_the_contact(folder: Path, shelf: Shelf) -> None:
    api = caller()
    conversation, other = talk(api), talk(api, SPANISH)
    customer_sends(conversation, shelf.put("a", gives(JPEG)))
    fetch_due(1)
    shared = upload(api, PNG).json()["id"]
    for one in (conversation, other):
        api.post(f"conversations/{one.pk}/messages/", {"content": {"media": [{"file": shared}]}})
    assert erase_files(conversation.contact) == 1
    assert str(StoredFile.objects.get().uid) == shared
    assert erase_files(other.contact) == 1
    assert not [path for path in folder.rglob("*") if path.is_file()]
    assert not MessageFile.objects.exists()
