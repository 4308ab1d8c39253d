"""What the adapter asks of the mail bridge, and what it makes of the answers."""

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from channels_email import signature
from channels_email.answers import dead, refusal
from channels_email.email import Email
from channels_email.tokens import LOOP_HEADER, loop_mark, token_of
from gateway.channels import clean_config
from gateway.content.model import Media
from gateway.contract import Request, Response
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    OptedOut,
    Rejected,
    SendError,
    Throttled,
    TooLong,
    Unreachable,
)
from gateway.events import About, OutboundMessage
from gateway.mail import Mailbox, OutboundMail
from gateway.secrets import unseal
from tests.gateway.test_conformance import drive
from tests.payloads.email.exhibit import (
    CHANNEL,
    CONFIG,
    CUSTOMER,
    DELIVERY,
    MESSAGE_ID,
    SECRET,
    SMTP_CONFIG,
    URL,
)

BRIDGE = "http://127.0.0.1:8013"
TOKEN = "9b2f7c1e1111422283334444555566aa"


@pytest.fixture
def adapter() -> Email:
    return Email(SMTP_CONFIG, base_url=BRIDGE)


def message(text: str = "Hello Maya,\nit is on its way.", **about: Any) -> OutboundMessage:
    made = OutboundMessage(DELIVERY, CUSTOMER, text, f"{URL}?delivery={DELIVERY}")
    made.about = About(**about)
    return made


def mail(request: Request) -> dict[str, Any]:
    value = request.parts[0].value
    assert isinstance(value, str)
    found: dict[str, Any] = json.loads(value)
    return found


def said(status: int, **body: Any) -> Response:
    return Response(status, {}, json.dumps(body).encode())


def test_an_answer_is_one_form_to_the_bridge(adapter: Email) -> None:
    about = OutboundMail(
        subject="Re: Where is\r\nmy order?",
        html="<p>Hello</p>",
        cc=(Mailbox("ann@example.net", "Ann"),),
        to=(Mailbox(CUSTOMER), Mailbox("bob@example.net")),
        in_reply_to="q1@customers.example",
        references=("q0@customers.example",),
        token=TOKEN,
    )
    sent, [request] = drive(
        adapter.send(message(person=True, mail=about)), said(200, id=MESSAGE_ID)
    )
    assert sent.external_id == MESSAGE_ID
    assert (request.method, request.url) == ("POST", f"{BRIDGE}/channels/{CHANNEL}/mails")
    found = mail(request)
    reply_to = found.pop("reply_to")
    assert unseal(found.pop("config").encode()) == SMTP_CONFIG
    assert found == {
        "uid": DELIVERY,
        "recipient": CUSTOMER,
        "message_id": MESSAGE_ID,
        "from": "Example Support <support@example.com>",
        "to": [CUSTOMER, "bob@example.net"],
        "cc": ["Ann <ann@example.net>"],
        "subject": "Re: Where is my order?",
        "text": "Hello Maya,\nit is on its way.",
        "html": "<p>Hello</p>",
        "headers": {
            "In-Reply-To": "<q1@customers.example>",
            "References": "<q0@customers.example> <q1@customers.example>",
            LOOP_HEADER: loop_mark(SECRET.encode()),
        },
    }
    assert token_of(reply_to.partition("<")[2], SECRET.encode()) == TOKEN
    key = signature.keys(SMTP_CONFIG)[0]
    assert request.headers == {"Authorization": f"Bearer {signature.token(key)}"}


@pytest.mark.parametrize(
    ("about", "headers"),
    [
        ({}, {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}),
        (
            {"mail": OutboundMail("S", in_reply_to="a@b")},
            {
                "In-Reply-To": "<a@b>", "References": "<a@b>", "Auto-Submitted": "auto-replied",
                "X-Auto-Response-Suppress": "All",
            },
        ),
        (
            {"person": True, "mail": OutboundMail("S", unsubscribe_url="https://x.example/u/1")},
            {
                "List-Unsubscribe": "<https://x.example/u/1>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        ),
    ],
)  # fmt: skip
def test_heads(adapter: Email, about: dict[str, Any], headers: dict[str, str]) -> None:
    found = mail(next(adapter.send(message(**about))))["headers"]
    assert found == headers | {LOOP_HEADER: loop_mark(SECRET.encode())}


def test_references_keep_the_first_and_the_last(adapter: Email) -> None:
    about = OutboundMail("S", references=tuple(f"{n}@x" for n in range(50)), in_reply_to="49@x")
    found = mail(next(adapter.send(message(mail=about))))["headers"]["References"].split()
    assert (len(found), found[0], found[1], found[-1]) == (20, "<0@x>", "<31@x>", "<49@x>")


def test_without_a_subject_the_first_line_is_one(adapter: Email) -> None:
    assert mail(next(adapter.send(message())))["subject"] == "Hello Maya,"
    assert mail(next(adapter.send(message(" "))))["subject"] == "Example Support"


def test_a_long_mailbox_has_no_reply_address(adapter: Email) -> None:
    long = Email(SMTP_CONFIG | {"from_address": "customer-service-team@example.com"})
    about = OutboundMail("S", token=TOKEN)
    assert mail(next(long.send(message(mail=about))))["reply_to"] == ""


def test_files_go_beside_it(adapter: Email) -> None:
    made = message()
    made.media = (Media("", "application/pdf", "bill.pdf", 8, "f1"), Media("", "image/png"))
    [_mail, *files] = next(adapter.send(made)).parts
    assert [(one.name, one.filename, one.content_type) for one in files] == [
        ("file", "bill.pdf", "application/pdf"),
        ("file", "file-2", "image/png"),
    ]
    assert files[0].value is made.media[0]


@pytest.mark.parametrize(
    ("response", "error", "code"),
    [
        (said(422, error="Rejected", code="5.1.1", text="No such user"), Rejected, "5.1.1"),
        (said(422, error="TooLong", code="5.3.4", text="Too big"), TooLong, "5.3.4"),
        (said(422, error="OptedOut", code="refused", text="Inactive"), OptedOut, "refused"),
        (said(422, error="Nonsense", text="?"), Rejected, "422"),
        (said(401, error="BadCredentials", code="535", text="No"), BadCredentials, "535"),
        (said(429, error="Throttled", code="4.7.1", text="Greylisted"), Throttled, "4.7.1"),
        (said(503, error="Unreachable", text="No connection"), Unreachable, "503"),
        (said(502, error="Ambiguous", text="Lost"), Ambiguous, "502"),
        (said(400), Rejected, "400"),
        (said(200, id=""), Ambiguous, ""),
        (said(200, id=5), Ambiguous, ""),
    ],
)
def test_answers(adapter: Email, response: Response, error: type[SendError], code: str) -> None:
    with pytest.raises(error) as raised:
        drive(adapter.send(message()), response)
    assert type(raised.value) is error
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("code", "text", "error", "known", "gone"),
    [
        (550, "5.1.1 No such user", Rejected, "5.1.1", True),
        (550, "5.1.10 Null MX", Rejected, "5.1.10", True),
        (550, "No", Rejected, "550", False),
        (554, "5.7.1 Policy", Rejected, "5.7.1", False),
        (552, "5.2.2 Mailbox full", Rejected, "5.2.2", False),
        (552, "5.3.4 Too big", TooLong, "5.3.4", False),
        (451, "4.7.1 Greylisted", Throttled, "4.7.1", False),
        (421, "Busy", Throttled, "421", False),
        (454, "4.7.0 TLS not available", Unreachable, "4.7.0", False),
        (535, "5.7.8 Wrong password", BadCredentials, "5.7.8", False),
        (530, "5.7.0 Log in first", BadCredentials, "5.7.0", False),
    ],
)
def test_replies_of_servers(
    code: int, text: str, error: type[SendError], known: str, gone: bool
) -> None:
    found = refusal(code, text)
    assert (type(found), found.code, found.text, dead(found)) == (error, known, text, gone)


# --- The settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, set()),
        ({"smtp_host": ""}, {"smtp_host"}),
        ({"smtp_host": "smtp.example.com:587"}, {"smtp_host"}),
        ({"smtp_port": "70000"}, {"smtp_port"}),
        ({"smtp_password": ""}, {"smtp_password"}),
        ({"smtp_user": "", "smtp_password": ""}, set()),
        ({"smtp_security": "none"}, {"smtp_security"}),
        ({"smtp_security": "none", "smtp_host": "127.0.0.1"}, set()),
        ({"imap_password": ""}, {"imap_password"}),
        ({"receiving": "none", "imap_host": ""}, set()),
        ({"receiving": "mx"}, {"receiving"}),
        ({"receiving": "webhook"}, {"receiving"}),
        ({"sending": "mailgun"}, {"provider_key"}),
        (
            {"sending": "mailgun", "provider_key": "12345678", "receiving": "webhook"},
            {"webhook_key"},
        ),
        ({"sending": "amazon_ses"}, {"provider_key", "provider_key_id", "provider_region"}),
        ({"sending": "brevo", "provider_key": "12345678", "receiving": "webhook"}, {"receiving"}),
        ({"sending": "pigeon"}, {"sending"}),
        ({"from_address": "support"}, {"from_address"}),
        ({"from_name": "A <b>"}, {"from_name"}),
        ({"webhook_login": "short:x"}, {"webhook_login"}),
    ],
)
def test_settings(change: dict[str, str], wrong: set[str], settings: Any) -> None:
    settings.DEBUG = True
    try:
        clean_config("email", SMTP_CONFIG | change)
        found: set[str] = set()
    except ValidationError as error:
        found = set(error.message_dict)
    assert {name.removeprefix("config.") for name in found} == wrong


def test_the_password_is_never_sent_in_the_clear(settings: Any) -> None:
    settings.DEBUG = False
    with pytest.raises(ValidationError):
        clean_config("email", CONFIG | {"imap_security": "none", "imap_host": "127.0.0.1"})
