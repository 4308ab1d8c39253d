"""PDUs: what the bridge writes is what the simulator's SMSC reads, and the other way round."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_sms.smpp_account import Account
from channels_sms.smpp_bridge import pdus, receipts
from channels_sms.smpp_bridge.numbers import number
from channels_sms.smpp_text import parts
from simulator import smsc_codec
from tests.payloads.smpp.exhibit import CONFIG

ACCOUNT = Account.of(CONFIG)
LONG = "Ein langer Text mit [Klammern] und € " * 8


def deliver(body: bytes, sequence: int = 5) -> pdus.Deliver:
    return pdus.deliver(smsc_codec.Pdu(smsc_codec.DELIVER_SM, 0, sequence, body).octets())


def submitted(account: Account, to: str, text: str) -> list[smsc_codec.Submitted]:
    whole = account.long_messages == "payload"
    octets = [pdus.submit(account, to, part, 300, 9) for part in parts(text, whole=whole)]
    return [smsc_codec.read_submit(one[16:]) for one in octets]


def test_bind_as_octets() -> None:
    octets = pdus.bind(ACCOUNT, 5)
    assert octets.hex() == (
        "00000023000000090000000000000005" + b"omni\0pa55word\0\0".hex() + "34" + "000000"
    )
    assert smsc_codec.read_bind(octets[16:]) == ("omni", "pa55word", 0x34)


def test_submit_as_octets() -> None:
    [part] = parts("Hi")
    assert pdus.submit(ACCOUNT, "+34600123456", part, 1, 9).hex() == (
        "00000039000000040000000000000009"
        "00" + "0101" + b"14155550100\0".hex() + "0101" + b"34600123456\0".hex() + "000000"
        "0000" + "01000000" + "02" + b"Hi".hex()
    )


@pytest.mark.parametrize(
    ("way", "places"),
    [
        ("udh", [(44, 1, 3), (44, 2, 3), (44, 3, 3)]),
        ("sar", [(300, 1, 3), (300, 2, 3), (300, 3, 3)]),
        ("payload", [None]),
    ],
)
def test_long_messages_in_each_way(way: str, places: list[tuple[int, int, int] | None]) -> None:
    account = dataclasses.replace(ACCOUNT, long_messages=way)
    found = submitted(account, "+34600123456", LONG)
    # The SMSC says (reference, number, total).
    assert [one.place for one in found] == places
    assert smsc_codec.text_of(b"".join(one.data for one in found), 0) == LONG
    assert all(one.receipt and one.target == "+34600123456" for one in found)


@pytest.mark.parametrize(
    ("address", "ton", "npi", "value"),
    [
        ("+14155550100", 1, 1, "14155550100"),
        ("14155550100", 1, 1, "14155550100"),
        ("72345", 3, 0, "72345"),
        ("My Shop", 5, 0, "My Shop"),
    ],
)
def test_types_of_numbers(address: str, ton: int, npi: int, value: str) -> None:
    assert number(address) == (ton, npi, value)


def test_deliver_with_tlvs_nobody_knows_and_a_payload() -> None:
    body = smsc_codec.deliver_body(
        "+34600123456", "4711", b"", tlvs={0x1400: b"vendor", 0x0424: b"Hi", 0x0005: b"\1"}
    )
    heard = deliver(body)
    assert (heard.source, heard.source_ton, heard.target, heard.target_ton) == (
        "34600123456", 1, "4711", 3,
    )  # fmt: skip
    assert (heard.sequence, heard.data, heard.tlvs[0x1400]) == (5, b"Hi", b"vendor")


@given(st.binary(max_size=80))
def test_garbage_is_unreadable_and_nothing_worse(body: bytes) -> None:
    try:
        deliver(body)
    except pdus.Unreadable:
        return


def test_lengths_that_no_pdu_has() -> None:
    for length in (0, 15, 70_001, 0xFFFFFFFF):
        with pytest.raises(pdus.Unreadable):
            pdus.head(length.to_bytes(4) + bytes(12))


TEXT = (
    "id:0A1B2C sub:001 dlvrd:001 submit date:2610211200 done date:2610211201 stat:%s err:%s "
    "text:id:9 stat:X"
)
TLVS = {0x001E: b"0a1b2c\0", 0x0427: b"\x02"}


@pytest.mark.parametrize(
    ("text", "tlvs", "ids", "found"),
    [
        (TEXT % ("DELIVRD", "000"), {}, "same", ("a1b2c", "DELIVRD", "000")),
        (TEXT % ("UNDELIV", "034"), {}, "same", ("a1b2c", "UNDELIV", "034")),
        ("", TLVS, "same", ("a1b2c", "DELIVRD", "")),
        (TEXT % ("REJECTD", "1"), TLVS, "same", ("a1b2c", "DELIVRD", "1")),
        ("ID:7 STAT:expired ERR:27", {}, "same", ("7", "EXPIRED", "27")),
        (TEXT % ("DELIVRD", "000"), {}, "hex", ("662316", "DELIVRD", "000")),
        ("id:0000662316 stat:DELIVRD", {}, "decimal", ("662316", "DELIVRD", "")),
        ("id:x-1 stat:DELIVRD", {}, "decimal", ("x-1", "DELIVRD", "")),
        ("stat:DELIVRD", {}, "same", None),
        ("id:1", {}, "same", None),
        ("", {0x001E: b"\0", 0x0427: b""}, "same", None),
    ],
)
def test_receipts(
    text: str, tlvs: dict[int, bytes], ids: str, found: tuple[str, str, str] | None
) -> None:
    body = smsc_codec.deliver_body("1", "2", text.encode(), esm_class=0x04, tlvs=tlvs)
    heard = deliver(body)
    assert receipts.is_receipt(heard)
    read = receipts.read(heard, ids)
    assert (read and (read.message_id, read.stat, read.err)) == found


@pytest.mark.parametrize(
    ("ids", "answered", "receipted"),
    [("same", "0A1B2C", "0a1b2c"), ("decimal", "A1B2C", "662316"), ("hex", "662316", "0A1B2C")],
)
def test_an_answer_and_its_receipt_meet(ids: str, answered: str, receipted: str) -> None:
    assert receipts.accepted_id(answered, ids) == receipts.receipted_id(receipted, ids)


@pytest.mark.parametrize(
    ("esm_class", "is_one"),
    [(0x00, False), (0x04, True), (0x44, True), (0x20, True), (0x40, False), (0x03, False),
     (0x08, False)],
)  # fmt: skip
def test_esm_class(esm_class: int, is_one: bool) -> None:
    heard = deliver(smsc_codec.deliver_body("1", "2", b"\0", esm_class=esm_class))
    assert receipts.is_receipt(heard) is is_one
