"""What customers send is fetched once, bounded, and only from where it may be."""

import base64
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Message
from gateway.drain import drain
from gateway.media.cleaning import sweep_unused
from gateway.media.fetching import ATTEMPTS, fetch_due
from gateway.media.models import FileState, MessageFile, StoredFile
from gateway.models import Channel
from tests import builders
from tests.gateway import twilio
from tests.gateway.media.shelf import (
    HTML,
    JPEG,
    PNG,
    SVG,
    VCARD,
    Answer,
    Shelf,
    gives,
    moved,
    says,
    streams,
)

pytestmark = pytest.mark.django_db(transaction=True)


def sends(channel: Channel, *files: tuple[str, str], text: str = "Look") -> None:
    """A customer sends files (URL, type); the message is there, the files are expected."""
    media = {"NumMedia": str(len(files))}
    for n, (url, kind) in enumerate(files):
        media |= {f"MediaUrl{n}": url, f"MediaContentType{n}": kind}
    fields = twilio.inbound_fields(channel, "+14155550100", text, **media)
    assert twilio.post(channel, fields).status_code == 200
    drain()


def fetched(shelf: Shelf, answer: Answer, kind: str = "image/jpeg") -> MessageFile:
    """What becomes of one file."""
    sends(builders.channel(), (shelf.put("a", answer), kind))
    fetch_due(1)
    return MessageFile.objects.get()


def test_a_picture_is_fetched_once_and_kept(shelf: Shelf, folder: Path) -> None:
    row = fetched(shelf, gives(JPEG))
    assert (row.state, row.content_type, row.size) == (FileState.STORED, "image/jpeg", len(JPEG))
    assert row.message_uid == Message.objects.get().uid
    file = row.file
    assert file is not None
    assert (file.workspace_id, file.name) == (row.workspace_id, "picture.jpg")
    assert (folder / file.path).read_bytes() == JPEG
    fetch_due(1)
    assert len(shelf.asked) == 1


def test_credentials_go_to_the_provider_and_not_where_it_sends_us(shelf: Shelf) -> None:
    shelf.answers["/cdn/a"] = gives(PNG, "image/png")
    assert fetched(shelf, moved("/cdn/a")).state == FileState.STORED
    (_path, first), (second, nothing) = shelf.asked
    assert base64.b64decode(first.removeprefix("Basic ")).decode() == (
        f"{builders.SID}:{builders.TOKEN}"
    )
    assert (second, nothing) == ("/cdn/a", "")


def test_a_file_of_another_account_gets_no_credentials(shelf: Shelf) -> None:
    shelf.answers["/twilio/2010-04-01/Accounts/ACother/a"] = gives(JPEG)
    sends(builders.channel(), (f"{shelf.url}/twilio/2010-04-01/Accounts/ACother/a", "image/jpeg"))
    fetch_due(1)
    assert shelf.asked == [("/twilio/2010-04-01/Accounts/ACother/a", "")]


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://127.0.0.1:9/", "private"),
        ("http://localhost/", "private"),
        ("http://169.254.169.254/latest/meta-data/", "private"),
        ("http://[::1]/", "private"),
        ("file:///etc/passwd", "private"),
        ("http://[bad", "answer"),
    ],
)
@pytest.mark.parametrize("debug", [True, False])
def test_a_redirect_leads_into_no_private_network(
    shelf: Shelf, settings: Any, location: str, reason: str, debug: bool
) -> None:
    settings.DEBUG = debug
    row = fetched(shelf, moved(location))
    assert (row.state, row.error, row.file) == (FileState.REFUSED, reason, None)


def test_redirects_come_to_an_end(shelf: Shelf) -> None:
    row = fetched(shelf, moved("a"))
    assert (row.state, row.error) == (FileState.REFUSED, "redirects")
    assert len(shelf.asked) == 4


def test_three_redirects_are_followed(shelf: Shelf) -> None:
    shelf.answers |= {"/1": moved("/2"), "/2": moved("/3"), "/3": gives(JPEG)}
    assert fetched(shelf, moved("/1")).state == FileState.STORED


@pytest.mark.parametrize(
    "url",
    [
        "https://files.example.org/a.jpg",
        "http://127.0.0.1:9/a.jpg",
        "https://api.twilio.com@evil.example/a.jpg",
        "ftp://x/a",
        "http://[bad",
        "",
    ],
)
def test_only_the_providers_own_hosts_are_asked(shelf: Shelf, url: str) -> None:
    sends(builders.channel(), (url or "x", "image/jpeg"))
    fetch_due(1)
    row = MessageFile.objects.get()
    assert row.state == FileState.REFUSED
    assert row.error in {"host", "answer"}
    assert shelf.asked == []


@pytest.mark.parametrize("answer", [gives(JPEG + b"\0" * 60_000), streams(80_000)])
def test_what_is_too_large_is_refused(
    shelf: Shelf, settings: Any, folder: Path, answer: Answer
) -> None:
    settings.MEDIA_MAX_BYTES = 50_000
    row = fetched(shelf, answer)
    assert (row.state, row.error) == (FileState.REFUSED, "too_large")
    assert not StoredFile.objects.exists()
    assert not folder.exists()


@pytest.mark.parametrize("data", [HTML, b"\xef\xbb\xbf\n " + HTML, SVG, b"MZ\x90\x00", b"text"])
def test_what_is_no_picture_by_its_bytes_is_refused(shelf: Shelf, data: bytes) -> None:
    row = fetched(shelf, gives(data))
    assert (row.state, row.error) == (FileState.REFUSED, "wrong_type")
    assert not StoredFile.objects.exists()


def test_nothing_is_unpacked(shelf: Shelf) -> None:
    row = fetched(shelf, gives(JPEG, **{"Content-Encoding": "gzip"}))
    assert (row.state, row.error) == (FileState.REFUSED, "answer")


def test_a_picture_under_a_wrong_name_is_what_it_is(shelf: Shelf) -> None:
    row = fetched(shelf, gives(PNG, "text/html"), "text/html")
    assert (row.state, row.content_type, row.name) == (
        FileState.STORED,
        "image/png",
        "picture.png",
    )


def test_a_contact_card_is_kept(shelf: Shelf) -> None:
    row = fetched(shelf, gives(VCARD, "text/x-vcard"), "text/x-vcard")
    assert (row.content_type, row.name) == ("text/vcard", "contact.vcf")


@pytest.mark.parametrize(("status", "reason"), [(404, "gone"), (410, "gone"), (400, "answer")])
def test_some_answers_are_final(shelf: Shelf, status: int, reason: str) -> None:
    row = fetched(shelf, says(status))
    assert (row.state, row.error, row.attempts) == (FileState.REFUSED, reason, 1)


@pytest.mark.parametrize(
    ("status", "reason"), [(500, "unreachable"), (429, "unreachable"), (401, "denied")]
)
def test_others_are_tried_again_later_and_not_for_ever(
    shelf: Shelf, status: int, reason: str
) -> None:
    row = fetched(shelf, says(status))
    assert (row.state, row.error) == (FileState.PENDING, "")
    assert timedelta(seconds=3) < row.due_at - timezone.now() < timedelta(seconds=7)
    fetch_due(1)
    assert len(shelf.asked) == 1
    for _ in range(ATTEMPTS):
        MessageFile.objects.update(due_at=timezone.now())
        fetch_due(1)
    row.refresh_from_db()
    assert (row.state, row.error) == (FileState.FAILED, reason)
    assert len(shelf.asked) == ATTEMPTS


def test_what_failed_first_may_come_later(shelf: Shelf) -> None:
    row = fetched(shelf, says(503))
    shelf.put("a", gives(JPEG))
    MessageFile.objects.update(due_at=timezone.now())
    fetch_due(1)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (FileState.STORED, 2)


def test_two_workers_fetch_each_file_once(shelf: Shelf) -> None:
    channel = builders.channel()
    urls = [shelf.put(f"{n}", gives(JPEG)) for n in range(20)]
    for start in (0, 10):
        sends(channel, *((url, "image/jpeg") for url in urls[start : start + 10]))

    def work() -> None:
        fetch_due(5)
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert len(shelf.asked) == len(set(shelf.asked)) == 20
    assert MessageFile.objects.filter(state=FileState.STORED).count() == 20


def test_a_dead_workers_file_is_fetched_by_another(shelf: Shelf) -> None:
    sends(builders.channel(), (shelf.put("a", gives(JPEG)), "image/jpeg"))
    # Claimed, and then nothing: the lease runs out.
    MessageFile.objects.update(attempts=1, due_at=timezone.now() + timedelta(minutes=1))
    fetch_due(1)
    assert shelf.asked == []
    MessageFile.objects.update(due_at=timezone.now())
    fetch_due(1)
    assert MessageFile.objects.get().state == FileState.STORED


def test_a_worker_that_comes_back_too_late_changes_nothing(shelf: Shelf, folder: Path) -> None:
    async def slowly(request: Any) -> Any:
        # Meanwhile another worker has taken it over.
        def claim() -> None:
            MessageFile.objects.update(attempts=5)
            connections.close_all()

        thread = threading.Thread(target=claim)
        thread.start()
        thread.join(10)
        return await gives(JPEG)(request)

    row = fetched(shelf, slowly)
    assert (row.state, row.attempts, row.file) == (FileState.PENDING, 5, None)
    # What it brought belongs to nobody, and is swept.
    assert sweep_unused(timezone.now()) == 1
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_a_repeated_webhook_expects_nothing_new(shelf: Shelf) -> None:
    channel = builders.channel()
    media = {
        "NumMedia": "1",
        "MediaUrl0": shelf.put("a", gives(JPEG)),
        "MediaContentType0": "image/jpeg",
    }
    fields = twilio.inbound_fields(channel, "+14155550100", "Look", **media)
    for _ in range(2):
        twilio.post(channel, fields)
        drain()
    assert MessageFile.objects.count() == 1


def statements(count: int, files: int) -> int:
    """How many statements a batch of messages takes."""
    channel = builders.channel()
    for _ in range(count):
        media = {"NumMedia": str(files)}
        for place in range(files):
            media |= {f"MediaUrl{place}": f"https://x/{place}", f"MediaContentType{place}": "a/b"}
        twilio.post(channel, twilio.inbound_fields(channel, "+14155550100", "Hi", **media))
    with CaptureQueriesContext(
        connection,
    ) as captured:
        drain()
    return len(captured)


def test_files_cost_two_statements_a_batch_and_nothing_without() -> None:
    statements(1, 0)
    bare = statements(2, 0)
    assert statements(30, 0) == bare
    assert statements(2, 1) == statements(30, 3) == bare + 2
