"""What people and programs do to conversations. Each is one transaction; events leave after it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Member, Team
from contacts.models import Address, Contact, Label
from conversations import realtime
from conversations.activity import note_activity
from conversations.answering import MailHead, about_answer, note_mail
from conversations.hooks import notify
from conversations.lines import PREVIEW
from conversations.models import (
    Conversation,
    Direction,
    Draft,
    Kind,
    Message,
    ReadMark,
    Status,
)
from conversations.signs import tell_read
from conversations.voice.lease import check_approved, hold
from conversations.way import Way, refuse_closed
from gateway.content.adapting import adapt
from gateway.content.model import Adapted, Content
from gateway.content.options import offered
from gateway.content.reading import write
from gateway.content.wording import worded
from gateway.content.words import headline
from gateway.events import About
from gateway.media.attaching import attach, resolved, without_links
from gateway.models import Channel, Priority
from gateway.outbox.queue import Terms, queue_parts
from gateway.registry import adapter_for
from gateway.templates.using import with_template

NOTE_LIMIT = 10_000


def lock(conversation: Conversation) -> Conversation:
    """The conversation's row, locked until the transaction ends, with what sending needs."""
    return (
        Conversation.objects.select_for_update(of=("self",))
        .select_related(
            "channel__fallback_channel", "answers_on__fallback_channel", "address", "contact"
        )
        .get(pk=conversation.pk)
    )


def _clean_text(text: str, limit: int) -> str:
    text = text.replace("\x00", "").strip()
    if not text:
        raise ValidationError({"text": _("Write something first.")})
    if len(text) > limit:
        raise ValidationError(
            {
                "text": _(
                    "This text has %(length)d characters; this channel takes at most %(limit)d."
                )
                % {"length": len(text), "limit": limit}
            }
        )
    return text


def _same_uid(workspace_id: int, uid: UUID, conversation: Conversation) -> Message | None:
    """The message that already has this client id; ValidationError when it is another thread's."""
    message = Message.objects.filter(workspace_id=workspace_id, uid=uid).first()
    if message is not None and message.conversation_id != conversation.pk:
        raise ValidationError({"uid": _("This id was used for another message.")})
    return message


@transaction.atomic
def send_message(
    *,
    conversation: Conversation,
    author: Member | None,
    text: str = "",
    content: Content | None = None,
    uid: UUID | None = None,
    priority: int = Priority.REPLY,
    expires_at: datetime | None = None,
    way: Way | None = None,
    quotes: Message | None = None,
    head: MailHead | None = None,
    approved_by: Member | None = None,
) -> Message:
    """Answer the customer, with a text or with rich content, adapted to what the channel shows.

    ``way`` None: where the customer wrote last, with the fallback of that channel. ``quotes``: the
    message of this thread that it answers; ``head``: what a mail has beside its text;
    ``approved_by``: who agreed to a public answer, where its channel wants that.

    The same ``uid`` again gives the same message and sends nothing. An unassigned conversation
    becomes the author's, a closed one opens again. ValidationError names ``text`` when it is empty
    or too long for the channel, or when its time is over; ``content.media.0.file`` when there is no
    such file, ``content.template.name`` or a part of it when that cannot be sent so.
    """
    row = lock(conversation)
    uid = uid or uuid4()
    existing = _same_uid(row.workspace_id, uid, row)
    if existing is not None:
        return existing
    if row.public:
        hold(row, author)
        check_approved(row, approved_by)
    way = way or Way.of(row.reply_channel)
    adapter = adapter_for(way.channel)
    if content is None:
        content = Content(_clean_text(text, adapter.capabilities.max_text))
    content = with_template(resolved(content, row.workspace_id), way.channel)
    content = worded(adapter, content)
    about = about_answer(row, adapter, author, quotes=quotes, head=head)
    refuse_closed(content, way, row.address.value, about)
    adapted = adapt(content, adapter.shows_in(row.address.value, about))
    message = _add(
        row,
        kind=Kind.TEXT,
        author=author,
        text=headline(content),
        uid=uid,
        data=_rich(content, adapted) | _beside(about, quoted=quotes is not None),
    )
    note_mail(message, about)
    attach(content, channel=row.channel, message_uid=uid)
    queue_parts(
        channel=way.channel,
        address=row.address.value,
        parts=adapted.parts,
        terms=Terms(uid, priority, expires_at=expires_at, fallback=way.fallback, about=about),
    )
    _answered(row, author, message)
    Draft.objects.filter(conversation=row, member=author, note=False).delete()
    _publish_message(row, message)
    notify("changed", conversation=row, event="answered", by=author, reason={})
    return message


def _rich(content: Content, adapted: Adapted) -> dict[str, Any]:
    """What a message's row keeps of rich content: all of it, and what was offered by number."""
    data: dict[str, Any] = {} if content.is_plain else {"content": write(without_links(content))}
    return data | ({"options": offered(adapted.options)} if adapted.options else {})


def _beside(about: About, *, quoted: bool) -> dict[str, Any]:
    """What the row keeps of what it answers."""
    data: dict[str, Any] = {"quotes": about.reply_to} if quoted else {}
    return data | ({"mail": True} if about.mail is not None else {})


def _add(
    row: Conversation,
    *,
    kind: Kind,
    author: Member | None,
    text: str,
    uid: UUID,
    data: dict[str, Any] | None = None,
) -> Message:
    return Message.objects.create(
        workspace_id=row.workspace_id,
        conversation=row,
        channel_id=row.channel_id,
        uid=uid,
        direction=Direction.OUTBOUND,
        kind=kind,
        text=text,
        data=data or {},
        author=author,
        created_at=timezone.now(),
    )


def _answered(row: Conversation, author: Member | None, message: Message) -> None:
    row.waiting_since = None
    row.preview = message.text[:PREVIEW] or "📎"
    row.preview_direction = Direction.OUTBOUND
    row.last_message_at = message.created_at
    _refuse_twin(row)
    if row.status != Status.OPEN:
        row.status, row.snoozed_until, row.resolved_at = Status.OPEN, None, None
    if author is not None and row.assignee_id is None:
        _give(row, author, by=author, reason={"code": "replied"})
    else:
        _save(row)


def _publish_message(row: Conversation, message: Message) -> None:
    realtime.publish(
        row.workspace_id,
        realtime.message_created(
            row.pk, row.version, message.pk, message.direction, contact_id=row.contact_id
        ),
    )


def next_version(conversation: Conversation) -> Conversation:
    """The row under its next version; it must be locked by the caller."""
    row = Conversation.objects.get(pk=conversation.pk)
    _save(row)
    return row


def _save(row: Conversation) -> None:
    """Save a locked row under its next version."""
    row.version += 1
    row.save()


def _changed(row: Conversation) -> None:
    """Save a locked row under its next version and tell the browsers."""
    _save(row)
    realtime.publish(row.workspace_id, realtime.conversation_changed(row.pk, row.version))


@transaction.atomic
def add_note(
    *,
    conversation: Conversation,
    author: Member,
    text: str,
    uid: UUID | None = None,
    data: dict[str, Any] | None = None,
) -> Message:
    """A private note; it never leaves the agents' side. Same ``uid``, same note.

    ``data``: what else it is (conversations.voice).
    """
    row = lock(conversation)
    uid = uid or uuid4()
    existing = _same_uid(row.workspace_id, uid, row)
    if existing is not None:
        return existing
    text = _clean_text(text, NOTE_LIMIT)
    message = _add(row, kind=Kind.NOTE, author=author, text=text, uid=uid, data=data)
    Draft.objects.filter(conversation=row, member=author, note=True).delete()
    _save(row)
    _publish_message(row, message)
    return message


@transaction.atomic
def assign(
    *,
    conversation: Conversation,
    member: Member | None,
    by: Member | None,
    reason: dict[str, Any] | None = None,
) -> Conversation:
    """Give a conversation to a member, or back to the queue with ``member=None``.

    ValidationError when the member has no access to this workspace.
    """
    row = lock(conversation)
    if member is not None and (member.workspace_id != row.workspace_id or member.ended_at):
        raise ValidationError({"assignee": _("This person is no member of the workspace.")})
    if row.assignee_id == (member.pk if member else None):
        return row
    _give(row, member, by=by, reason=reason or {"code": "by_hand"})
    realtime.publish(row.workspace_id, realtime.conversation_changed(row.pk, row.version))
    return row


def _give(
    row: Conversation, member: Member | None, *, by: Member | None, reason: dict[str, Any]
) -> None:
    row.assignee = member
    row.queued_at = timezone.now() if member is None and row.status == Status.OPEN else None
    note_activity(
        conversation=row,
        event="assigned" if member else "unassigned",
        by=by,
        member=member.pk if member else None,
        member_name=member.name if member else "",
        reason=reason,
    )
    _save(row)
    notify("changed", conversation=row, event="assigned", by=by, reason=reason)


def _set_status(
    conversation: Conversation, status: Status, by: Member | None, **fields: Any
) -> Conversation:
    row = lock(conversation)
    if row.status == status and not fields:
        return row
    if status != Status.RESOLVED:
        _refuse_twin(row)
    row.status = status
    row.snoozed_until = row.resolved_at = None
    for name, value in fields.items():
        setattr(row, name, value)
    row.queued_at = timezone.now() if status == Status.OPEN and row.assignee_id is None else None
    if status == Status.RESOLVED:
        row.waiting_since = None
    events = {Status.OPEN: "reopened", Status.RESOLVED: "resolved"}
    note_activity(conversation=row, event=events.get(status, status.value), by=by)
    _changed(row)
    notify("changed", conversation=row, event="status", by=by, reason={})
    return row


@transaction.atomic
def resolve(*, conversation: Conversation, by: Member | None) -> Conversation:
    """Close the conversation; the customer's next message opens it again."""
    return _set_status(conversation, Status.RESOLVED, by, resolved_at=timezone.now())


@transaction.atomic
def reopen(*, conversation: Conversation, by: Member | None) -> Conversation:
    """Open a closed, snoozed or pending conversation.

    ValidationError when the contact has another one open on the same channel.
    """
    return _set_status(conversation, Status.OPEN, by)


@transaction.atomic
def wake_up(*, conversation: Conversation) -> Conversation:
    """Open a snoozed conversation whose time has come; one that somebody has moved on stays."""
    row = lock(conversation)
    due = row.snoozed_until is not None and row.snoozed_until <= timezone.now()
    return _set_status(row, Status.OPEN, None) if row.status == Status.SNOOZED and due else row


def _refuse_twin(row: Conversation) -> None:
    """ValidationError when a resolved conversation cannot open again: another one is open."""
    if row.status != Status.RESOLVED:
        return
    twins = Conversation.objects.filter(
        contact=row.contact_id, channel=row.channel_id, thread=row.thread
    )
    if twins.exclude(pk=row.pk).exclude(status=Status.RESOLVED).exists():
        raise ValidationError({"status": _("This contact has another open conversation here.")})


@transaction.atomic
def set_pending(*, conversation: Conversation, by: Member | None) -> Conversation:
    """Waiting for something else than the customer or us."""
    return _set_status(conversation, Status.PENDING, by)


@transaction.atomic
def snooze(*, conversation: Conversation, until: datetime, by: Member | None) -> Conversation:
    """Put aside until a time or the customer's next message; ValidationError for a past time."""
    if until <= timezone.now():
        raise ValidationError({"until": _("Choose a time in the future.")})
    return _set_status(conversation, Status.SNOOZED, by, snoozed_until=until)


@transaction.atomic
def set_labels(*, conversation: Conversation, labels: Collection[Label], by: Member | None) -> None:
    """Replace the labels."""
    row = lock(conversation)
    if any(label.workspace_id != row.workspace_id for label in labels):
        raise ValidationError({"labels": _("No such label.")})
    row.labels.set(labels)
    _changed(row)


@transaction.atomic
def set_team(*, conversation: Conversation, team: Team | None, by: Member | None) -> None:
    """Put the conversation on a team's list, or on none."""
    row = lock(conversation)
    if team is not None and team.workspace_id != row.workspace_id:
        raise ValidationError({"team": _("No such team.")})
    row.team = team
    note_activity(conversation=row, event="team", by=by)
    _changed(row)


@transaction.atomic
def set_priority(*, conversation: Conversation, priority: int, by: Member | None) -> None:
    """0 is normal, higher is more urgent, at most 3."""
    if priority not in range(4):
        raise ValidationError({"priority": _("The priority is a number from 0 to 3.")})
    row = lock(conversation)
    row.priority = priority
    _changed(row)


def save_draft(
    *,
    conversation: Conversation,
    member: Member,
    text: str,
    note: bool = False,
    beside: dict[str, Any] | None = None,
) -> None:
    """Keep what a member has typed, and what it answers; without either the draft is removed."""
    where: dict[str, Any] = {"conversation": conversation, "member": member}
    if not text.strip() and not beside:
        Draft.objects.filter(**where).delete()
        return
    Draft.objects.update_or_create(
        **where,
        defaults={
            "workspace_id": conversation.workspace_id,
            "text": text.replace("\x00", "")[:NOTE_LIMIT],
            "note": note,
            "beside": beside or {},
        },
    )


@transaction.atomic
def carry_draft(*, here: Conversation, there: Conversation, member: Member, text: str) -> None:
    """Take what a member has typed along to another conversation, under what they left there."""
    if here.pk == there.pk or not text.strip():
        return
    left = Draft.objects.filter(conversation=there, member=member).first()
    before = left.text.rstrip() + "\n" if left and left.text.strip() else ""
    beside = left.beside if left else None
    save_draft(conversation=there, member=member, text=before + text, beside=beside)
    save_draft(conversation=here, member=member, text="")


def mark_read(*, conversation: Conversation, member: Member) -> None:
    """The member has seen everything up to now; the customer may see that, too."""
    ReadMark.objects.update_or_create(
        conversation=conversation,
        member=member,
        defaults={"workspace_id": conversation.workspace_id, "read_at": timezone.now()},
    )
    tell_read(conversation)


@transaction.atomic
def start_conversation(
    *, contact: Contact, channel: Channel, address: Address, by: Member | None
) -> Conversation:
    """The contact's conversation on this channel: the open one, else the last, else a new one.

    ValidationError when the address is of another kind than the channel reaches.
    """
    if address.contact_id != contact.pk or address.kind != adapter_for(channel).address_kind:
        raise ValidationError({"channel": _("This channel cannot reach this address.")})
    now = timezone.now()
    theirs = Conversation.objects.filter(contact=contact, channel=channel, thread="")
    unresolved = theirs.exclude(status=Status.RESOLVED)
    existing = unresolved.first() or theirs.order_by("-id").first()
    if existing is not None:
        return existing
    Conversation.objects.bulk_create(
        [
            Conversation(
                workspace_id=contact.workspace_id,
                contact=contact,
                channel=channel,
                address=address,
                assignee=by,
                last_message_at=now,
                created_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    return unresolved.get()
