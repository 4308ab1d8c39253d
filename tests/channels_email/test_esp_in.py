"""Providers' webhooks: who posted them, and what they mean."""

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from channels_email import sns
from channels_email.email import Email
from channels_email.esp import mail_in
from gateway.contract import WebhookRequest
from gateway.errors import BadSignature, Malformed
from gateway.events import BadAddress, Event, OptOut, StatusUpdate, UnknownEvent
from tests.payloads.email.exhibit import CONFIG, CUSTOMER, DELIVERY, FOLDER, THEN, payload, request

LOGIN = "omnichannel:a-long-password-of-ours"
BASIC = {"authorization": "Basic " + base64.b64encode(LOGIN.encode()).decode()}
PROVIDER = {"provider_key": "a-long-key", "webhook_login": LOGIN, "webhook_key": "key-abc"}
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def adapter(sending: str, **more: str) -> Email:
    about = {"sending": sending, "receiving": "webhook", "provider_region": "eu-west-1"}
    return Email(CONFIG | PROVIDER | about | more)


def notification(name: str, **more: Any) -> WebhookRequest:
    """An event as SNS posts it, signed."""
    said: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": "da41e39f-ea4d-435a-b922-c6aae3915ebe",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:mail",
        "Message": (FOLDER / f"{name}.json").read_text() if name else "",
        "Timestamp": "2026-11-22T20:00:00.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
    } | more
    signature = KEY.sign(sns.text_to_sign(said), PKCS1v15(), hashes.SHA256())
    said["Signature"] = base64.b64encode(signature).decode()
    headers = {
        "content-type": "text/plain; charset=UTF-8",
        "x-amz-sns-message-type": said["Type"],
        "x-amz-sns-message-id": said["MessageId"],
        **BASIC,
    }
    return request(json.dumps(said).encode(), headers=headers)


@pytest.fixture(autouse=True)
def amazons_key() -> None:
    sns.remember(CERTIFICATE, KEY.public_key())


def seen(events: Sequence[Event]) -> list[tuple[str, ...]]:
    """What matters of events, in short."""
    found: list[tuple[str, ...]] = []
    for event in events:
        match event:
            case StatusUpdate():
                assert event.delivery_uid == UUID(DELIVERY)
                found.append((str(event.state), event.external_id, event.error_class))
            case BadAddress():
                found.append(("bad", event.address))
            case OptOut():
                assert (event.source, event.keyword.value) == ("provider", "stop")
                found.append(("out", event.sender))
            case UnknownEvent():
                found.append(("unknown", event.kind))
    return found


OURS = f"{DELIVERY}@example.com"
POSTMARK = "6f7b1d5e-1111-4222-8333-aaaabbbbcccc@mtasv.net"
SES = "0102018b-aaaa-bbbb@eu-west-1.amazonses.com"
BREVO = "202611222000.1@smtp-relay.mailin.fr"
BAD = ("bad", CUSTOMER)
OUT = [("out", CUSTOMER)]


@pytest.mark.parametrize(
    ("sending", "name", "expected"),
    [
        ("mailgun", "accepted", [("sent", OURS, "")]),
        ("mailgun", "delivered", [("delivered", OURS, "")]),
        ("mailgun", "bounced", [("failed", OURS, "Rejected"), BAD]),
        ("mailgun", "deferred", []),
        ("mailgun", "blocked", [("failed", OURS, "Rejected")]),
        ("mailgun", "complained", OUT),
        ("mailgun", "unsubscribed", OUT),
        ("mailgun", "opened", []),
        ("mailgun", "clicked", []),
        ("mailgun", "unknown", [("unknown", "mailgun unknown")]),
        ("postmark", "delivery", [("delivered", POSTMARK, "")]),
        ("postmark", "hard_bounce", [("failed", POSTMARK, "Rejected"), BAD]),
        ("postmark", "soft_bounce", [("failed", POSTMARK, "Rejected")]),
        ("postmark", "complaint", OUT),
        ("postmark", "open", []),
        ("postmark", "click", []),
        ("postmark", "unsubscribed", OUT),
        ("amazon_ses", "send", [("sent", SES, "")]),
        ("amazon_ses", "delivery", [("delivered", SES, "")]),
        ("amazon_ses", "bounce_permanent", [("failed", SES, "Rejected"), BAD]),
        ("amazon_ses", "bounce_transient", [("failed", SES, "Rejected")]),
        ("amazon_ses", "complaint", OUT),
        ("amazon_ses", "reject", [("failed", SES, "Rejected")]),
        ("amazon_ses", "open", []),
        ("brevo", "delivered", [("delivered", BREVO, "")]),
        ("brevo", "hard_bounce", [("failed", BREVO, "Rejected"), BAD]),
        ("brevo", "soft_bounce", [("failed", BREVO, "Rejected")]),
        ("brevo", "complaint", OUT),
        ("brevo", "unsubscribed", OUT),
        ("brevo", "opened", []),
        ("brevo", "click", []),
        ("brevo", "unknown_kind", [("unknown", "brevo unknown")]),
    ],
)
def test_reports(sending: str, name: str, expected: list[tuple[str, ...]]) -> None:
    channel = adapter(sending)
    asked = posted(sending, name)
    channel.verify(asked)
    assert channel.handshake(asked) is None
    assert channel.shard_key(asked) == CUSTOMER
    assert seen(channel.parse(asked)) == expected


def posted(sending: str, name: str) -> WebhookRequest:
    """A payload file as its provider posts it."""
    if sending == "amazon_ses":
        return notification(f"ses_{name}")
    asked = payload(f"{sending}_{name}")
    return replace(asked, headers={**asked.headers, **BASIC})


@pytest.mark.parametrize("sending", ["postmark", "amazon_ses", "brevo"])
@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Basic " + base64.b64encode(b"a:wrong").decode()}]
)
def test_a_wrong_log_in_is_refused(sending: str, headers: Mapping[str, str]) -> None:
    name = {"postmark": "delivery", "amazon_ses": "delivery", "brevo": "delivered"}[sending]
    asked = posted(sending, name)
    without = {key: value for key, value in asked.headers.items() if key != "authorization"}
    with pytest.raises(BadSignature):
        adapter(sending).verify(replace(asked, headers={**without, **headers}))
    with pytest.raises(BadSignature):
        adapter(sending, webhook_login="").verify(asked)


def test_a_channel_without_a_provider_takes_no_posts() -> None:
    with pytest.raises(BadSignature):
        adapter("smtp").verify(payload("mailgun_delivered"))


def test_mailguns_signature_vector() -> None:
    """Section 19 of the fact sheet."""
    signed = {
        "timestamp": "1529006854",
        "token": "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0",
        "signature": "e2905ec0811b47b934cf7cad86dde11c85c09bded28c42894033f36d63481c0b",
    }
    asked = request(json.dumps({"signature": signed, "event-data": {}}).encode(), at=THEN)
    adapter("mailgun").verify(asked)
    with pytest.raises(BadSignature):
        adapter("mailgun", webhook_key="key-abd").verify(asked)


@pytest.mark.parametrize("as_form", [False, True])
@pytest.mark.parametrize(
    ("seconds", "taken"), [(-700, False), (0, True), (8 * 3600, True), (13 * 3600, False)]
)
def test_a_signature_of_mailguns_cannot_be_used_again_much_later(
    as_form: bool, seconds: int, taken: bool
) -> None:
    asked = multipart({**SIGNED, "body-mime": "x"}, {}) if as_form else payload("mailgun_delivered")
    asked = replace(asked, received_at=THEN + timedelta(seconds=seconds))
    if taken:
        adapter("mailgun").verify(asked)
    else:
        with pytest.raises(BadSignature):
            adapter("mailgun").verify(asked)


def enter(channel: Email, asked: WebhookRequest) -> str:
    """What the door does before it stores a request."""
    channel.verify(asked)
    return channel.shard_key(asked)


@pytest.mark.parametrize("sending", ["mailgun", "postmark", "amazon_ses", "brevo"])
def test_what_is_nested_without_an_end_is_refused(sending: str) -> None:
    deep = request(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, at=THEN)
    deep = replace(deep, headers={**deep.headers, **BASIC})
    channel = adapter(sending)
    with pytest.raises((BadSignature, Malformed)):
        enter(channel, deep)


# --- Mail by webhooks -----------------------------------------------------------------------------


def multipart(fields: Mapping[str, str], files: Mapping[str, tuple[str, bytes]]) -> WebhookRequest:
    pieces = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    pieces += [
        f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n'
        f"Content-Type: application/pdf\r\n\r\n".encode()
        + data
        + b"\r\n"
        for name, (file, data) in files.items()
    ]
    headers = {"content-type": "multipart/form-data; boundary=b"}
    return request(b"".join(pieces) + b"--b--\r\n", headers=headers, at=THEN)


SIGNED = {
    "timestamp": "1529006854",
    "token": "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0",
    "signature": "e2905ec0811b47b934cf7cad86dde11c85c09bded28c42894033f36d63481c0b",
    "sender": CUSTOMER,
    "recipient": "support@example.com",
}


def test_mailgun_hands_in_a_mail_as_it_came() -> None:
    raw = (FOLDER / "question.eml").read_bytes().decode()
    asked = multipart({**SIGNED, "body-mime": raw}, {})
    channel = adapter("mailgun")
    channel.verify(asked)
    found = mail_in(asked, channel.account)
    assert found.raw == raw.encode()
    assert (found.envelope_from, found.envelope_to) == (CUSTOMER, "support@example.com")
    assert channel.shard_key(asked) == CUSTOMER


def parts(raw: bytes) -> Any:
    """The parts of a mail that hold something."""
    return [part for part in message_from_bytes(raw).walk() if not part.is_multipart()]


def test_mailgun_hands_in_a_mail_in_pieces() -> None:
    headers = [["From", f"Maya <{CUSTOMER}>"], ["Message-Id", "<q1@customers.example>"]]
    fields = {
        **SIGNED,
        "message-headers": json.dumps(headers),
        "body-plain": "¿Dónde está?",
        "attachment-count": "1",
    }
    binary = bytes(range(256)) + b"\r\r\n\n"
    asked = multipart(fields, {"attachment-1": ("bill.pdf", binary)})
    raw = mail_in(asked, adapter("mailgun").account).raw
    assert b"<q1@customers.example>" in raw
    text, file = parts(raw)
    assert text.get_payload(decode=True).decode().strip() == "¿Dónde está?"
    assert file.get_payload(decode=True) == binary


def test_a_large_mail_is_not_held_against_the_usual_limits() -> None:
    raw = (FOLDER / "question.eml").read_bytes().decode() + "x" * 5_000_000
    asked = multipart({**SIGNED, "body-mime": raw}, {})
    assert len(mail_in(asked, adapter("mailgun").account).raw) == len(raw)


def test_postmark_hands_in_a_mail() -> None:
    asked = posted("postmark", "inbound")
    channel = adapter("postmark")
    channel.verify(asked)
    found = mail_in(asked, channel.account)
    text, _html, file = parts(found.raw)
    assert text.get_payload(decode=True).strip() == b"It should have come on Monday."
    assert (file.get_filename(), file.get_payload(decode=True)) == ("bill.pdf", b"%PDF-1.4")
    assert (found.envelope_from, found.envelope_to) == (CUSTOMER, "support@example.com")


def test_amazon_hands_in_a_mail() -> None:
    asked = notification("ses_received")
    channel = adapter("amazon_ses")
    channel.verify(asked)
    found = mail_in(asked, channel.account)
    assert found.raw.endswith(b"It should have come on Monday.\r\n")
    assert (found.envelope_from, found.envelope_to) == (CUSTOMER, "support@example.com")


def test_a_report_is_no_mail() -> None:
    with pytest.raises(Malformed):
        mail_in(posted("mailgun", "delivered"), adapter("mailgun").account)


# --- Amazon's signatures --------------------------------------------------------------------------


def test_a_changed_notification_is_refused() -> None:
    asked = notification("ses_delivery")
    changed = replace(asked, body=asked.body.replace(b"maya", b"eve"))
    with pytest.raises(BadSignature, match="wrong"):
        adapter("amazon_ses").verify(changed)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-0123456789abcdef.pem",
        "https://s3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "",
    ],
)
def test_a_certificate_lies_at_amazon(url: str) -> None:
    with pytest.raises(BadSignature, match="not Amazon's"):
        adapter("amazon_ses").verify(notification("ses_delivery", SigningCertURL=url))


async def test_amazon_is_not_asked_on_the_event_loop() -> None:
    strange = CERTIFICATE.replace("0123", "9999")
    with pytest.raises(BadSignature, match="asked first"):
        adapter("amazon_ses").verify(notification("ses_delivery", SigningCertURL=strange))
    question = notification(
        "", Type="SubscriptionConfirmation", Token="t",
        SubscribeURL="https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
    )  # fmt: skip
    adapter("amazon_ses").verify(question)
    with pytest.raises(BadSignature, match="asked first"):
        adapter("amazon_ses").handshake(question)
    assert asyncio.get_running_loop().is_running()


def test_a_topic_is_confirmed_at_amazon_alone() -> None:
    question = notification(
        "", Type="SubscriptionConfirmation", Token="t", SubscribeURL="https://evil.example/"
    )
    adapter("amazon_ses").verify(question)
    with pytest.raises(BadSignature, match="not Amazon's"):
        adapter("amazon_ses").handshake(question)
