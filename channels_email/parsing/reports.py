"""Reports on mail of ours as events: undelivered, delivered, read, complained of."""

import re
import uuid
from dataclasses import dataclass

from channels_email import tokens
from channels_email.parsing import bounces
from channels_email.parsing.bounces import Recipient
from channels_email.parsing.headers import Headers, one_line
from channels_email.parsing.people import ids, mailboxes, normal_id
from channels_email.parsing.tree import Part
from gateway.addresses import EMAIL, InvalidAddress, normalize
from gateway.errors import Rejected, Unreachable
from gateway.events import BadAddress, Event, Keyword, OptOut, StatusUpdate, UnknownEvent
from gateway.states import State

# RFC 3463: nobody is there, and nobody will be. All else may be otherwise tomorrow, or lies in us.
HARD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
SOFT = frozenset({"5.2.2"})  # full
NOBODY_THERE = re.compile(
    r"user unknown|unknown user|no such (?:user|recipient|mailbox|address)|does(?:n't| not) exist"
    r"|invalid recipient|recipient not found|no mailbox here|address rejected: user"
    r"|account that you tried to reach does not exist|wasn't found at",
    re.IGNORECASE,
)
TOKEN_HEADERS = ("reply-to", "from", "return-path", "sender")


@dataclass(frozen=True, slots=True)
class Ours:
    """What proves that a mail was ours: its domain in the Message-ID, or a token we have signed."""

    own_addresses: frozenset[str]
    secret: bytes

    def sent(self, head: Headers) -> bool:
        """Whether this is the head of a mail that we have sent."""
        found = ids(head.all("message-id"))
        if found and self.ours(found[0]):
            return True
        boxes = mailboxes(head, *TOKEN_HEADERS)
        return any(tokens.token_of(box.address, self.secret) for box in boxes)

    def ours(self, message_id: str) -> bool:
        """Whether a Message-ID is of a domain of ours."""
        domain = message_id.rpartition("@")[2].lower()
        return any(domain == own.rpartition("@")[2] for own in self.own_addresses)

    def delivery(self, message_id: str) -> uuid.UUID | None:
        """Our own id of the delivery, which the Message-ID begins with."""
        local = message_id.rpartition("@")[0]
        try:
            return uuid.UUID(local) if self.ours(message_id) and len(local) == 36 else None
        except ValueError:
            return None


def events(raw: bytes, root: Part, sender: str, ours: Ours) -> list[Event] | None:
    """What a report says; None where the mail is none."""
    if part := bounces.part_of(root, "message/feedback-report"):
        return _complaint(raw, root, part, ours)
    if part := bounces.part_of(root, "message/disposition-notification"):
        return _receipt(raw, part, ours)
    reported = _is_report(root)
    if reported and (part := bounces.part_of(root, "message/delivery-status")):
        found = bounces.recipients(raw, part)
        if found:
            head = bounces.returned(raw, root)
            known = ids(bounces.root_ids(raw, root, ""))
            return _bounced(found, head, known[0] if known else "", ours)
    old = bounces.in_words(raw, root, sender, bounces.text_in(raw, root))
    if old is None:
        return None
    if old.recipient.action == "delayed":
        return []
    return _bounced([old.recipient], bounces.returned(raw, root), old.message_id, ours) or None


def _is_report(root: Part) -> bool:
    return root.kind == "multipart/report" or any(
        part.kind == "multipart/report" for part in root.parts
    )


def _bounced(
    recipients: list[Recipient], head: Headers, message_id: str, ours: Ours
) -> list[Event]:
    """One update of the mail, for the recipient it went to first, and the addresses that are bad.

    A report that names none of the mail's own recipients is believed about none.
    """
    to = {box.address for box in mailboxes(head, "to")}
    known = ours.sent(head) or ours.ours(message_id)
    found: list[Event] = []
    for one in recipients:
        if message_id and not found and (not to or one.address in to or not one.address):
            found += _update(one, message_id, ours)
    for one in recipients:
        written_to = not to or one.address in to | {box.address for box in mailboxes(head, "cc")}
        if one.action == "failed" and one.address and is_hard(one) and known and written_to:
            found.append(BadAddress(one.address, _evidence(one)))
    if not found and all(one.action == "failed" for one in recipients):
        words = "; ".join(f"{one.address} {_evidence(one)}" for one in recipients)
        return [UnknownEvent("bounce", words[:500])]
    return found


def _update(one: Recipient, message_id: str, ours: Ours) -> list[StatusUpdate]:
    """What happened to the mail by one report; nothing while it is still being tried."""
    uid = ours.delivery(message_id)
    if one.action == "delivered":
        return [StatusUpdate(message_id, State.DELIVERED, "delivered", uid)]
    if one.action != "failed":
        return []
    return [
        StatusUpdate(
            message_id,
            State.FAILED,
            "failed",
            uid,
            error_class=_error_class(one),
            error_code=one.status,
            error_text=one.words or _evidence(one),
        )
    ]


def is_hard(one: Recipient) -> bool:
    """Whether nobody is there. Without a status that says so, the server's words have to."""
    if one.status and one.status not in ("5.0.0", "5.1.0", "5.5.0"):
        return one.status in HARD
    return NOBODY_THERE.search(one.words) is not None


def _error_class(one: Recipient) -> str:
    """Given up after many tries, or full: later it may be otherwise. All else is for good."""
    soft = one.status.startswith("4.") or one.status in SOFT
    return (Unreachable if soft else Rejected).__name__


def _evidence(one: Recipient) -> str:
    return " ".join(part for part in (one.status, one.words) if part)[:500] or one.action


def _receipt(raw: bytes, part: Part, ours: Ours) -> list[Event]:
    """A receipt that somebody has let their mail program send (RFC 8098)."""
    for block in bounces.blocks(raw, part):
        disposition = block.raw("disposition").lower()
        original = normal_id(block.raw("original-message-id"))
        if disposition and original:
            if "displayed" in disposition.partition(";")[2]:
                uid = ours.delivery(original)
                return [StatusUpdate(original, State.READ, "displayed", uid)]
            return [UnknownEvent("receipt", one_line(disposition)[:200])]
    return [UnknownEvent("receipt")]


def _complaint(raw: bytes, root: Part, part: Part, ours: Ours) -> list[Event]:
    """A complaint (RFC 5965) about a mail of ours; its recipient wants no more."""
    head = bounces.returned(raw, root)
    for block in bounces.blocks(raw, part):
        kind = block.raw("feedback-type").lower()
        if not kind:
            continue
        address = _complained(block, head)
        if kind == "not-spam" or not address or not ours.sent(head):
            return [UnknownEvent("complaint", f"{kind} {address}".strip()[:200])]
        about = ids(head.all("message-id")) or ids(root.headers.all("message-id")) or (address,)
        external_id = f"complaint:{about[0]}"[:255]
        words = f"Feedback-Type: {kind}"[:200]
        return [OptOut(external_id, address, Keyword.STOP, words, True, source="provider")]
    return [UnknownEvent("complaint")]


def _complained(block: Headers, head: Headers) -> str:
    """Who complains: the report says it, or leaves it out, and then the mail's recipient did."""
    for name in ("original-rcpt-to", "removal-recipient"):
        value = block.raw(name).rpartition(";")[2].strip().strip("<>")
        try:
            return normalize(EMAIL, value)
        except InvalidAddress:
            continue
    to = mailboxes(head, "to")
    return to[0].address if len(to) == 1 else ""
