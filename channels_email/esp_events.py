"""Providers' reports as events, by django-anymail's words for them.

An opened mail is not read: privacy proxies open everything.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from channels_email.account import Account
from channels_email.handed_in import mailbox
from gateway.events import BadAddress, Event, Keyword, OptOut, StatusUpdate, UnknownEvent
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
    data = said.get("event-data", {})
    code = data.get("delivery-status", {}).get("code")
    return bool(data.get("severity") == "permanent" and code in {550, 551, 553, 605})


def _ses_hard(said: Mapping[str, Any]) -> bool:
    bounce = said.get("bounce", {})
    return bool(bounce.get("bounceType") == "Permanent" and bounce.get("bounceSubType") != "Policy")


# Whether a bounce says that the address does not exist; all others may pass.
HARD: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "mailgun": _mailgun_hard,
    "postmark": lambda said: said.get("Type") in {"HardBounce", "BadEmailAddress"},
    "amazon_ses": _ses_hard,
    "brevo": lambda said: said.get("event") in {"hard_bounce", "invalid_email"},
}


def events(found: Any, account: Account) -> list[Event]:
    """The events of one of anymail's tracking events."""
    word = str(found.event_type or "unknown")
    recipient = mailbox(str(found.recipient or ""))
    if word in SILENT:
        return []
    if word in LEFT:
        if not recipient:
            return [UnknownEvent(kind=word, detail="The provider does not say who.")]
        return [_opt_out(found, word, recipient)]
    if word not in STATES or not found.message_id:
        return [UnknownEvent(kind=f"{account.sending} {word}"[:64])]
    report = _report(found, word, account)
    if word == "bounced" and recipient and HARD[account.sending](found.esp_event):
        return [report, BadAddress(recipient, report.error_text or word)]
    return [report]


def _report(found: Any, word: str, account: Account) -> StatusUpdate:
    state = STATES[word]
    failed = state is State.FAILED
    words = str(found.mta_response or found.description or found.reject_reason or "")
    gone = word == "rejected" and found.reject_reason in {"unsubscribed", "spam"}
    return StatusUpdate(
        external_id=wire_id(account.sending, found.message_id, account.provider.region)[:255],
        state=state,
        provider_word=word,
        delivery_uid=_uid((found.metadata or {}).get("delivery")),
        error_class=("OptedOut" if gone else "Rejected") if failed else "",
        error_code=str(found.reject_reason or word)[:32] if failed else "",
        error_text=words[:500] if failed else "",
        occurred_at=found.timestamp,
    )


def _opt_out(found: Any, word: str, recipient: str) -> OptOut:
    about = found.event_id or found.message_id or ""
    return OptOut(
        external_id=f"{word}:{about}"[:255],
        sender=recipient,
        keyword=Keyword.STOP,
        words=str(found.description or word)[:500],
        answered=False,
        source="provider",
    )


def _uid(value: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value)) if value else None
    except ValueError:
        return None
