"""Delivery receipts (SMPP 3.4 appendix B): a text in the SMSC's form, TLVs, or both."""

import re
from dataclasses import dataclass

from channels_sms.smpp_bridge.pdus import MESSAGE_STATE, RECEIPTED_ID, Deliver
from channels_sms.smpp_errors import WORDS

# esm_class: the kind of message, in bits 2 to 5.
KIND, RECEIPT, INTERMEDIATE = 0x3C, 0x04, 0x20
FIELD = re.compile(r"\b(id|stat|err):\s*([^\s]+)", re.IGNORECASE)
ID_LIMIT = 65


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one submit_sm. ``message_id`` in the form of ``lookup_id``."""

    message_id: str
    stat: str
    err: str


def is_receipt(heard: Deliver) -> bool:
    """Whether a deliver_sm reports on a message of ours."""
    return heard.esm_class & KIND in {RECEIPT, INTERMEDIATE}


def read(heard: Deliver, receipt_ids: str) -> Receipt | None:
    """The receipt; None when it names no message or no state. TLVs count more than the text."""
    text = heard.data.decode("latin-1")
    said: dict[str, str] = {}
    for name, value in FIELD.findall(text):
        said.setdefault(name.lower(), value)
    given = heard.tlvs.get(RECEIPTED_ID, b"").partition(b"\0")[0].decode("latin-1").strip()
    state = heard.tlvs.get(MESSAGE_STATE, b"")
    word = WORDS.get(state[0], "") if state else ""
    stat = word or said.get("stat", "").upper()
    message_id = given or said.get("id", "")
    if not message_id or not stat:
        return None
    return Receipt(receipted_id(message_id, receipt_ids), stat[:40], said.get("err", "")[:16])


def accepted_id(message_id: str, receipt_ids: str) -> str:
    """The form in which a submit_sm_resp's id is kept: as its receipts can be brought to."""
    # Receipts in one base belong to answers in the other.
    return _in_base(message_id, {"decimal": 16, "hex": 10}.get(receipt_ids))


def receipted_id(message_id: str, receipt_ids: str) -> str:
    """The form in which a receipt's id is looked up."""
    return _in_base(message_id, {"decimal": 10, "hex": 16}.get(receipt_ids))


def _in_base(message_id: str, base: int | None) -> str:
    if base is not None:
        try:
            return str(int(message_id, base))[:ID_LIMIT]
        except ValueError:
            pass
    # Some SMSCs fill receipts' ids up with zeros, or write their letters otherwise.
    return (message_id.lower().lstrip("0") or "0")[:ID_LIMIT]
