"""Odd mails of every shape: each is taken in, and nothing that it says is lost."""

import base64
import quopri

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_email.parsing import events_of, file_of
from gateway.addresses import EMAIL, normalize
from gateway.events import Event, InboundMessage
from tests.channels_email.mails import NAMES, OWN, SECRET, mail, message, payload

NEEDLE = "Nadelöhr"
CHARSETS = ["utf-8", "iso-8859-1", "windows-1252", "utf-16", "utf-7", "cp850", "mac_roman"]
LABELS = ["", "utf-8", "us-ascii", "x-none", '"utf-8', "unknown-8bit", "idna", "zlib", "\0"]
HEADERS = [
    "Subject: =?utf-8?B?{}?=",
    "Subject: {}",
    "From: {} <ana@customer.example>",
    "From: {}",
    "From: {}@{}",
    "To: {}, support@shop.example",
    "Cc: {}: a@b.example;",
    "Date: {}",
    "Message-ID: {}",
    "Message-ID: <{}>",
    "References: <{}> {} <",
    "In-Reply-To: {}",
    "Content-Language: {}",
    "Received: ({})",
    "{}: {}",
    "{}",
    " {}",
    "Auto-Submitted: {}",
    "Reply-To: {}",
]
odd_text = st.text(max_size=60)
odd_bytes = st.binary(max_size=60)


@st.composite
def headers(draw: st.DrawFn) -> bytes:
    """Some header lines, more or less broken."""
    lines = []
    for shape in draw(st.lists(st.sampled_from(HEADERS), max_size=6)):
        value = draw(odd_text).encode("utf-8", "surrogatepass") if draw(st.booleans()) else None
        filled = draw(odd_bytes) if value is None else value
        filled = filled.replace(b"\n", b" ").replace(b"\r", b" ")
        line = shape.encode().replace(b"{}", filled)
        lines += [line] if line.strip() else []  # an empty one would end the head
    return b"".join(line + b"\r\n" for line in lines)


@st.composite
def leaf(draw: st.DrawFn) -> bytes:
    """A text or a file in which the needle is, in some charset and encoding."""
    charset = draw(st.sampled_from(CHARSETS))
    more = draw(st.sampled_from(["", "x" * 2000, "ñ", "line\nline"]))
    words = f"{NEEDLE} {more}"
    data = words.encode(charset, "replace")
    encoding = draw(st.sampled_from(["base64", "quoted-printable", "8bit", "", "x-odd"]))
    if encoding == "base64":
        data = base64.encodebytes(data)
    elif encoding == "quoted-printable":
        data = quopri.encodestring(data)
    kind = draw(st.sampled_from(["text/plain", "text/html", "TEXT/Plain", "application/x", "x"]))
    head = f"Content-Type: {kind}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n"
    more = draw(st.sampled_from(["", "Content-Disposition: attachment; filename={}\r\n"]))
    name = draw(odd_text).replace("\n", "").replace("\r", "")
    return (head + more.replace("{}", name)).encode("utf-8", "replace") + b"\r\n" + data


@st.composite
def nested(draw: st.DrawFn, depth: int = 0) -> bytes:
    """A part, perhaps of parts."""
    if depth > 4 or draw(st.integers(0, 2)) == 0:
        return draw(leaf())
    boundary = f"b{depth}-{draw(st.integers(0, 9))}"
    kind = draw(st.sampled_from(["mixed", "related", "alternative", "signed", "odd", "digest"]))
    parts = draw(st.lists(nested(depth=depth + 1), min_size=1, max_size=3))
    end = draw(st.sampled_from([f"--{boundary}--\r\n", "", f"--{boundary}--"]))
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\npreamble\r\n'
    body = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
    return head.encode() + body + end.encode()


def look(raw: bytes, events: list[Event]) -> None:
    """Whatever came out can be stored, and every file that it names is there."""
    for event in events:
        if not isinstance(event, InboundMessage):
            continue
        assert event.mail is not None
        assert event.sender == normalize(EMAIL, event.sender)
        assert 0 < len(event.external_id) <= 255
        assert 0 < len(event.thread) <= 255
        shown = [event.text, event.sender_name, event.mail.subject, event.mail.folded]
        shown += [event.mail.html, *(box.name for box in event.mail.to), event.external_id]
        for text in [*shown, *(one.name for one in event.attachments), *event.refers_to]:
            assert "\0" not in text
            text.encode()
        for one in event.attachments:
            assert one.size == len(file_of(raw, one.inside))
            assert 0 < len(one.name) <= 200


def taken_in(raw: bytes, label: str = "") -> list[Event]:
    events = events_of(raw, envelope_from="", envelope_to="", own_addresses=OWN, secret=SECRET)
    look(raw, events)
    return events


ODD = settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))


@ODD
@given(headers(), nested())
def test_odd_mails_are_taken_in_and_none_is_lost(head: bytes, body: bytes) -> None:
    raw = head + b"MIME-Version: 1.0\r\n" + body
    (event,) = taken_in(raw)
    assert isinstance(event, InboundMessage)
    assert event.mail is not None
    files = [file_of(raw, one.inside) for one in event.attachments]
    said = (event.text + event.mail.folded).encode() + b"".join(files)
    known = [NEEDLE.encode(charset, "replace") for charset in CHARSETS]
    assert any(needle.removeprefix(b"\xff\xfe") in said for needle in known)


@ODD
@given(st.sampled_from(NAMES), st.data())
def test_damaged_mails_are_taken_in(name: str, data: st.DataObject) -> None:
    raw = bytearray(payload(name))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        length = data.draw(st.integers(0, 200))
        raw[at : at + length] = data.draw(odd_bytes)
    taken_in(bytes(raw))


@ODD
@given(st.binary(max_size=2_000))
def test_any_bytes_are_taken_in(raw: bytes) -> None:
    assert taken_in(raw) != []


@pytest.mark.parametrize("label", LABELS)
def test_no_charset_is_a_surprise(label: str) -> None:
    raw = mail("Where is it? ñ", f"Content-Type: text/plain; charset={label}")
    assert message(raw).text.startswith("Where is it?")


MEGABYTES = 25 * 2**20
HUGE = {
    "words": lambda: mail("word " * (MEGABYTES // 5)),
    "one line of text": lambda: mail("x" * MEGABYTES),
    "empty lines": lambda: mail("\n" * MEGABYTES),
    "quotes": lambda: mail("> " * (MEGABYTES // 2)),
    "quoted lines": lambda: mail("> x\n" * (MEGABYTES // 4)),
    "no header": lambda: b"x" * MEGABYTES,
    "no text": lambda: b"\0" * MEGABYTES,
    "carriage returns": lambda: b"a: b\r" + b"\r" * MEGABYTES,
    "html": lambda: mail("<p>x</p>" * (MEGABYTES // 8), "Content-Type: text/html"),
    "open tags": lambda: mail("<div><b>" * (MEGABYTES // 8), "Content-Type: text/html"),
    "less-than signs": lambda: mail("<" * MEGABYTES, "Content-Type: text/html"),
    "paddings": lambda: mail("A=" * (MEGABYTES // 2), "Content-Transfer-Encoding: base64"),
    "escapes": lambda: mail(
        "=41" * (MEGABYTES // 3), "Content-Transfer-Encoding: quoted-printable"
    ),
    "begins": lambda: mail("begin 644 x\n" * (MEGABYTES // 12)),
    "begins and ends": lambda: mail("begin 644 x\nend\n" * (MEGABYTES // 16)),
    "dashes": lambda: mail("-" * MEGABYTES, f"Content-Type: multipart/mixed; boundary={'-' * 50}"),
    "attachment": lambda: mail(
        "--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + "QUJD" * (MEGABYTES // 4)
        + "\r\n--b--",
        "Content-Type: multipart/mixed; boundary=b",
    ),
    "winmail": lambda: mail(
        base64.encodebytes(
            b"\x78\x9f\x3e\x22\0\0" + b"\2\2\x90\6\0\0\0\0\0\0\0" * 1_500_000
        ).decode(),
        "Content-Type: application/ms-tnef",
        "Content-Transfer-Encoding: base64",
    ),
    "calendar": lambda: mail("BEGIN:VEVENT\n" * (MEGABYTES // 13), "Content-Type: text/calendar"),
}


@pytest.mark.parametrize("name", HUGE)
def test_mails_of_25_megabytes_are_taken_in(name: str) -> None:
    (event,) = taken_in(HUGE[name]())
    assert isinstance(event, InboundMessage)
    assert event.mail is not None
    assert len(event.text) <= 100_000
    assert len(event.mail.html) <= 2 * 2**20


HEADS = {
    "parameters": "Content-Type: text/plain" + '; a="' * 100_000,
    "pieces": "Content-Disposition: attachment"
    + "".join(f"; filename*{n}=x" for n in range(9_999)),
    "words": "Subject: " + "=?utf-8?q?x?=" * 70_000,
    "half words": "Subject: " + "=?" * 400_000,
    "comments": "From: " + "(" * 500_000,
    "addresses": "To: " + "a@b.example, " * 60_000,
    "quotes": 'To: "' + '\\"' * 400_000,
    "references": "References: " + "<a@b>" * 100_000,
    "angles": "References: " + "<" * 900_000,
    "continued": "Subject: x" + "\r\n y" * 250_000,
    "many": "\r\n".join(["X: y"] * 150_000),
    "date": "Date: " + "1" * 900_000,
}


@pytest.mark.parametrize("name", HEADS)
def test_heads_of_almost_a_megabyte_are_taken_in(name: str) -> None:
    (event,) = taken_in(mail("hello", HEADS[name]))
    assert isinstance(event, InboundMessage)
    assert event.mail is not None
    assert len(event.mail.subject) <= 1_000
    assert len(event.mail.to) <= 500
    assert len(event.mail.references) <= 100
