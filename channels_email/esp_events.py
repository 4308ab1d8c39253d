"""Providers' reports as events, by django-anymail's words for them.

An opened mail is not read: privacy proxies open everything.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from channels_email.account import Account
from channels_email.handed_in import mailbox
from gateway.events import BadAddress, Event, Keyword, OptOut, StatusUpdate, UnknownEvent
from gateway.sql import storable
from gateway.states import State

STATES = {
    "queued": State.SENT,
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "bounced": State.FAILED,
    "rejected": State.FAILED,
    "failed": State.FAILED,
}
SILENT = frozenset({"deferred", "opened", "clicked"})
LEFT = frozenset({"complained", "unsubscribed"})
# Where SES's answer names a mail without saying where it is from.
SES_HOME = {"us-east-1": "email"}


def wire_id(provider: str, found: str, region: str) -> str:
    """The Message-ID that a mail went out with, by the id that the provider gave it.

    Postmark and SES put their own in its place (the hosts are unverified); answers refer to it.
    """
    found = found.strip().strip("<>")
    if provider == "postmark":
        return f"{found}@mtasv.net"
    if provider == "amazon_ses":
        return f"{found}@{SES_HOME.get(region, region)}.amazonses.com"
    return found


def _mailgun_hard(said: Mapping[str, Any]) -> bool:
    data = _inside(said, "event-data")
    code = _inside(data, "delivery-status").get("code")
    return data.get("severity") == "permanent" and str(code) in {"550", "551", "553", "605"}


def _ses_hard(said: Mapping[str, Any]) -> bool:
    bounce = _inside(said, "bounce")
    return bounce.get("bounceType") == "Permanent" and bounce.get("bounceSubType") != "Policy"


# Whether a bounce says that the address does not exist; all others may pass.
HARD: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "mailgun": _mailgun_hard,
    "postmark": lambda said: _text(said.get("Type")) in {"HardBounce", "BadEmailAddress"},
    "amazon_ses": _ses_hard,
    "brevo": lambda said: _text(said.get("event")) in {"hard_bounce", "invalid_email"},
}


def events(found: Any, account: Account) -> list[Event]:
    """The events of one of anymail's tracking events."""
    word = _text(found.event_type) or "unknown"
    recipient = mailbox(_text(found.recipient))
    if word in SILENT:
        return []
    if word in LEFT:
        if not recipient:
            return [UnknownEvent(kind=word, detail="The provider does not say who.")]
        return [_opt_out(found, word, recipient)]
    if word not in STATES or not _text(found.message_id):
        return [UnknownEvent(kind=f"{account.sending} {word}"[:64])]
    report = _report(found, word, account)
    if word == "bounced" and recipient and HARD[account.sending](_said(found)):
        return [report, BadAddress(recipient, report.error_text or word)]
    return [report]


def _report(found: Any, word: str, account: Account) -> StatusUpdate:
    state = STATES[word]
    failed = state is State.FAILED
    reason = _text(found.reject_reason)
    words = _text(found.mta_response) or _text(found.description) or reason
    gone = word == "rejected" and reason in {"unsubscribed", "spam"}
    return StatusUpdate(
        external_id=wire_id(account.sending, _text(found.message_id), account.provider.region)[
            :255
        ],
        state=state,
        provider_word=word,
        delivery_uid=_uid(found.metadata),
        error_class=("OptedOut" if gone else "Rejected") if failed else "",
        error_code=(reason or word)[:32] if failed else "",
        error_text=words[:500] if failed else "",
        occurred_at=found.timestamp,
    )


def _opt_out(found: Any, word: str, recipient: str) -> OptOut:
    about = _text(found.event_id) or _text(found.message_id)
    return OptOut(
        external_id=f"{word}:{about}"[:255],
        sender=recipient,
        keyword=Keyword.STOP,
        words=(_text(found.description) or word)[:500],
        answered=False,
        source="provider",
    )


def _uid(metadata: object) -> uuid.UUID | None:
    """Our own id, which went out with the mail."""
    try:
        return uuid.UUID(str(metadata["delivery"])) if isinstance(metadata, Mapping) else None
    except (KeyError, ValueError):
        return None


def _said(found: Any) -> Mapping[str, Any]:
    """What the provider posted, as it came."""
    return found.esp_event if isinstance(found.esp_event, Mapping) else {}


def _inside(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = said.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    """A text (or a number as text) as the database can keep it; empty for anything else."""
    known = isinstance(value, str | int) and not isinstance(value, bool)
    return storable(str(value)) if known else ""
