"""WhatsApp's webhooks: all entries and changes of a request, to events.

Source: providers.md section 5, and Meta's webhook reference (2026). A request may hold events of
several people and of several numbers; what is of another number is kept and not shown here.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from channels_social.meta_account import objects, part, problem, words
from channels_social.whatsapp_errors import reported
from channels_social.whatsapp_inbound import (
    FILES,
    Json,
    Place,
    errors,
    file_of,
    moment,
    number,
    read,
    said,
    who,
)
from gateway.content.templates import TemplateStatus
from gateway.events import (
    Event,
    Keyword,
    OptOut,
    SentElsewhere,
    StatusUpdate,
    TemplateNews,
    UnknownEvent,
)
from gateway.states import State

# None: nothing worth a state.
STATUSES: dict[str, State | None] = {
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "read": State.READ,
    "played": State.READ,
    "failed": State.FAILED,
    "deleted": None,
}
# FLAGGED ones are still sent; what is locked or over a limit is not.
TEMPLATES: dict[str, TemplateStatus] = {
    "APPROVED": TemplateStatus.APPROVED,
    "REINSTATED": TemplateStatus.APPROVED,
    "UNARCHIVED": TemplateStatus.APPROVED,
    "FLAGGED": TemplateStatus.APPROVED,
    "PENDING": TemplateStatus.PENDING,
    "IN_APPEAL": TemplateStatus.PENDING,
    "REJECTED": TemplateStatus.REJECTED,
    "PAUSED": TemplateStatus.PAUSED,
    "DISABLED": TemplateStatus.DISABLED,
    "LIMIT_EXCEEDED": TemplateStatus.DISABLED,
    "ARCHIVED": TemplateStatus.DISABLED,
    "LOCKED": TemplateStatus.DISABLED,
    "PENDING_DELETION": TemplateStatus.DELETED,
    "DELETED": TemplateStatus.DELETED,
}
PREFERENCES = {"stop": Keyword.STOP, "resume": Keyword.START, "signup": Keyword.START}
MARKETING = "marketing_messages"
# Echoes of what the business's own app does to messages it has sent.
ECHO_CHANGES = frozenset({"edit", "revoke"})


@dataclass(frozen=True, slots=True)
class Own:
    """The channel's ids, and the URL that its files lie below."""

    number_id: str
    account_id: str
    files_url: str


def parse(payload: Json, own: Own) -> list[Event]:
    """All events of a request."""
    found: list[Event] = []
    for entry in objects(payload.get("entry")):
        for change in objects(entry.get("changes")):
            found += _change(words(change, "field", 64), part(change, "value"), entry, own)
    return found


def _change(field: str, value: Json, entry: Json, own: Own) -> list[Event]:
    number_id = words(part(value, "metadata"), "phone_number_id", 64)
    if field in OF_NUMBER and number_id != own.number_id:
        return [UnknownEvent("another number", number_id)]
    if field in OF_ACCOUNT and words(entry, "id", 64) != own.account_id:
        return [UnknownEvent("another account", words(entry, "id", 64))]
    handler = OF_NUMBER.get(field) or OF_ACCOUNT.get(field)
    if handler is None:
        return [UnknownEvent(field or "no field", ", ".join(sorted(value))[:500])]
    return handler(value, _place(value, own))


def _place(value: Json, own: Own) -> Place:
    shown = words(part(value, "metadata"), "display_phone_number", 64)
    return Place(number(shown), own.files_url)


def _messages(value: Json, place: Place) -> list[Event]:
    contacts = list(objects(value.get("contacts")))
    found: list[Event] = [read(one, contacts, place) for one in objects(value.get("messages"))]
    found += [event for one in objects(value.get("statuses")) for event in _status(one)]
    found += errors(value)
    return found


# --- Reports --------------------------------------------------------------------------------------


def _status(status: Json) -> list[Event]:
    word, identity = words(status, "status", 64), words(status, "id")
    if word not in STATUSES or not identity:
        return [UnknownEvent(f"status {word}".strip(), identity)]
    state = STATUSES[word]
    if state is None:
        return []
    update = StatusUpdate(
        external_id=identity,
        state=state,
        provider_word=word,
        delivery_uid=_uuid(words(status, "biz_opaque_callback_data")),
        occurred_at=moment(status),
    )
    return [update if state is not State.FAILED else _failed(update, status)]


def _failed(update: StatusUpdate, status: Json) -> StatusUpdate:
    error = problem(next(objects(status.get("errors")), None))
    known = reported(error)
    return StatusUpdate(
        external_id=update.external_id,
        state=update.state,
        provider_word=update.provider_word,
        delivery_uid=update.delivery_uid,
        error_class=known.error.__name__,
        error_code=str(error.code) if error.code else "",
        error_text=known.text or error.text,
        occurred_at=update.occurred_at,
    )


# --- Beside messages ------------------------------------------------------------------------------


def _echoes(value: Json, place: Place) -> list[Event]:
    return [_echo(one, place) for one in objects(value.get("message_echoes"))]


def _echo(message: Json, place: Place) -> Event:
    """What the business wrote in its own app on the phone."""
    kind = words(message, "type", 64)
    to = who(words(message, "to", 64), words(message, "to_user_id"))
    if kind in ECHO_CHANGES or to is None or not words(message, "id"):
        return UnknownEvent(f"echo {kind}".strip(), words(message, "id"))
    file = file_of(message, kind, place) if kind in FILES else None
    return SentElsewhere(
        external_id=words(message, "id"),
        recipient=to.address,
        text=said(message, kind),
        attachments=(file,) if file else (),
        occurred_at=moment(message),
        recipient_kind=to.kind,
        reply_to=words(part(message, "context"), "id"),
    )


def _preferences(value: Json, place: Place) -> list[Event]:
    return [_preference(one) for one in objects(value.get("user_preferences"))]


def _preference(one: Json) -> Event:
    """Somebody stops or resumes marketing in WhatsApp's own menu."""
    value, category = words(one, "value", 64), words(one, "category", 64)
    keyword = PREFERENCES.get(value)
    person = who(words(one, "wa_id", 64), words(one, "user_id"))
    if keyword is None or category != MARKETING or person is None:
        return UnknownEvent(f"preference {category} {value}".strip(), words(one, "detail", 500))
    return OptOut(
        external_id=f"preference {value} {person.address} {words(one, 'timestamp', 12)}"[:255],
        sender=person.address,
        keyword=keyword,
        words=words(one, "detail", 500) or value,
        answered=True,
        sender_kind=person.kind,
        source="provider",
    )


# --- Templates ------------------------------------------------------------------------------------


def _template_status(value: Json, place: Place) -> list[Event]:
    event = words(value, "event", 64)
    status = TEMPLATES.get(event.upper())
    if status is None:
        return [UnknownEvent(f"template {event}".strip(), words(value, "message_template_name"))]
    reason = words(value, "reason", 500)
    more = words(part(value, "other_info"), "description", 500)
    why = ": ".join(filter(None, ("" if reason == "NONE" else reason, more)))
    return [_news(value, status=status, reason=why)]


def _template_category(value: Json, place: Place) -> list[Event]:
    return [_news(value, category=words(value, "new_category", 64).lower())]


def _template_quality(value: Json, place: Place) -> list[Event]:
    score = words(value, "new_quality_score", 64)
    return [_news(value, reason=f"quality {score}" if score in {"YELLOW", "RED"} else "")]


def _template_words(value: Json, place: Place) -> list[Event]:
    return [_news(value)]


def _news(value: Json, *, status: str = "", category: str = "", reason: str = "") -> TemplateNews:
    return TemplateNews(
        words(value, "message_template_id"),
        words(value, "message_template_name", 512),
        words(value, "message_template_language", 64),
        status,
        category,
        reason,
    )


def _uuid(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except ValueError:
        return None


Handler = Callable[[Json, Place], list[Event]]
OF_NUMBER: dict[str, Handler] = {
    "messages": _messages,
    "smb_message_echoes": _echoes,
    "user_preferences": _preferences,
}
OF_ACCOUNT: dict[str, Handler] = {
    "message_template_status_update": _template_status,
    "template_category_update": _template_category,
    "message_template_quality_update": _template_quality,
    "message_template_components_update": _template_words,
}
