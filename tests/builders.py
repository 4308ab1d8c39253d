"""Small builders of real rows; each makes what it needs and takes what the test cares about."""

import itertools
import uuid
from typing import Any

from django.utils import timezone

from accounts.models import Member, Role, User, Workspace
from contacts.models import Address, AttributeDefinition, Contact, Label, Segment
from conversations.models import Conversation, Direction, Kind, Message
from gateway.models import Channel, Delivery
from gateway.outbox.claim import ensure_buckets
from gateway.secrets import seal

numbers = itertools.count(1)

TOKEN = "0123456789abcdef0123456789abcdef"
SID = "AC" + "0" * 32


def workspace(**fields: Any) -> Workspace:
    """A workspace of its own."""
    n = next(numbers)
    return Workspace.objects.create(**{"name": f"Workspace {n}", "slug": f"w{n}"} | fields)


def user(password: str | None = None, **fields: Any) -> User:
    """A person who can log in when a password is given."""
    n = next(numbers)
    fields = {"email": f"person{n}@example.com", "name": f"Person {n}"} | fields
    return User.objects.create_user(fields.pop("email"), password, **fields)


def member(ws: Workspace | None = None, role: str = Role.AGENT, **fields: Any) -> Member:
    """A member of ``ws`` (or of a new workspace)."""
    fields.setdefault("user", None)
    person = fields.pop("user") or user()
    return Member.objects.create(workspace=ws or workspace(), user=person, role=role, **fields)


def phone() -> str:
    """A new phone number in E.164."""
    return f"+1415{5550000 + next(numbers):07d}"


def channel(
    ws: Workspace | None = None, config: dict[str, str] | None = None, **fields: Any
) -> Channel:
    """A Twilio SMS channel."""
    number = phone()
    config = {"account_sid": SID, "auth_token": TOKEN, "from_number": number} | (config or {})
    fields = {
        "kind": "twilio_sms",
        "name": f"SMS {number}",
        "address": config["from_number"],
        "rate_per_second": 1000.0,
    } | fields
    made = Channel.objects.create(workspace=ws or workspace(), config=seal(config), **fields)
    ensure_buckets()
    return made


def contact(ws: Workspace, **fields: Any) -> Contact:
    """A contact without address."""
    return Contact.objects.create(workspace=ws, **{"name": f"Contact {next(numbers)}"} | fields)


def address(person: Contact, value: str | None = None, kind: str = "phone") -> Address:
    """An address of a contact."""
    return Address.objects.create(
        workspace=person.workspace, contact=person, kind=kind, value=value or phone()
    )


def conversation(ch: Channel, person: Contact | None = None, **fields: Any) -> Conversation:
    """An open conversation on a channel; its contact and address are made when not given."""
    person = person or contact(ch.workspace)
    where = person.addresses.first() or address(person)
    now = timezone.now()
    fields = {"last_message_at": now, "created_at": now, "last_inbound_at": now} | fields
    return Conversation.objects.create(
        workspace=ch.workspace, channel=ch, contact=person, address=where, **fields
    )


def message(conv: Conversation, text: str = "Hello", **fields: Any) -> Message:
    """An inbound text, unless told otherwise."""
    fields = {
        "direction": Direction.INBOUND,
        "kind": Kind.TEXT,
        "created_at": timezone.now(),
        "external_id": f"SM{uuid.uuid4().hex}" if fields.get("direction") is None else None,
    } | fields
    return Message.objects.create(
        workspace=conv.workspace, conversation=conv, channel=conv.channel, text=text, **fields
    )


def label(ws: Workspace, **fields: Any) -> Label:
    """A label."""
    return Label.objects.create(workspace=ws, **{"name": f"label {next(numbers)}"} | fields)


def segment(ws: Workspace, **fields: Any) -> Segment:
    """A segment; of everybody, unless told otherwise."""
    everybody = {"match": "all", "conditions": []}
    fields = {"name": f"Segment {next(numbers)}", "filter": everybody} | fields
    return Segment.objects.create(workspace=ws, **fields)


def attribute(ws: Workspace, **fields: Any) -> AttributeDefinition:
    """A text attribute."""
    n = next(numbers)
    fields = {"key": f"key{n}", "name": f"Key {n}", "type": "text"} | fields
    return AttributeDefinition.objects.create(workspace=ws, **fields)


def delivery(msg: Message, **fields: Any) -> Delivery:
    """A queued delivery of a message."""
    now = timezone.now()
    fields = {
        "medium": "sms",
        "content": {"text": msg.text},
        "due_at": now,
        "created_at": now,
    } | fields
    return Delivery.objects.create(
        workspace=msg.workspace,
        channel=msg.channel,
        message_uid=msg.uid,
        address=msg.conversation.address.value,
        **fields,
    )
