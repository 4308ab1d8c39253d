"""PDUs to and from octets. smpplib encodes and decodes; TLVs are read here.

smpplib raises on TLVs it does not expect in a command, and SMSCs send their own: a message must not
be lost to that.
"""

import struct
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from smpplib import smpp
from smpplib.command import DeliverSM

from channels_sms.smpp_account import Account
from channels_sms.smpp_bridge.numbers import number
from channels_sms.smpp_text import HEADER_FLAG, Part, header

HEADER = struct.Struct(">LLLL")
RESPONSE = 0x80000000
GENERIC_NACK = 0x80000000
BIND, SUBMIT, DELIVER, UNBIND, ENQUIRE = 0x09, 0x04, 0x05, 0x06, 0x15
NAMES = {
    DELIVER: "deliver_sm_resp", UNBIND: "unbind_resp", ENQUIRE: "enquire_link_resp",
    BIND: "bind_transceiver_resp", SUBMIT: "submit_sm_resp",
}  # fmt: skip
# A message may come as a payload of 64 kB; nothing in SMPP is longer.
SMALLEST, LARGEST = HEADER.size, 70_000
MESSAGE_STATE, RECEIPTED_ID, PAYLOAD = 0x0427, 0x001E, 0x0424
SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER = 0x020C, 0x020E, 0x020F


class Unreadable(ValueError):
    """These octets are no PDU of this kind."""


class Head(NamedTuple):
    """A PDU's header."""

    length: int
    command: int
    status: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """A deliver_sm. ``data`` is the text, whichever way it came; ``tlvs`` by their tag."""

    sequence: int
    source: str
    source_ton: int
    target: str
    target_ton: int
    esm_class: int
    coding: int
    data: bytes
    tlvs: dict[int, bytes] = field(default_factory=dict)


def head(octets: bytes) -> Head:
    """The header; Unreadable for a length that no PDU has."""
    found = Head(*HEADER.unpack_from(octets))
    if not SMALLEST <= found.length <= LARGEST:
        raise Unreadable(f"A PDU of {found.length} octets.")
    return found


def bind(account: Account, sequence: int) -> bytes:
    """bind_transceiver."""
    return _octets(
        "bind_transceiver",
        sequence,
        system_id=account.system_id,
        password=account.password,
        system_type=account.system_type,
    )


def plain(name: str, sequence: int) -> bytes:
    """A request without a body: enquire_link, unbind."""
    return _octets(name, sequence)


def response(command: int, sequence: int, status: int = 0) -> bytes:
    """The answer to a request of the SMSC's; deliver_sm_resp has an empty message_id."""
    body = b"\0" if command == DELIVER else b""
    return HEADER.pack(SMALLEST + len(body), command | RESPONSE, status, sequence) + body


def refusal(sequence: int, status: int) -> bytes:
    """generic_nack."""
    return HEADER.pack(SMALLEST, GENERIC_NACK, status, sequence)


def submit(account: Account, to: str, part: Part, reference: int, sequence: int) -> bytes:
    """submit_sm of one part, with a receipt wanted; ``reference`` marks parts that belong together.

    Every part is marked as ``account.long_messages`` says.
    """
    source, target = number(account.source), number(to)
    fields: dict[str, Any] = {
        "source_addr_ton": source.ton,
        "source_addr_npi": source.npi,
        "source_addr": source.value,
        "dest_addr_ton": target.ton,
        "dest_addr_npi": target.npi,
        "destination_addr": target.value,
        "data_coding": part.coding,
        "registered_delivery": 1,
    }
    if part.validity_s is not None:
        fields["validity_period"] = relative_time(part.validity_s)
    if account.long_messages == "payload":
        fields["message_payload"] = part.data
    elif part.total > 1 and account.long_messages == "sar":
        fields |= {
            "short_message": part.data,
            "sar_msg_ref_num": reference & 0xFFFF,
            "sar_total_segments": part.total,
            "sar_segment_seqnum": part.number,
        }
    elif part.total > 1:
        fields |= {"short_message": header(reference, part) + part.data, "esm_class": HEADER_FLAG}
    else:
        fields["short_message"] = part.data
    return _octets("submit_sm", sequence, **fields)


def relative_time(seconds: int) -> str:
    """A time from now as SMPP 3.4 section 7.1.1 writes it: YYMMDDhhmmss, tenths, 00, R."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"0000{days:02d}{hours:02d}{minutes:02d}{rest:02d}000R"


def accepted_id(octets: bytes) -> str:
    """The message_id of a submit_sm_resp; empty where there is none."""
    return octets[SMALLEST:].partition(b"\0")[0].decode("ascii", "replace").strip()


def deliver(octets: bytes) -> Deliver:
    """A deliver_sm; Unreadable when its fields do not add up."""
    read = _Deliver("deliver_sm", sequence=0)
    try:
        read.parse(octets)
        short = read.short_message or b""
        # smpplib stops in silence where the octets end.
        if read.data_coding is None or len(short) != (read.sm_length or 0):
            raise Unreadable("deliver_sm: cut off")
        return Deliver(
            sequence=read.sequence,
            source=_text(read.source_addr),
            source_ton=read.source_addr_ton,
            target=_text(read.destination_addr),
            target_ton=read.dest_addr_ton,
            esm_class=read.esm_class,
            coding=read.data_coding,
            data=short or read.tlvs.get(PAYLOAD, b""),
            tlvs=read.tlvs,
        )
    except Unreadable:
        raise
    except (struct.error, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"deliver_sm: {type(error).__name__}") from error


class _Deliver(DeliverSM):  # type: ignore[misc] # smpplib has no types
    def __init__(self, command: str, **about: Any) -> None:
        super().__init__(command, **about)
        self.tlvs: dict[int, bytes] = {}

    def parse_optional_params(self, data: bytes) -> None:
        """Every TLV as it came, known or not; a cut one ends the reading."""
        at = 0
        while at + 4 <= len(data):
            tag, size = struct.unpack_from(">HH", data, at)
            self.tlvs[tag] = data[at + 4 : at + 4 + size]
            at += 4 + size


def _octets(name: str, sequence: int, **fields: Any) -> bytes:
    made = smpp.make_pdu(name, sequence=sequence, **fields)
    made.sequence = sequence  # smpplib leaves it out where there is no client of its own
    octets: bytes = made.generate()
    return octets


def _text(value: bytes | None) -> str:
    return (value or b"").decode("latin-1").replace("\0", "").strip()
