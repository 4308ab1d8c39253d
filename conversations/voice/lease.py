"""Takes, keeps and gives back the right to answer in public.

A public conversation has one owner of its next answer. Whoever begins to write takes it; others see
who writes, may suggest, and cannot publish. It passes on when its owner has been silent for a
while, goes away, or gives it back. The conversation's row is locked, so of two who press "send" at
one moment one is refused, and nothing of theirs is published.
"""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Member
from conversations import realtime
from conversations.models import Conversation
from conversations.voice.model import Lease

LASTS = timedelta(seconds=120)


class Held(ValidationError):
    """Somebody else owns the next answer; names ``text``."""

    def __init__(self, lease: Lease) -> None:
        words = _("%(name)s is answering this in public. Suggest a text, or wait until they stop.")
        super().__init__({"text": words % {"name": lease.member.name}}, code="held")


def holder(conversation: Conversation, now: datetime | None = None) -> Lease | None:
    """Who owns the next answer at this moment; None while it is free."""
    found = Lease.objects.select_related("member__user").filter(conversation=conversation)
    return found.filter(until__gt=now or timezone.now(), member__ended_at=None).first()


@transaction.atomic
def take(*, conversation: Conversation, member: Member) -> Lease:
    """Own the next answer, or go on owning it. Held when somebody else does.

    ValidationError where the conversation is not public: there is nothing to own.
    """
    row = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation.pk)
    if not row.public:
        raise ValidationError({"conversation": _("Only a public conversation has one voice.")})
    return hold(row, member)


def hold(row: Conversation, member: Member | None) -> Lease:
    """As ``take`` for a locked row; with ``member`` None (a program) it must be free."""
    now = timezone.now()
    lease = holder(row, now)
    if lease is not None and (member is None or lease.member_id != member.pk):
        raise Held(lease)
    if member is None:
        return Lease(conversation=row, until=now)
    taken, _is_new = Lease.objects.update_or_create(
        conversation=row,
        defaults={"workspace_id": row.workspace_id, "member": member, "until": now + LASTS},
    )
    if lease is None:
        _tell(row)
    return taken


def check_approved(row: Conversation, approved_by: Member | None) -> None:
    """ValidationError where the channel wants a colleague's approval and there is none."""
    if row.channel.public_approval and approved_by is None:
        raise ValidationError(
            {"text": _("On this channel a colleague approves what is said in public.")},
            code="approval",
        )


@transaction.atomic
def give_back(*, conversation: Conversation, member: Member) -> None:
    """Let others answer; nothing happens when it is not theirs."""
    row = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation.pk)
    if Lease.objects.filter(conversation=row, member=member).delete()[0]:
        _tell(row)


@transaction.atomic
def give_back_all(member_id: int) -> None:
    """A member went away: what they owned is free."""
    mine = Conversation.objects.filter(lease__member=member_id)
    rows = list(mine.order_by("id").select_for_update(of=("self",)))
    Lease.objects.filter(conversation__in=rows, member=member_id).delete()
    for row in rows:
        _tell(row)


def _tell(row: Conversation) -> None:
    """Every browser that shows it looks anew who may answer."""
    row.version += 1
    Conversation.objects.filter(pk=row.pk).update(version=row.version)
    realtime.publish(row.workspace_id, realtime.conversation_changed(row.pk, row.version))
