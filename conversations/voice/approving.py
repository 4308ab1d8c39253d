"""The second pair of eyes: what somebody wants to say in public waits until a colleague agrees.

It stands in the thread as a note, so it never leaves by itself; agreed, it is sent as its writer's.
"""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Member
from conversations import realtime, services
from conversations.models import Conversation, Kind, Message
from conversations.voice.lease import hold

WAITING, APPROVED, DECLINED, SUGGESTED = "waiting", "approved", "declined", "suggested"


@transaction.atomic
def suggest(
    *, conversation: Conversation, author: Member, text: str, uid: UUID | None = None
) -> Message:
    """A text for whoever owns the answer; a note that they can take over."""
    return _note(conversation, author, text, uid, SUGGESTED)


@transaction.atomic
def submit(
    *, conversation: Conversation, author: Member, text: str, uid: UUID | None = None
) -> Message:
    """Ask a colleague to approve a public answer. Held when somebody else owns the next one."""
    row = services.lock(conversation)
    hold(row, author)
    return _note(conversation, author, text, uid, WAITING)


@transaction.atomic
def decide(*, message: Message, by: Member, approve: bool) -> Message | None:
    """Publish what waits, or decline it; the published message, None when declined.

    ValidationError when it does not wait (any more), or is one's own.
    """
    services.lock(message.conversation)
    row = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    if row.data.get("voice") != WAITING:
        raise ValidationError({"approval": _("This does not wait for approval any more.")})
    if row.author_id == by.pk:
        raise ValidationError({"approval": _("Somebody else has to approve what you wrote.")})
    row.data = {**row.data, "voice": APPROVED if approve else DECLINED, "decided_by": by.name}
    row.save(update_fields=["data"])
    conversation = services.next_version(row.conversation)
    realtime.publish(
        row.workspace_id,
        realtime.message_changed(conversation.pk, conversation.version, [str(row.uid)]),
    )
    if not approve:
        return None
    author = row.author
    return services.send_message(
        conversation=row.conversation, author=author, text=row.text, approved_by=by
    )


def _note(
    conversation: Conversation, author: Member, text: str, uid: UUID | None, state: str
) -> Message:
    data: dict[str, Any] = {"voice": state}
    return services.add_note(
        conversation=conversation, author=author, text=text, uid=uid, data=data
    )


def waiting(conversation: Conversation) -> Message | None:
    """What waits for approval, the newest."""
    rows = Message.objects.filter(conversation=conversation, kind=Kind.NOTE, data__voice=WAITING)
    return rows.select_related("author__user").order_by("-id").first()
