"""Sends what an agent wrote, unless the thread moved while they wrote."""

from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Member
from conversations import services
from conversations.answering import MailHead
from conversations.models import Conversation, Message
from conversations.selectors import threads
from conversations.voice import approving
from gateway.content.bounds import MEDIA
from gateway.content.model import Content, Media

LEFT_AS_NOTES = {"suggest": approving.suggest, "approve": approving.submit}


class ThreadMoved(Exception):
    """Others wrote since the draft began; nothing was sent. Raised once: the writer may insist."""

    def __init__(self, arrived: Sequence[Message]) -> None:
        super().__init__(f"{len(arrived)} messages arrived")
        self.arrived = arrived


def compose(
    *,
    conversation: Conversation,
    author: Member,
    text: str,
    uid: UUID,
    note: bool = False,
    seen: int | None = None,
    files: Sequence[UUID] = (),
    content: Content | None = None,
    voice: str = "",
    quotes: Message | None = None,
    head: MailHead | None = None,
) -> Message:
    """Send a reply, or keep a note. ``seen`` None: no matter what came since.

    ``files`` are stored files that go with a reply; ``content`` is all of it, where it is more than
    text and files. Raises ThreadMoved, or ValidationError naming ``text``, ``files``, ``uid`` or a
    part of ``content``, of ``quotes`` or of ``head`` (as in services.send_message). ``voice`` (in
    public): ``suggest`` leaves a text for who owns the answer, ``approve`` asks a colleague to
    publish it. The same ``uid`` again gives the same message.
    """
    if note:
        return services.add_note(conversation=conversation, author=author, text=text, uid=uid)
    if voice in LEFT_AS_NOTES:
        if files or content is not None:
            raise ValidationError({"text": _("Only a text can be suggested or approved.")})
        leave = LEFT_AS_NOTES[voice]
        return leave(conversation=conversation, author=author, text=text, uid=uid)
    if seen is not None:
        arrived = threads.arrived_since(conversation, author, seen)
        if arrived and not Message.objects.filter(conversation=conversation, uid=uid).exists():
            raise ThreadMoved(arrived)
    if content is None and files:
        content = _with_files(text, files)
    return services.send_message(
        conversation=conversation,
        author=author,
        text=text,
        content=content,
        uid=uid,
        quotes=quotes,
        head=head,
    )


def _with_files(text: str, files: Sequence[UUID]) -> Content:
    if len(files) > MEDIA:
        raise ValidationError({"files": _("At most %(limit)s files.") % {"limit": MEDIA}})
    text = text.replace("\x00", "").strip()
    return Content(text, tuple(Media("", "", file=str(uid)) for uid in files))
