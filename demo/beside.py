"""What the demo's messages have beside their text: mail heads, a file, edits and reactions."""

import io
from collections.abc import Iterable, Sequence
from datetime import timedelta

from conversations.models import (
    Change,
    Conversation,
    Direction,
    Message,
    MessageMail,
    MessageRevision,
)
from demo.papers import NOTE, pdf
from demo.scripts import Line, Script
from gateway.media.models import FileState, MessageFile
from gateway.media.storing import store

EDITED_AFTER = timedelta(seconds=40)
Said = tuple[Conversation, Script, Sequence[Message]]


def keep_beside(played: Iterable[Said]) -> None:
    """For conversations with the messages of their script's lines, which are stored already."""
    for row, script, messages in played:
        heads: list[MessageMail] = []
        for line, message in zip(script.lines, messages, strict=True):
            if line.was:
                _edit(message, line.was)
            if line.emoji:
                message.data["reactions"] = {row.address.value: line.emoji}
            if line.file:
                _attach(message, line.file)
            if line.subject:
                heads.append(_head(row, message, line, heads))
            if line.was or line.emoji or line.file or line.subject:
                message.save()
        MessageMail.objects.bulk_create(heads)
        _begin_thread(row, messages)


def _begin_thread(row: Conversation, messages: Sequence[Message]) -> None:
    """A mail or a public post begins a thread that has its id."""
    if row.public or row.channel.kind == "email":
        row.thread = messages[0].external_id or ""
        row.save(update_fields=["thread"])


def _edit(message: Message, was: str) -> None:
    at = message.created_at + EDITED_AFTER
    MessageRevision.objects.create(
        workspace_id=message.workspace_id,
        message=message,
        change=Change.EDITED,
        version=at.isoformat(),
        text=was,
        occurred_at=at,
    )
    message.data["edited"] = at.isoformat()


def _attach(message: Message, name: str) -> None:
    content = pdf(NOTE)
    kept = store(workspace_id=message.workspace_id, content=io.BytesIO(content), name=name)
    message.attachments = [{"url": "", "content_type": kept.content_type, "name": name}]
    MessageFile.objects.create(
        workspace_id=message.workspace_id,
        channel_id=message.channel_id,
        message_uid=message.uid,
        place=0,
        file=kept,
        state=FileState.STORED,
        content_type=kept.content_type,
        name=kept.name,
        size=kept.size,
        due_at=message.created_at,
        created_at=message.created_at,
    )


def _head(
    row: Conversation, message: Message, line: Line, before: Sequence[MessageMail]
) -> MessageMail:
    """The mail's head; it answers the one before."""
    inbound = message.direction == Direction.INBOUND
    shop = {"address": row.channel.address, "name": "Alder & Pine"}
    customer = {"address": row.address.value, "name": row.contact.name}
    ids = [one.mail_id for one in before if one.mail_id]
    message.data["mail"] = True
    return MessageMail(
        workspace_id=message.workspace_id,
        message=message,
        subject=line.subject,
        sender=[customer] if inbound else [],
        to=[shop if inbound else customer],
        mail_id=message.external_id or "",
        in_reply_to=ids[-1] if ids else "",
        references=ids,
        html=line.html,
    )
