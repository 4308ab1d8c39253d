"""Mails, file by file, and what they mean."""

from datetime import UTC, datetime

import pytest

from channels_email.parsing import file_of
from gateway.errors import Malformed
from gateway.events import Attachment, InboundMessage
from gateway.mail import Mailbox
from tests.channels_email.mails import NAMES, mail, message, payload, read

PNG = b"\x89PNG"
# What each mail says, and its files by name.
SAID: dict[str, tuple[str, dict[str, bytes]]] = {
    "after_last_delimiter": ("one", {"late.txt": b"late"}),
    "alternative_related": (
        "Look at this picture, it is broken in two.",
        {"image001.png": PNG, "factura año.pdf": b"%PDF-1.4 invoice"},
    ),
    "attachment_names": (
        "text",
        {
            "factura año.pdf": b"1",
            "photo.jpg": b"2",
            "passwd": b"3",
            "año.txt": b"4",
            "plain.txt": b"5",
            "gpj. gvs": b"<svg/>",
            "part-1.8.pdf": b"%PDF",
        },
    ),
    "bare_cr": ("Line one\nLine two", {}),
    "base64_broken": ("Hello world!", {}),
    "boundary_missing_end": ("First", {"a.png": PNG}),
    "boundary_never_occurs": ("Just words.", {}),
    "boundary_none": ("No boundary at all.", {}),
    "boundary_prefix": ("one --abc is no delimiter\n--abcd\nneither is this", {}),
    "charset_ascii_with_utf8": ("naïve façade", {}),
    "charset_gb2312_superset": ("您好，我的訂單在哪裡？謝謝您", {}),
    "charset_iso2022jp": ("注文した商品はどこですか。", {}),
    "charset_koi8r": ("Здравствуйте, где мой заказ?", {}),
    "charset_ks_c": ("주문한 상품은 어디에 있나요?", {}),
    "charset_lies_utf8": ("La señora Muñoz pidió café y té en París", {}),
    "charset_shift_jis_ms": ("注文①はどこですか。", {}),
    "charset_undeclared_cyrillic": (
        "Здравствуйте, я хочу узнать, где сейчас находится мой заказ.",
        {},
    ),
    "charset_unknown": ("Where is the café?", {}),
    "charset_utf16": ("Where is it? ¿Dónde está?", {}),
    "charset_utf7": ("Grüße aus Köln", {}),
    "charset_windows1252_as_latin1": ("It’s “late” – 20 € please", {}),
    "charset_windows1256": ("أين طلبي من فضلك؟", {}),
    "content_type_broken": ("said to be text", {}),
    "delivered_to": ("Forwarded by an alias.", {}),
    "digest": ("", {"one.eml": b"Subject: one", "two.eml": b"Subject: two"}),
    "empty": ("", {}),
    "encoding_unknown": ("readable all the same", {}),
    "forged_token": ("Let me in.", {}),
    "forwarded_inline": (
        "What is this?\n\n---------- Forwarded message ---------\n"
        "From: Shop <billing@shop.example>\nDate: Mon, 16 Nov 2026\nSubject: invoice\nTo: Ana\n\n"
        "You owe us 10 EUR.",
        {},
    ),
    "forwarded_mail": ("Please see the mail below.", {"I am not amused.eml": b"From: boss"}),
    "group_and_comments": ("", {}),
    "header_broken_words": ("x", {}),
    "header_raw_latin1": ("Hola", {}),
    "header_split_character": ("hi", {}),
    "html_only": ("Hello,\n\nthe parcel is broken.\nSee here <https://photos.example/1>.", {}),
    "invitation": (
        "Does that suit you?\n\nInvitation: Visit, with the technician\n"
        "When: 2026-11-25 10:00 – 11:30 (Europe/Madrid)\nWhere: Calle Mayor 1\n"
        "Organizer: ana@customer.example",
        {"part-1.2.ics": b"BEGIN:VCALENDAR"},
    ),
    "long_message_id": ("long", {}),
    "mbox_from_line": ("From a mailbox file.", {}),
    "newsletter": ("Buy!", {}),
    "no_blank_line": ("This line is no header and begins the text.", {}),
    "no_from": ("from nobody", {}),
    "no_headers": ("Hello, I am only a body.\nReally: nothing else, see?", {}),
    "no_message_id": ("No id here.", {}),
    "out_of_office": ("I am away.", {}),
    "outlook_html": ("Ja, bitte gerne. Grüße", {}),
    "pgp_encrypted": ("", {"part-1.1.asc": b"Version: 1", "encrypted.asc": b"-----BEGIN PGP"}),
    "plain": ("Hola, ¿dónde está mi pedido 1234?", {}),
    "question": ("It should have come on Monday.", {}),
    "quoted_printable_broken": ("a=zz b= cé d=3", {}),
    "reply": ("Yes, the blue one please.", {}),
    "smime_encrypted": ("", {"smime.p7m": b"enveloped"}),
    "smime_signed": ("Signed words.", {"smime.p7s": b"signature"}),
    "texts_around_a_picture": ("Before\n\nAfter", {"a.png": PNG}),
    "uuencoded": ("Here is the file.\n\n\nThat was it.", {"notes.txt": b"uuencoded notes"}),
    "winmail": ("Plain words from Outlook", {"informe anual.txt": b"the report"}),
    "winmail_broken": ("See the file.", {"winmail.dat": b"\x78\x9f\x3e\x22"}),
}


@pytest.mark.parametrize("name", SAID)
def test_a_mail_says_this_and_carries_these_files(name: str) -> None:
    text, files = SAID[name]
    raw = payload(name)
    event = message(raw)
    assert event.text == text
    assert [one.name for one in event.attachments] == list(files)
    for one in event.attachments:
        data = file_of(raw, one.inside)
        assert data.startswith(files[one.name])
        assert one.size == len(data)
        assert one.url == ""


def test_every_mail_that_lies_here_is_looked_at() -> None:
    inbound = {name for name in NAMES if any(isinstance(e, InboundMessage) for e in _of(name))}
    assert inbound == set(SAID)


def _of(name: str) -> list[object]:
    return list(read(payload(name)))


def test_who_wrote_and_to_whom() -> None:
    event = message(payload("plain"))
    assert (event.sender, event.sender_name) == ("ana@customer.example", "Ana García")
    assert event.recipient == "support@shop.example"
    assert event.occurred_at == datetime(2026, 11, 16, 9, 15, tzinfo=UTC)
    assert event.external_id == "plain@customer.example"
    mail = event.mail
    assert mail is not None
    assert mail.subject == "¿Mi pedido?"
    assert mail.folded == "-- \nAna García"
    assert mail.to == (
        Mailbox("support@shop.example", "Support"),
        Mailbox("john@partner.example", "Doe, John"),
    )
    assert mail.cc == (Mailbox("andre@partner.example", "André"),)
    assert mail.reply_to == (Mailbox("ana.private@customer.example"),)
    assert (mail.html, mail.in_reply_to, mail.references, mail.token) == ("", "", (), "")
    assert (event.reply_to, event.refers_to) == ("", ())
    assert event.thread == "plain@customer.example"


NAMED = {
    "group_and_comments": ("ana@customer.example", 'Ana "la jefa" (a nested comment)'),
    "header_broken_words": ("joerg@customer.example", "Smith, Jörg"),
    "header_raw_latin1": ("jose@customer.example", "José Muñoz"),
    "header_split_character": ("taro@customer.example", "山田以 太郎"),
    "no_from": ("unknown@sender.invalid", ""),
    "no_headers": ("unknown@sender.invalid", ""),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_name_is_read_however_it_is_written(name: str) -> None:
    event = message(payload(name))
    assert (event.sender, event.sender_name) == NAMED[name]


def test_without_a_from_the_envelope_says_who_wrote() -> None:
    event = message(payload("no_from"), "<Bounce@Customer.example>")
    assert event.sender == "bounce@customer.example"


def test_what_an_answer_refers_to() -> None:
    event = message(payload("reply"))
    ours = "11111111-1111-4111-8111-111111111111@shop.example"
    assert event.reply_to == ours
    assert event.refers_to == (ours, "mid@customer.example", "root@customer.example")
    assert event.thread == "root@customer.example"
    assert event.mail is not None
    assert event.mail.references == ("root@customer.example", "mid@customer.example", ours)
    assert event.mail.folded.startswith("On Mon, Nov 16, 2026 at 5:00 PM Shop Support")


TOKEN = "0b5f4c1e6a2d4f3e9c8b7a6d5e4f3a2b"


@pytest.mark.parametrize(
    ("name", "token"), [("reply", TOKEN), ("delivered_to", TOKEN), ("forged_token", "")]
)
def test_a_token_counts_where_we_have_signed_it(name: str, token: str) -> None:
    event = message(payload(name))
    assert event.mail is not None
    assert event.mail.token == token
    assert not event.automatic


def test_a_reply_address_is_shown_as_the_mailbox() -> None:
    event = message(payload("reply"))
    assert event.mail is not None
    assert event.mail.to == (Mailbox("support@shop.example", "Support"),)
    assert event.recipient == "support@shop.example"


def test_a_token_in_the_envelope() -> None:
    delivered = payload("delivered_to").split(b"\r\n")[0].partition(b": ")[2].decode()
    event = message(mail("hi"), "", delivered)
    assert event.mail is not None
    assert event.mail.token == TOKEN


def test_mail_without_an_id_has_the_same_one_each_time() -> None:
    raw = payload("no_message_id")
    first = message(raw).external_id
    again = message(b"Received: by another server\r\n" + raw.replace(b"\r\n", b"\n")).external_id
    assert first == again
    assert first.endswith("@no-id.invalid")
    assert message(raw.replace(b"No id here", b"Another")).external_id != first


def test_a_long_id_fits() -> None:
    event = message(payload("long_message_id"))
    assert event.external_id.endswith("@long.invalid")
    assert len(event.external_id) <= 255


def test_a_picture_in_the_html_keeps_its_name() -> None:
    event = message(payload("alternative_related"))
    picture, invoice = event.attachments
    assert picture == Attachment("", "image/png", "image001.png", 70, "1.1.2.2", "image001.png@01D")
    assert invoice.content_type == "application/pdf"
    assert event.mail is not None
    assert 'src="cid:image001.png@01D"' in event.mail.html


def test_a_part_that_is_not_there() -> None:
    raw = payload("alternative_related")
    for part in ("", "2", "1.9", "1/uu/0", "1.2/tnef/0", "1/uu/-1", "1/uu/x", "\0", "1.1/"):
        if part == "1.1/":
            continue
        with pytest.raises(KeyError):
            file_of(raw, part)


def test_long_texts_are_cut_and_kept_whole_beside() -> None:
    raw = mail("word " * 40_000)
    event = message(raw)
    assert len(event.text) <= 100_000
    (whole,) = event.attachments
    assert whole.content_type == "text/plain"
    assert file_of(raw, whole.inside).count(b"word") == 40_000


def test_many_files_come_with_the_whole_mail() -> None:
    part = "--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n"
    raw = mail(part * 1000, "Content-Type: multipart/mixed; boundary=b")
    event = message(raw)
    assert len(event.attachments) == 200
    assert event.attachments[-1].name == "mail.eml"
    assert file_of(raw, event.attachments[-1].inside) == raw


def test_more_than_200_nested_parts_are_refused_after_reading_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_at = _counted(monkeypatch)
    nested = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(10_000)
    )
    with pytest.raises(Malformed, match="200 deep"):
        read(mail("x", nested[:-2].rstrip()))
    assert len(looked_at) <= 201


def test_more_than_10_000_parts_are_refused_after_reading_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_at = _counted(monkeypatch)
    with pytest.raises(Malformed, match="10000 parts"):
        read(mail("--b\r\n\r\nx\r\n" * 50_000, "Content-Type: multipart/mixed; boundary=b"))
    assert len(looked_at) <= 10_001


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    from channels_email.parsing import headers

    looked_at: list[int] = []
    real = headers.read

    def counting(raw: bytes, start: int, end: int, limit: int) -> object:
        looked_at.append(start)
        return real(raw, start, end, limit)

    monkeypatch.setattr(headers, "read", counting)
    return looked_at


@pytest.mark.parametrize(
    "headers",
    [
        "X-Long: " + "x" * 1_100_000,
        "\r\n".join(["X-Many: x"] * 110_000),
        "A: b\r\n " + " x" * 600_000,
    ],
)
def test_more_than_a_megabyte_of_headers_is_refused(headers: str) -> None:
    with pytest.raises(Malformed, match="bytes of headers"):
        read(mail("x", headers))


def test_headers_of_all_parts_count_together() -> None:
    part = "--b\r\nX: " + "x" * 300_000 + "\r\n\r\nx\r\n"
    with pytest.raises(Malformed, match="bytes of headers"):
        read(mail(part * 4, "Content-Type: multipart/mixed; boundary=b"))


def test_twenty_nested_mails_are_one_file() -> None:
    nested = "Content-Type: message/rfc822\r\n\r\n" * 10_000
    event = message(mail("", nested.rstrip()))
    assert len(event.attachments) == 1
