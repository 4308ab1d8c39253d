"""What people do with answers: move, star, hide, and open one as a conversation."""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Member
from conversations.ingest import receive_messages
from conversations.models import Conversation, Message
from conversations.services import assign
from gateway.events import Attachment, InboundMessage, Received, Referred
from gateway.registry import adapter_class
from hashtags import telling
from hashtags.models import HashtagAnswer, HashtagQuestion
from hashtags.services import WrongPhase


@transaction.atomic
def move(*, answer: HashtagAnswer, question: HashtagQuestion | None) -> None:
    """Say which question of the same chat it answers; None: none of them."""
    if question is not None and question.chat_id != answer.chat_id:
        raise ValueError("The question is another chat's.")
    _save(answer, question=question, moved=True)


@transaction.atomic
def star(*, answer: HashtagAnswer, on: bool) -> None:
    """Point out a good answer."""
    _save(answer, starred=on)


@transaction.atomic
def hide(*, answer: HashtagAnswer, on: bool) -> None:
    """Put spam away; it is kept and can be shown again."""
    _save(answer, hidden=on)


def _save(answer: HashtagAnswer, **fields: object) -> None:
    for name, value in fields.items():
        setattr(answer, name, value)
    answer.save(update_fields=list(fields))
    telling.tell([answer.chat])


def open_conversation(*, answer: HashtagAnswer, member: Member) -> Conversation:
    """The conversation in which the post can be answered, as if it had been written to us.

    A new one becomes the member's. WrongPhase when the post was deleted.
    """
    if answer.gone:
        raise WrongPhase(_("This post was deleted by its writer."))
    found = conversation_of(answer)
    if found is not None:
        return found
    try:
        return _open(answer, member)
    except IntegrityError:  # it came as a mention, or a colleague opened it, at this moment
        found = conversation_of(answer)
        if found is None:
            raise
        return found


@transaction.atomic
def _open(answer: HashtagAnswer, member: Member) -> Conversation:
    channel = answer.chat.channel
    adapter = adapter_class(channel.kind)
    received = Received(
        workspace_id=answer.workspace_id,
        channel_id=channel.pk,
        address_kind=adapter.address_kind,
        medium=adapter.medium,
        received_at=timezone.now(),
        request_id="",
        event=message_of(answer),
    )
    receive_messages([received])
    conversation = conversation_of(answer)
    if conversation is None:
        raise RuntimeError("A message that was taken in is not there.")
    if conversation.assignee_id is None:
        conversation = assign(conversation=conversation, member=member, by=member)
    telling.tell([answer.chat])
    return conversation


def conversation_of(answer: HashtagAnswer) -> Conversation | None:
    """The conversation the post is a message of."""
    rows = Message.objects.select_related("conversation").filter(
        workspace_id=answer.workspace_id,
        channel_id=answer.chat.channel_id,
        external_id=answer.post_id,
    )
    message = rows.first()
    return message.conversation if message else None


def message_of(answer: HashtagAnswer) -> InboundMessage:
    """The post as the message it would have been."""
    nearest = (answer.reply_to, answer.thread)
    return InboundMessage(
        answer.post_id,
        answer.author,
        answer.chat.channel.address,
        answer.text,
        tuple(Attachment(**one) for one in answer.files),
        sender_name=answer.author_name,
        occurred_at=answer.posted_at,
        reply_to=answer.reply_to,
        refers_to=tuple(dict.fromkeys(i for i in nearest if i and i != answer.post_id)),
        thread=answer.thread or answer.post_id,
        public=True,
        referred=Referred(**answer.referred) if answer.referred else None,
    )
