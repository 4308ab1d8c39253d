"""Reports on mail of ours, file by file, and mail that machines wrote."""

import uuid

import pytest

from gateway.events import BadAddress, Event, Keyword, OptOut, StatusUpdate, UnknownEvent
from gateway.states import State
from tests.channels_email.mails import mail, message, payload, read

UID = uuid.UUID("22222222-2222-4222-8222-222222222222")
OURS = f"{UID}@shop.example"
GONE = "gone@customer.example"


def failed(name: str, code: str, text: str) -> StatusUpdate:
    return StatusUpdate(
        OURS, State.FAILED, "failed", UID, error_class=name, error_code=code, error_text=text
    )


def bad(evidence: str) -> BadAddress:
    return BadAddress(GONE, evidence)


COMPLAINT = OptOut(
    f"complaint:{OURS}",
    "ana@customer.example",
    Keyword.STOP,
    "Feedback-Type: abuse",
    True,
    source="provider",
)
UNKNOWN = "550 5.1.1 <gone@customer.example>: Recipient address rejected: User unknown"
EVENTS: dict[str, list[Event]] = {
    "dsn_hard": [failed("Rejected", "5.1.1", UNKNOWN), bad(f"5.1.1 {UNKNOWN}")],
    "dsn_full": [failed("Unreachable", "5.2.2", "552 5.2.2 Mailbox full")],
    "dsn_gave_up": [failed("Unreachable", "4.4.1", "connect timed out")],
    "dsn_policy": [failed("Rejected", "5.7.1", "554 5.7.1 Blocked by policy")],
    "dsn_delayed": [],
    "dsn_relayed": [],
    "dsn_delivered": [StatusUpdate(OURS, State.DELIVERED, "delivered", UID)],
    # Not our mail: nobody's address is marked for it.
    "dsn_not_ours": [
        StatusUpdate(
            "x@stranger.example",
            State.FAILED,
            "failed",
            error_class="Rejected",
            error_code="5.1.1",
            error_text="550 User unknown",
        )
    ],
    "dsn_two_recipients": [
        failed("Rejected", "5.1.1", "550 User unknown"),
        bad("5.1.1 550 User unknown"),
    ],
    "bounce_qmail": [
        failed("Rejected", "5.1.1", "Sorry, no mailbox here by that name. (#5.1.1)"),
        bad("5.1.1 Sorry, no mailbox here by that name. (#5.1.1)"),
    ],
    "bounce_exchange": [
        failed(
            "Rejected",
            "5.1.10",
            "Diagnostic information: #550 5.1.10 RESOLVER.ADR.RecipientNotFound;"
            " Recipient not found ##",
        ),
        bad(
            "5.1.10 Diagnostic information: #550 5.1.10 RESOLVER.ADR.RecipientNotFound;"
            " Recipient not found ##"
        ),
    ],
    "bounce_exim": [
        failed("Rejected", "5.7.1", "host mx.customer.example: 550 5.7.1 rejected as spam")
    ],
    "arf_abuse": [COMPLAINT],
    "arf_redacted": [COMPLAINT],
    "arf_not_spam": [UnknownEvent("complaint", "not-spam ana@customer.example")],
    "arf_not_ours": [UnknownEvent("complaint", "abuse ana@customer.example")],
    "receipt": [StatusUpdate(OURS, State.READ, "displayed", UID)],
    "loop": [UnknownEvent("loop", "ana@customer.example")],
    "own_address": [UnknownEvent("loop", "support@shop.example")],
}


@pytest.mark.parametrize("name", EVENTS)
def test_what_a_report_says(name: str) -> None:
    assert read(payload(name)) == EVENTS[name]


def test_a_report_on_somebody_the_mail_did_not_go_to_marks_nobody() -> None:
    raw = payload("dsn_hard").replace(
        b"Final-Recipient: rfc822; gone@", b"Final-Recipient: rfc822; victim@"
    )
    (event,) = read(raw)
    assert isinstance(event, UnknownEvent)
    assert event.kind == "bounce"


def test_another_channels_mark_is_no_loop() -> None:
    assert message(mail("hi", f"X-Loop-Mark: {'0' * 32}")).text == "hi"


AUTOMATIC = [
    "Auto-Submitted: auto-replied",
    "Auto-Submitted: auto-generated; owner-email=x",
    "Return-Path: <>",
    "List-Id: <x.example>",
    "List-Unsubscribe: <https://x.example>",
    "Precedence: bulk",
    "Precedence: Junk",
    "X-Autoreply: yes",
    "X-Autorespond: x",
    "X-Auto-Response-Suppress: All",
]
BY_HAND = ["Auto-Submitted: no", "Subject: Auto: hello", "Precedence: normal", "X-Priority: 1"]


@pytest.mark.parametrize("header", AUTOMATIC)
def test_a_machine_wrote_it(header: str) -> None:
    assert message(mail("hi", header)).automatic


@pytest.mark.parametrize("header", BY_HAND)
def test_a_person_wrote_it(header: str) -> None:
    assert not message(mail("hi", header)).automatic


MACHINES = "owner-x x-request MAILER-DAEMON no-reply noreply postmaster donotreply shop.no-reply"


@pytest.mark.parametrize("sender", [f"{name}@c.example" for name in MACHINES.split()])
def test_nobody_reads_there(sender: str) -> None:
    raw = mail("hi").replace(b"ana@customer.example", sender.encode())
    assert message(raw).automatic
    assert not message(mail("hi")).automatic


def test_the_null_sender_is_a_machine() -> None:
    assert message(mail("hi"), "<>").automatic


def test_what_is_not_sent_to_us_is_not_answered() -> None:
    raw = mail("hi").replace(b"support@shop.example", b"everybody@list.example")
    assert message(raw).automatic
    assert not message(raw, "ana@customer.example", "support@shop.example").automatic
    assert not message(b"Delivered-To: support+x@shop.example\r\n" + raw).automatic
