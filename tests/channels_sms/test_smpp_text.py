"""Texts on the wire: vectors, and the simulator's own reading of the same specification."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_sms.segments import EXTENSION, GSM, segment
from channels_sms.smpp_text import Place, decode, from_gsm, header, joined, parts, without_header
from simulator import smsc_codec

CHARACTERS = st.sampled_from(sorted(GSM)) | st.characters(blacklist_categories=["Cs"])


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("@£$¥", "00010203"),
        ("Hi {€}", "4869201b281b651b29"),
        ("ñ ¿ à Ω", "7d2060207f2015"),
        ("\f^\\[~]|", "1b0a1b141b2f1b3c1b3d1b3e1b40"),
    ],
)
def test_gsm_vectors(text: str, octets: str) -> None:
    [part] = parts(text)
    assert (part.data.hex(), part.coding) == (octets, 0)
    assert decode(part.data, 0, "gsm") == text


def test_the_whole_alphabet_both_ways() -> None:
    for char in GSM:
        [part] = parts(char)
        assert part.coding == 0
        assert from_gsm(part.data) == smsc_codec.text_of(part.data, 0) == char
        assert len(part.data) == (2 if char in EXTENSION else 1)


def test_one_character_outside_makes_it_ucs2() -> None:
    [part] = parts("Adiós")
    assert (part.data, part.coding) == ("Adiós".encode("utf-16-be"), 8)


@pytest.mark.parametrize(
    ("text", "count", "sizes"),
    [
        ("x" * 160, 1, [160]),
        ("x" * 161, 2, [153, 8]),
        ("x" * 152 + "€" + "x" * 20, 2, [152, 22]),
        ("á" * 70, 1, [140]),
        ("á" * 71, 2, [134, 8]),
        ("á" * 66 + "👋" * 3, 2, [132, 12]),
    ],
)
def test_where_long_texts_are_cut(text: str, count: int, sizes: list[int]) -> None:
    found = parts(text)
    assert [len(part.data) for part in found] == sizes
    assert [(part.number, part.total) for part in found] == [
        (number, count) for number in range(1, count + 1)
    ]


@given(st.text(CHARACTERS, max_size=500))
def test_as_many_parts_as_are_counted_and_each_readable_by_itself(text: str) -> None:
    found = parts(text)
    assert len(found) == max(1, segment(text).segments)
    shown = [smsc_codec.text_of(part.data, part.coding) for part in found]
    again = [decode(part.data, part.coding, "gsm") for part in found]
    assert shown == again
    assert "".join(shown) == unicodedata.normalize("NFC", text)


@given(st.text(CHARACTERS, max_size=500))
def test_what_a_phone_writes_is_read(text: str) -> None:
    messages, coding = smsc_codec.messages_of(text, 7)
    pieces = [without_header(data)[1] if marked else data for data, marked in messages]
    assert joined(pieces, coding, "gsm", "…") == text


def test_other_default_alphabets() -> None:
    [part] = parts("año {1}", alphabet="latin1")
    assert (part.data, part.coding) == ("año {1}".encode("latin-1"), 0)
    [part] = parts("5 €", alphabet="latin1")
    assert part.coding == 8
    [part] = parts("ano", alphabet="ascii")
    assert (part.data, part.coding) == (b"ano", 0)
    [part] = parts("ñ", alphabet="ascii")
    assert part.coding == 8
    # Latin-1 can say á, but on the air it would become something else.
    assert parts("á", alphabet="latin1")[0].coding == 8


def test_one_payload_however_long() -> None:
    [part] = parts("x" * 500, whole=True)
    assert len(part.data) == 500


def test_headers() -> None:
    [first, _second] = parts("x" * 161)
    assert header(0x1FF, first).hex() == "050003ff0201"
    assert without_header(bytes.fromhex("050003ff0201") + b"hi") == (Place(255, 1, 2), b"hi")
    assert without_header(bytes.fromhex("060804abcd0302") + b"hi") == (Place(0xABCD, 2, 3), b"hi")
    # Ports before the part's place; a place that cannot be; a header longer than the message.
    ported = bytes.fromhex("0b0504158200000003070201")
    assert without_header(ported + b"hi") == (Place(7, 1, 2), b"hi")
    assert without_header(bytes.fromhex("050003ff0203") + b"hi") == (None, b"hi")
    assert without_header(b"\x20hi") == (None, b"\x20hi")
    assert without_header(b"") == (None, b"")


@pytest.mark.parametrize(
    ("coding", "octets", "text"),
    [
        (0x01, b"Hi_[1]\r\n", "Hi_[1]\r\n"),
        (0x01, b"Hola \x7d \x1b\x3c\x1b\x65\x1b\x3e", "Hola ñ [€]"),
        (0x10, b"\x00", "@"),
        (0x18, b"\x00\xe1", "á"),
        (0xF0, b"\x02", "$"),
        (0xF5, b"\x02", None),
        (0x04, b"\x02", None),
        (0x02, b"\x02", None),
        (0x06, b"\xbf", "П"),
        (0x08, b"\xd8\x3d", "�"),
        (0x00, b"\x1b\x41\xff", " A�"),
    ],
)
def test_codings(coding: int, octets: bytes, text: str | None) -> None:
    assert decode(octets, coding, "gsm") == text
