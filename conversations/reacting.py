"""Our reactions to customers' messages: one a message, as one account can give no more.

A reaction leaves through the outbox like an answer, as a delivery of the message it is given to
(a customer's message has no other). What we gave is in the message's ``data["ours"]``:
``{"emoji", "member_id", "name"}``, with an empty emoji once it is taken back.
"""

from typing import Any

import regex
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Member
from conversations import realtime, services
from conversations.models import Conversation, Direction, Kind, Message
from conversations.way import Way, refuse_closed
from gateway.content.model import Content
from gateway.contract import Reactions
from gateway.events import About
from gateway.models import Channel, Delivery
from gateway.outbox.queue import Terms, cancel_delivery, queue_parts
from gateway.registry import UnknownKind, capabilities_of
from gateway.states import State

LONGEST = 32
STOPPED = frozenset({State.FAILED, State.UNKNOWN, State.EXPIRED, State.CANCELLED})
EMOJI = regex.compile(
    r"(?=\X\Z).*(?:\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3).*", regex.DOTALL
)


@transaction.atomic
def react(*, message: Message, by: Member, emoji: str) -> Message:
    """Give a customer's message an emoji in place of what it had of us; empty: take it back.

    The same one again sends nothing. ValidationError names ``emoji`` where the channel, or its
    provider, does not take it, and ``text`` when the time to answer is over.
    """
    conversation = services.lock(message.conversation)
    row = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    if given(row) == emoji and not _stopped(row):
        return row
    _check(row, conversation, emoji)
    about = About(reply_to=row.external_id or "", person=True, reacts=True, reaction=emoji)
    refuse_closed(Content(), Way(row.channel, None), conversation.address.value, about)
    _stop_waiting(row)
    queue_parts(
        channel=row.channel,
        address=conversation.address.value,
        parts=[Content()],
        terms=Terms(row.uid, about=about),
    )
    row.data = {**row.data, "ours": {"emoji": emoji, "member_id": by.pk, "name": by.name}}
    row.save(update_fields=["data"])
    changed = services.next_version(conversation)
    realtime.publish(
        row.workspace_id, realtime.message_changed(changed.pk, changed.version, [str(row.uid)])
    )
    return row


def given(message: Message) -> str:
    """Our emoji on a message; empty without."""
    found: dict[str, Any] = message.data.get("ours", {})
    return str(found.get("emoji", ""))


def reactions_of(channel: Channel, *, public: bool) -> Reactions | None:
    """What can be given to messages of this channel; None: nothing."""
    try:
        return None if public else capabilities_of(channel).reactions
    except UnknownKind:
        return None


def _check(row: Message, conversation: Conversation, emoji: str) -> None:
    able = reactions_of(row.channel, public=conversation.public)
    theirs = row.direction == Direction.INBOUND and row.kind == Kind.TEXT and row.external_id
    if able is None or not theirs or row.data.get("unsent"):
        raise ValidationError({"emoji": _("This message can be given no reaction.")})
    if emoji and not (len(emoji) <= LONGEST and EMOJI.fullmatch(emoji)):
        raise ValidationError({"emoji": _("Choose one emoji.")})
    if emoji and not able.take(emoji):
        words = _("%(channel)s does not take %(emoji)s as a reaction.")
        raise ValidationError({"emoji": words % {"channel": row.channel.name, "emoji": emoji}})


def _stopped(row: Message) -> bool:
    """Whether the newest one did not arrive."""
    sent = Delivery.objects.filter(workspace=row.workspace_id, message_uid=row.uid)
    newest = sent.order_by("-id").first()
    return newest is not None and newest.state in STOPPED


def _stop_waiting(row: Message) -> None:
    """A reaction that has not left need not leave any more: the new one takes its place."""
    waiting = Delivery.objects.filter(
        workspace=row.workspace_id, message_uid=row.uid, state=State.QUEUED
    )
    for delivery in waiting.select_for_update(of=("self",)):
        cancel_delivery(delivery=delivery)
