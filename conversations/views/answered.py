"""What an answer answers, from the fields the composer sends (conversations.forms.BesideForm)."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from conversations.answering import MOST_CC, SUBJECT, MailHead
from conversations.models import Conversation, Message


def answered(conversation: Conversation, data: dict[str, Any]) -> dict[str, Any]:
    """``quotes`` and ``head`` as conversations.compose takes them; ValidationError for a message
    that is none of this conversation.
    """
    head = MailHead(data["subject"], tuple(data["cc"])) if data["head"] else None
    return {"quotes": _quoted(conversation, data["quotes"]), "head": head}


def kept(data: dict[str, Any]) -> dict[str, Any]:
    """The same as a draft keeps it; what is wrong with it is said when it is sent."""
    found: dict[str, Any] = {"quotes": data["quotes"]} if data["quotes"] else {}
    if data["head"]:
        found["cc"] = [one[:320] for one in data["cc"][:MOST_CC]]
        found["subject"] = data["subject"][:SUBJECT]
    return found


def _quoted(conversation: Conversation, pk: int | None) -> Message | None:
    if pk is None:
        return None
    found = Message.objects.filter(conversation=conversation, pk=pk).first()
    if found is None:
        raise ValidationError({"quotes": _("This message cannot be quoted here.")})
    return found
