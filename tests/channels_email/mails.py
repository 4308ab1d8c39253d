"""Mails as they arrive, and how the tests have them read."""

from pathlib import Path

from channels_email.parsing import events_of
from gateway.events import Event, InboundMessage

PAYLOADS = Path(__file__).parent.parent / "payloads" / "email"
SECRET = b"the channel's secret"
OWN = frozenset({"support@shop.example"})
NAMES = tuple(sorted(path.stem for path in PAYLOADS.glob("*.eml")))


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.eml").read_bytes()


def read(raw: bytes, envelope_from: str = "", envelope_to: str = "") -> list[Event]:
    return events_of(
        raw,
        envelope_from=envelope_from,
        envelope_to=envelope_to,
        own_addresses=OWN,
        secret=SECRET,
    )


def message(raw: bytes, envelope_from: str = "", envelope_to: str = "") -> InboundMessage:
    (event,) = read(raw, envelope_from, envelope_to)
    assert isinstance(event, InboundMessage)
    assert event.mail is not None
    return event


def mail(body: str, *headers: str) -> bytes:
    """A mail of Ana's with these headers beside."""
    head = ["From: ana@customer.example", "To: support@shop.example", "Message-ID: <a@b.example>"]
    return "\r\n".join([*head, *headers, "", body]).encode()
