"""Webhooks of a provider without an adapter: from the fields a channel names to events."""

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from channels_sms.keywords import NONE, keyword
from gateway.addresses import PHONE, InvalidAddress, normalize
from gateway.contract import WebhookRequest
from gateway.errors import Malformed
from gateway.events import Event, InboundMessage, Keyword, OptOut, StatusUpdate, UnknownEvent
from gateway.sql import storable
from gateway.states import State

FORM = "application/x-www-form-urlencoded"
ADDRESS_LIMIT = 320
ID_LIMIT = 255
# Fewer digits are a short code, which has no country.
FEWEST_DIGITS = 7
MILLISECONDS = 100_000_000_000


@dataclass(frozen=True, slots=True)
class FieldNames:
    """Which fields say what; dotted paths into JSON, names in a form. Empty: there is none.

    ``words`` maps the provider's status words (lower case) to states, None for those that change
    nothing; ``codes`` its error codes to classes of gateway.errors. ``country`` (ISO 3166-1) is
    where numbers without a country code are at home.
    """

    events: str = ""
    sender: str = ""
    recipient: str = ""
    text: str = ""
    id: str = ""
    time: str = ""
    status: str = ""
    status_id: str = ""
    status_to: str = ""
    status_code: str = ""
    status_reference: str = ""
    words: Mapping[str, State | None] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    country: str = ""
    own_ids: bool = False


def pick(tree: Any, path: str) -> Any:
    """What stands at a dotted path (``messages.0.id``); None when nothing does."""
    if not path:
        return None
    if isinstance(tree, dict) and path in tree:
        return tree[path]
    for step in path.split("."):
        if isinstance(tree, dict):
            tree = tree.get(step)
        elif isinstance(tree, list) and step.isdecimal() and len(step) < 6:
            tree = tree[int(step)] if int(step) < len(tree) else None
        else:
            return None
    return tree


def words_at(tree: Any, path: str) -> str:
    """The text or number at a path, as text that can be stored; empty for anything else."""
    value = pick(tree, path)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return storable(str(value))


def read(request: WebhookRequest, events: str = "") -> list[dict[str, Any]]:
    """The events of a request: a form's or a query's fields, or the JSON objects at ``events``.

    Malformed for what is none of these.
    """
    if not request.body:
        return [_fields(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))]
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
        return [_fields(request.form())]
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is neither a form nor JSON.") from error
    inside = pick(body, events)
    found = body if inside is None else inside
    rows = found if isinstance(found, list) else [found]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise Malformed("The body is no event.")
    return rows


def _fields(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    if not any(name for name, _value in pairs):
        raise Malformed("The request is empty.")
    return dict(reversed(pairs))


def address(value: str, country: str) -> str:
    """E.164 when it is a phone number; short codes and names stay as they are.

    Digits without a country are of ``country``; where that is not known, they begin with their
    country code, as most providers write them.
    """
    value = value.strip()[:ADDRESS_LIMIT]
    number = "".join(char for char in value if char not in " -.()/")
    if not number.removeprefix("+").isdecimal() or len(number) < FEWEST_DIGITS:
        return value
    if not country and not number.startswith("+"):
        number = f"+{number.removeprefix('00')}"
    try:
        return normalize(PHONE, number, region=country or None)
    except InvalidAddress:
        return value


def customer(request: WebhookRequest, names: FieldNames) -> str:
    """The customer all events of a request are about; empty when they are several or none.

    Raises Malformed.
    """
    found = {_customer(event, names) for event in read(request, names.events)}
    return found.pop() if len(found) == 1 else ""


def _customer(event: Any, names: FieldNames) -> str:
    path = names.status_to if words_at(event, names.status) else names.sender
    return address(words_at(event, path), names.country)


def parse(
    request: WebhookRequest,
    names: FieldNames,
    delivery: str,
    own: Mapping[str, Keyword] = NONE,
) -> list[Event]:
    """All events of a request. ``delivery`` is our own id from the URL, where it can be believed.

    What has a status is a report, what has a sender and a text is a message. ``own`` are the
    channel's keywords.
    """
    rows = read(request, names.events)
    return [event for row in rows for event in _events(row, names, delivery, own)]


def _events(
    row: dict[str, Any], names: FieldNames, delivery: str, own: Mapping[str, Keyword]
) -> Iterator[Event]:
    if words_at(row, names.status):
        yield from _status(row, names, delivery)
        return
    sender = address(words_at(row, names.sender), names.country)
    if not sender or not isinstance(pick(row, names.text), str | int | float):
        shown = ", ".join(sorted(map(str, row)))
        yield UnknownEvent("no message", storable(shown)[:500])
        return
    message = InboundMessage(
        external_id=words_at(row, names.id)[:ID_LIMIT] or _own_id(row, names),
        sender=sender,
        recipient=address(words_at(row, names.recipient), names.country),
        text=words_at(row, names.text),
        occurred_at=moment(words_at(row, names.time)),
    )
    yield message
    word = keyword(message.text, own)
    if word is not None:
        yield OptOut(message.external_id, sender, word, message.text, answered=False)


def _own_id(row: Any, names: FieldNames) -> str:
    """An id for a message without one: a hash of who wrote what to whom at which time.

    The provider's repeat of a message has the same; so has a second message that is equal to the
    first in all of this, its time included.
    """
    paths = (names.sender, names.recipient, names.text, names.time)
    said = json.dumps([words_at(row, path) for path in paths])
    return f"sha256-{hashlib.sha256(said.encode()).hexdigest()}"


def _status(row: Any, names: FieldNames, delivery: str) -> Iterator[Event]:
    word = words_at(row, names.status)[:64]
    message_id = words_at(row, names.status_id)[:ID_LIMIT]
    if word.lower() not in names.words or not message_id:
        yield UnknownEvent(f"status {word[:40]}", message_id)
        return
    state = names.words[word.lower()]
    if state is None:
        return
    code = words_at(row, names.status_code)[:32] if state is State.FAILED else ""
    reference = words_at(row, names.status_reference) or (message_id if names.own_ids else "")
    yield StatusUpdate(
        external_id=message_id,
        state=state,
        provider_word=word,
        delivery_uid=_uuid(reference) or _uuid(delivery),
        error_class=names.codes.get(code, "Rejected") if state is State.FAILED else "",
        error_code=code,
    )


def moment(value: str) -> datetime | None:
    """A time as providers write it, in UTC: ISO 8601 (without a zone: UTC), or Unix seconds or
    milliseconds; None when it is none.
    """
    try:
        if value.replace(".", "", 1).isdecimal():
            seconds = float(value)
            seconds = seconds / 1000 if seconds >= MILLISECONDS else seconds
            return datetime.fromtimestamp(seconds, UTC)
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _uuid(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except ValueError:
        return None
