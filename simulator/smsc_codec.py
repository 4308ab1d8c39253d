"""SMPP 3.4 on the wire, as an SMSC needs it. Written from the specification, sharing nothing with
the product, so that two readings of it must agree.
"""

import asyncio
import re
import struct
from dataclasses import dataclass, field
from typing import NamedTuple

BIND_TRANSCEIVER, UNBIND, ENQUIRE_LINK = 0x00000009, 0x00000006, 0x00000015
SUBMIT_SM, DELIVER_SM = 0x00000004, 0x00000005
GENERIC_NACK, ANSWER = 0x80000000, 0x80000000
OK, INVALID_COMMAND, SYSTEM_ERROR, WRONG_STATE = 0x00, 0x03, 0x08, 0x04
BAD_PASSWORD, QUEUE_FULL, THROTTLED, BAD_DESTINATION = 0x0E, 0x14, 0x58, 0x0B
UDH_INDICATOR, RECEIPT = 0x40, 0x04
RECEIPTED_MESSAGE_ID, MESSAGE_STATE, MESSAGE_PAYLOAD = 0x001E, 0x0427, 0x0424
SAR = (0x020C, 0x020E, 0x020F)  # reference, total, number
LARGEST = 100_000

# 3GPP TS 23.038, a row of sixteen a line.
ROWS = (
    "@£$¥èéùìòÇ\nØø\rÅå",
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ",
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
)
ALPHABET = "".join(ROWS)
AFTER_ESCAPE = dict(zip(b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", "\f^{}\\[~]|€", strict=True))


class Pdu(NamedTuple):
    """A PDU with its body as it came."""

    command: int
    status: int
    sequence: int
    body: bytes

    def octets(self) -> bytes:
        """As it goes over the wire."""
        length = 16 + len(self.body)
        return struct.pack(">4I", length, self.command, self.status, self.sequence) + self.body


async def read_pdu(reader: asyncio.StreamReader) -> Pdu:
    """The next PDU; ValueError for a length that none has, IncompleteReadError at the end."""
    length, command, status, sequence = struct.unpack(">4I", await reader.readexactly(16))
    if not 16 <= length <= LARGEST:
        raise ValueError(f"A PDU of {length} octets.")
    return Pdu(command, status, sequence, await reader.readexactly(length - 16))


class Fields:
    """Reads a body from its beginning."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.at = 0

    def string(self) -> str:
        """Octets up to a NUL."""
        end = self.body.index(0, self.at)
        value = self.body[self.at : end].decode("ascii")
        self.at = end + 1
        return value

    def octet(self) -> int:
        """One octet."""
        self.at += 1
        return self.body[self.at - 1]

    def octets(self, count: int) -> bytes:
        """So many octets; ValueError when there are fewer."""
        value = self.body[self.at : self.at + count]
        if len(value) < count:
            raise ValueError("The PDU is cut off.")
        self.at += count
        return value

    def tlvs(self) -> dict[int, bytes]:
        """All that follows, by tag."""
        found: dict[int, bytes] = {}
        while self.at < len(self.body):
            tag, size = struct.unpack(">HH", self.octets(4))
            found[tag] = self.octets(size)
        return found


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submit_sm. ``data`` without a header; ``place`` is (reference, number, total);
    ``validity_s`` None: none was given.
    """

    source: str
    target: str
    coding: int
    receipt: bool
    data: bytes
    place: tuple[int, int, int] | None
    validity_s: int | None = None
    tlvs: dict[int, bytes] = field(default_factory=dict)


def read_bind(body: bytes) -> tuple[str, str, int]:
    """system_id, password and interface_version."""
    fields = Fields(body)
    system_id, password, _system_type = fields.string(), fields.string(), fields.string()
    return system_id, password, fields.octet()


def read_submit(body: bytes) -> Submitted:
    """A submit_sm's body; ValueError or IndexError when its fields do not add up."""
    fields = Fields(body)
    fields.string()  # service_type
    source, target = _address(fields), _address(fields)
    esm_class = fields.octet()
    fields.octets(2)  # protocol_id, priority_flag
    fields.string()  # schedule_delivery_time
    validity_s = _relative(fields.string())
    registered, _replace, coding, _canned = (fields.octet() for _ in range(4))
    data = fields.octets(fields.octet())
    tlvs = fields.tlvs()
    place = None
    if esm_class & UDH_INDICATOR:
        place, data = _header(data)
    elif all(tag in tlvs for tag in SAR):
        reference, total, number = (int.from_bytes(tlvs[tag]) for tag in SAR)
        place = (reference, number, total)
    data = data or tlvs.get(MESSAGE_PAYLOAD, b"")
    receipt = bool(registered & 1)
    return Submitted(source, target, coding, receipt, data, place, validity_s, tlvs)


def _relative(period: str) -> int | None:
    """Seconds of a relative time; ValueError for another form, which nobody sends us."""
    if not period:
        return None
    found = re.fullmatch(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\d00R", period)
    if found is None:
        raise ValueError("validity_period")
    years, months, days, hours, minutes, seconds = map(int, found.groups())
    return (((years * 365 + months * 30 + days) * 24 + hours) * 60 + minutes) * 60 + seconds


def _address(fields: Fields) -> str:
    ton, _plan = fields.octet(), fields.octet()
    value = fields.string()
    return f"+{value}" if ton == 1 else value


def _header(data: bytes) -> tuple[tuple[int, int, int] | None, bytes]:
    end = 1 + data[0]
    at = 1
    while at < end:
        element, size = data[at], data[at + 1]
        value = data[at + 2 : at + 2 + size]
        if element == 0x00:
            return (value[0], value[2], value[1]), data[end:]
        if element == 0x08:
            return (int.from_bytes(value[:2]), value[3], value[2]), data[end:]
        at += 2 + size
    return None, data[end:]


def deliver_body(
    source: str,
    target: str,
    data: bytes,
    *,
    coding: int = 0,
    esm_class: int = 0,
    tlvs: dict[int, bytes] | None = None,
) -> bytes:
    """A deliver_sm's body."""
    head = b"\0" + _packed_address(source) + _packed_address(target)
    middle = bytes([esm_class, 0, 0]) + b"\0\0" + bytes([0, 0, coding, 0, len(data)])
    tail = b"".join(
        struct.pack(">HH", tag, len(value)) + value for tag, value in (tlvs or {}).items()
    )
    return head + middle + data + tail


def _packed_address(address: str) -> bytes:
    digits = address.removeprefix("+")
    kind = (1, 1) if address.startswith("+") else (3, 0) if digits.isdigit() else (5, 0)
    return bytes(kind) + digits.encode("ascii", "replace")[:20] + b"\0"


def text_of(data: bytes, coding: int) -> str:
    """What a phone shows of a message's octets."""
    if coding == 0x08:
        return data.decode("utf-16-be", "replace")
    if coding == 0x03:
        return data.decode("latin-1")
    shown, octets = "", iter(data)
    for octet in octets:
        if octet == 0x1B:
            shown += AFTER_ESCAPE.get(next(octets, 0), " ")
        else:
            shown += ALPHABET[octet & 0x7F]
    return shown


def octets_of(text: str) -> tuple[list[bytes], int]:
    """A phone's text as octets, one entry a character, and their data coding."""
    escaped = {char: bytes([0x1B, code]) for code, char in AFTER_ESCAPE.items()}
    plain = {char: bytes([code]) for code, char in enumerate(ALPHABET) if char != "\x1b"}
    known = plain | escaped
    if all(char in known for char in text):
        return [known[char] for char in text], 0x00
    return [char.encode("utf-16-be", "replace") for char in text], 0x08


def messages_of(text: str, reference: int) -> tuple[list[tuple[bytes, int]], int]:
    """A phone's text as (octets, esm_class) of one or more messages, and their data coding."""
    characters, coding = octets_of(text)
    whole, room = (160, 153) if coding == 0 else (140, 134)
    if sum(map(len, characters)) <= whole:
        return [(b"".join(characters), 0)], coding
    parts = [b""]
    for character in characters:
        if len(parts[-1]) + len(character) > room:
            parts.append(b"")
        parts[-1] += character
    marked = [
        (bytes([5, 0, 3, reference & 0xFF, len(parts), number]) + part, UDH_INDICATOR)
        for number, part in enumerate(parts, 1)
    ]
    return marked, coding
