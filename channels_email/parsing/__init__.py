"""What a mail says: raw bytes into events. Pure, and never surprised by what mail looks like."""

import hmac
import re
from hashlib import sha256

from channels_email import tokens
from channels_email.parsing import body, bounds, folding, people, reports, tree
from channels_email.parsing.automatic import is_automatic
from channels_email.parsing.body import WHOLE
from channels_email.parsing.tnef import unwrapped
from channels_email.parsing.transfer import content, uuencoded
from channels_email.parsing.tree import Part
from gateway.events import Event, InboundMessage, UnknownEvent
from gateway.mail import Mail, Mailbox

# Where the mailbox stands that a mail was brought to, whatever its To says.
BROUGHT_TO = ("delivered-to", "x-original-to", "x-forwarded-to", "envelope-to", "x-envelope-to")
SENT_TO = ("to", "cc", "resent-to", "resent-cc")


def events_of(
    raw: bytes,
    *,
    envelope_from: str,
    envelope_to: str,
    own_addresses: frozenset[str],
    secret: bytes,
) -> list[Event]:
    """The events of one mail, in order; none for a report that only says that it is delayed.

    ``envelope_from`` and ``envelope_to`` are the SMTP envelope's addresses, empty where unknown
    (``<>`` is the null sender). ``own_addresses`` are the channel's mailboxes in their normal form.
    ``secret`` signs reply addresses (channels_email.tokens). Raises gateway.errors.Malformed for
    what is beyond bounds (channels_email.parsing.bounds), and nothing else for any bytes.
    """
    raw = tree.unified(raw)
    root = tree.read(raw)
    sender = people.sender(root.headers, envelope_from)
    report = reports.events(raw, root, sender.address, reports.Ours(own_addresses, secret))
    if report is not None:
        return report
    mark = root.headers.raw(tokens.LOOP_HEADER.lower())
    ours = hmac.compare_digest(mark.encode(), tokens.loop_mark(secret).encode())
    if ours or tokens.mailbox_of(sender.address, secret) in own_addresses:
        return [UnknownEvent("loop", sender.address)]
    return [_message(raw, root, sender, envelope_from, envelope_to, own_addresses, secret)]


def file_of(raw: bytes, part: str) -> bytes:
    """The bytes of ``Attachment.inside`` of this mail.

    Raises KeyError where it has no such part, and Malformed as ``events_of``.
    """
    raw = tree.unified(raw)
    if part == WHOLE:
        return raw
    path, _, rest = part.partition("/")
    found = next((one for one in tree.read(raw).walk() if one.path == path), None)
    if found is None:
        raise KeyError(part)
    kind, _, place = rest.partition("/")
    if not rest:
        return content(raw, found)
    files: list[bytes] = []
    if kind == "tnef":
        wrapped = unwrapped(content(raw, found))
        files = [file.data for file in wrapped.files] if wrapped else []
    elif kind == "uu":
        files = [data for _, data in uuencoded(content(raw, found))]
    if not place.isdecimal() or int(place) >= len(files):
        raise KeyError(part)
    return files[int(place)]


def _message(
    raw: bytes,
    root: Part,
    sender: Mailbox,
    envelope_from: str,
    envelope_to: str,
    own: frozenset[str],
    secret: bytes,
) -> InboundMessage:
    head = root.headers
    said = body.read(raw, root)
    subject = head.text("subject", bounds.MAX_SUBJECT)
    folded = folding.fold(said.text(), subject)
    mail = _mail(raw, root, said, subject, folded.folded, envelope_to, secret)
    reached = _reached(head_boxes(root), envelope_to, secret)
    reached_own = [one for one in reached if one in own]
    machine = is_automatic(head, root.kind, sender.address, envelope_from)
    refers_to = dict.fromkeys(
        one for one in (mail.in_reply_to, *reversed(mail.references)) if one != mail.message_id
    )
    root_id = next(iter(mail.references), "") or mail.in_reply_to or mail.message_id
    return InboundMessage(
        external_id=mail.message_id,
        sender=sender.address,
        recipient=next(iter(reached_own), next(iter(sorted(own)), "")),
        text="\n\n".join(part for part in (folded.new, *said.words) if part),
        attachments=tuple(said.files),
        sender_name=sender.name,
        occurred_at=head.date(),
        reply_to=mail.in_reply_to,
        refers_to=tuple(one for one in refers_to if one),
        thread=root_id,
        automatic=machine or not reached_own,
        mail=mail,
    )


def head_boxes(root: Part) -> tuple[str, ...]:
    """All mailboxes that a mail says it goes to, those it was brought to first."""
    found = people.mailboxes(root.headers, *BROUGHT_TO, *SENT_TO)
    return tuple(box.address for box in found)


def _reached(boxes: tuple[str, ...], envelope_to: str, secret: bytes) -> list[str]:
    """The mailboxes a mail goes to, reply addresses of ours as the mailboxes they are made from.

    With each that has a tag goes the one without: where such mail arrives, it is ours.
    """
    envelope = envelope_to.strip().strip("<>").lower()
    found = [tokens.mailbox_of(one, secret) for one in (envelope, *boxes) if one]
    return [*found, *(re.sub(r"\+[^@]*@", "@", one, count=1) for one in found)]


def _mail(
    raw: bytes,
    root: Part,
    said: body.Body,
    subject: str,
    folded: str,
    envelope_to: str,
    secret: bytes,
) -> Mail:
    head = root.headers
    found = ids_of(raw, root)
    signed = (tokens.token_of(one, secret) for one in (envelope_to, *head_boxes(root)))
    return Mail(
        message_id=found,
        subject=subject,
        html=said.html(),
        folded=folded,
        to=_people(root, "to", secret),
        cc=_people(root, "cc", secret),
        reply_to=people.mailboxes(head, "reply-to"),
        in_reply_to=next(iter(people.ids(head.all("in-reply-to"))), ""),
        references=people.ids(head.all("references")),
        token=next((token for token in signed if token), ""),
    )


def _people(root: Part, name: str, secret: bytes) -> tuple[Mailbox, ...]:
    found = {
        (address := tokens.mailbox_of(box.address, secret)): Mailbox(address, box.name)
        for box in people.mailboxes(root.headers, name)
    }
    return tuple(found.values())


def ids_of(raw: bytes, root: Part) -> str:
    """The mail's Message-ID, or one made from it, the same whenever and however it is fetched."""
    if found := people.ids(root.headers.all("message-id")):
        return found[0]
    known = sha256()
    for name in ("from", "to", "subject", "date"):
        known.update(repr(root.headers.all(name)).encode("utf-8", "replace"))
    known.update(raw[root.start : root.end].replace(b"\r\n", b"\n"))
    return f"{known.hexdigest()}@no-id.invalid"
