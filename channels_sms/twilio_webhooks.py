"""Twilio's webhooks for messages: from form fields to events."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from channels_sms.keywords import NONE, keyword
from channels_sms.twilio_errors import meaning, number
from channels_sms.twilio_signature import FORM, JSON, media_type
from gateway.addresses import PHONE, InvalidAddress, normalize
from gateway.content.model import Location
from gateway.contract import WebhookRequest
from gateway.errors import Malformed, Rejected
from gateway.events import (
    Attachment,
    Event,
    InboundMessage,
    Keyword,
    OptOut,
    StatusUpdate,
    UnknownEvent,
    Withdrawal,
)
from gateway.states import State

RCS = "rcs:"
ACTION = "ACTION"
# It waited for longer than its ValidityPeriod. https://www.twilio.com/docs/api/errors/30036
VALIDITY_OVER = 30036
MEDIA_LIMIT = 20
ADDRESS_LIMIT = 320

# None: nothing worth a state. A message we cancelled or never schedule ends as failed.
STATUSES: dict[str, State | None] = {
    "accepted": None,
    "scheduled": None,
    "queued": None,
    "sending": None,
    "receiving": None,
    "received": None,
    "sent": State.SENT,
    "partially_delivered": State.SENT,
    "delivered": State.DELIVERED,
    "read": State.READ,
    "undelivered": State.FAILED,
    "failed": State.FAILED,
    "canceled": State.FAILED,
}
KEYWORDS = {"STOP": Keyword.STOP, "START": Keyword.START, "HELP": Keyword.HELP}


@dataclass(frozen=True, slots=True)
class Webhook:
    """A form of Twilio's: its fields (the first of repeats) and our delivery's id from the URL."""

    fields: Mapping[str, str]
    delivery_uid: uuid.UUID | None

    @property
    def sid(self) -> str:
        """The message's id; older callbacks use the other names."""
        sid = self.get("MessageSid") or self.get("SmsSid") or self.get("SmsMessageSid")
        return sid[:255]

    @property
    def status(self) -> str:
        """The status word of a callback; empty for a message a customer wrote."""
        if self.get("EventType").upper() == "READ":  # whatever the status beside it says
            return "read"
        word = self.get("MessageStatus") or self.get("SmsStatus")
        return "" if word.lower() in {"received", "receiving"} else word.lower()

    @property
    def is_message(self) -> bool:
        """Whether a customer wrote this."""
        known = "Body" in self.fields or "NumMedia" in self.fields
        return bool(self.sid and self.get("From")) and known and not self.status

    def get(self, name: str) -> str:
        """A field; empty when it is not there."""
        return self.fields.get(name, "")


def read(request: WebhookRequest) -> Webhook:
    """The webhook's fields. Malformed for a body that is no form, or an empty one."""
    asked = request.url.partition("?")[2]
    query = parse_qsl(asked, keep_blank_values=True) if asked else []
    pairs = query if request.method == "GET" and not request.body else request.form()
    if not any(name for name, _value in pairs):
        raise Malformed("The request is empty.")
    fields = dict(reversed(pairs))
    if "%00" in request.url or b"%00" in request.body:  # PostgreSQL keeps no NUL in a text
        fields = {name: value.replace("\0", "") for name, value in fields.items()}
    return Webhook(fields, _uuid(dict(query).get("delivery", "")) if query else None)


def read_json(request: WebhookRequest) -> Sequence[object]:
    """The events of a JSON body, one or many. Malformed when it is none."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is not JSON.") from error
    events = body if isinstance(body, list) else [body]
    if not events or not all(isinstance(event, dict) for event in events):
        raise Malformed("The body is no event.")
    return events


def is_json(request: WebhookRequest) -> bool:
    """Whether the request carries JSON (Twilio's event streams do; messages are forms)."""
    return media_type(request) == JSON


def customer(request: WebhookRequest) -> str:
    """The customer's address a request is about: what keeps its order. Raises Malformed."""
    if is_json(request):
        read_json(request)
        return ""
    if request.body and media_type(request) != FORM:
        raise Malformed("Neither a form nor JSON.")
    hook = read(request)
    # As Twilio writes it, which is always the same; what it means is found out later. By RCS it
    # has a prefix, which is gone where Twilio sends the same message by SMS.
    return bare(hook.get("To") if hook.status else hook.get("From"))


def parse(
    request: WebhookRequest, own: Mapping[str, Keyword] = NONE, *, rcs: bool = False
) -> list[Event]:
    """All events of a request; an empty list for a status that changes nothing.

    ``own`` are the channel's keywords. With ``rcs`` messages by RCS are taken as well, and reports
    are what they mean there.
    """
    if is_json(request):
        return [_unknown_json(event) for event in read_json(request)]
    hook = read(request)
    if hook.is_message:
        return _message(hook, own, rcs=rcs)
    if hook.sid and hook.status:
        return _status(hook, rcs=rcs)
    names = ", ".join(sorted(hook.fields))
    return [UnknownEvent(kind=hook.get("EventType")[:64] or "no message", detail=names[:500])]


def bare(value: str) -> str:
    """An address without the prefix of RCS."""
    value = value.strip()
    return value[len(RCS) :].strip() if value[: len(RCS)].lower() == RCS else value


def address(value: str) -> str:
    """E.164 when it is a phone number; short codes and names stay as they are."""
    value = bare(value)[:ADDRESS_LIMIT]
    try:
        return normalize(PHONE, value)
    except InvalidAddress:
        return value


def _message(hook: Webhook, own: Mapping[str, Keyword], *, rcs: bool) -> list[Event]:
    sender = bare(hook.get("From")) if rcs else hook.get("From")
    if ":" in sender:  # whatsapp:+1…, rcs:+1…: a service may mix channels
        return [UnknownEvent(kind=f"{sender.partition(':')[0][:40]} message")]
    message = InboundMessage(
        external_id=hook.sid,
        sender=address(sender),
        recipient=address(hook.get("To")),
        text=hook.get("ButtonText") or hook.get("Body"),
        attachments=_attachments(hook),
        sender_name=hook.get("ProfileName"),
        payload=hook.get("ButtonPayload") if _is_tap(hook) else None,
        location=_location(hook),
    )
    # A tap that opened or called something is no answer somebody gave.
    acted = hook.get("ButtonType").upper() == ACTION
    said = KEYWORDS.get(hook.get("OptOutType").upper())
    word = said or (None if acted else keyword(message.text, own))
    if word is None:
        return [message]
    # Twilio names the type when it has handled the word, and has then answered the customer.
    opt_out = OptOut(message.external_id, message.sender, word, message.text, answered=bool(said))
    return [message, opt_out]


def _is_tap(hook: Webhook) -> bool:
    return "ButtonPayload" in hook.fields or "ButtonText" in hook.fields


def _location(hook: Webhook) -> Location | None:
    """A place; None without one, or where it is none on Earth."""
    try:
        latitude, longitude = float(hook.get("Latitude")), float(hook.get("Longitude"))
    except ValueError:
        return None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None
    return Location(latitude, longitude, (hook.get("Label") or hook.get("Address"))[:80])


def _attachments(hook: Webhook) -> tuple[Attachment, ...]:
    if "MediaUrl0" not in hook.fields and hook.get("NumMedia") in {"", "0"}:
        return ()
    urls = [(n, hook.get(f"MediaUrl{n}")) for n in range(MEDIA_LIMIT)]
    # Twilio tells no names; the end of its URL is an id.
    return tuple(
        Attachment(
            url=url,
            content_type=hook.get(f"MediaContentType{n}") or "application/octet-stream",
        )
        for n, url in urls
        if url
    )


def _status(hook: Webhook, *, rcs: bool) -> list[Event]:
    if hook.status not in STATUSES:
        return [UnknownEvent(kind=f"status {hook.status[:40]}", detail=hook.sid[:255])]
    state = STATUSES[hook.status]
    if state is None:
        return []
    if state is State.FAILED and number(hook.get("ErrorCode")) == VALIDITY_OVER:
        if rcs:
            word = f"{hook.status} {VALIDITY_OVER}"
            return [Withdrawal(hook.sid, True, word, hook.delivery_uid)]
        state = State.EXPIRED
    failed = state is State.FAILED
    code = number(hook.get("ErrorCode")) if failed else 0
    known = meaning(code, Rejected)
    return [
        StatusUpdate(
            external_id=hook.sid,
            state=state,
            provider_word=f"{hook.status} (SMS)" if rcs and _by_sms(hook) else hook.status,
            delivery_uid=hook.delivery_uid,
            error_class=known.error.__name__ if failed else "",
            error_code=str(code) if code else "",
            error_text=(known.text or hook.get("ErrorMessage")[:500]) if failed else "",
        )
    ]


def _by_sms(hook: Webhook) -> bool:
    """Whether the Messaging Service has sent it as SMS or MMS: its sender is no RCS sender."""
    sender = hook.get("From").strip()
    return bool(sender) and not sender.lower().startswith(RCS)


def _unknown_json(event: object) -> UnknownEvent:
    kind = event.get("type") if isinstance(event, dict) else None
    return UnknownEvent(kind=str(kind or "JSON event").encode("utf-8", "replace").decode()[:64])


def _uuid(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except ValueError:
        return None
