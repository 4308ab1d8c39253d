"""Activity lines of a thread: who did what and why, stored as codes, put into words when read.

Apps above register how their reasons are worded (routing explains assignments).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Member
from conversations.models import Conversation, Direction, Kind, Message

Explain = Callable[[dict[str, Any]], str]
_explainers: list[Explain] = []

EVENTS = ("assigned", "unassigned", "resolved", "reopened", "pending", "snoozed", "labels", "team")


def register(explain: Explain) -> None:
    """Let an app put its assignment reasons into words."""
    _explainers.append(explain)


def note_activity(
    *, conversation: Conversation, event: str, by: Member | None, **data: Any
) -> Message:
    """Add an activity line in the caller's transaction; ``data`` holds ids and codes, no prose.

    Names are kept as they were, because the line tells what happened then.
    """
    if by is not None:
        data["by"] = by.name
    return Message.objects.create(
        workspace_id=conversation.workspace_id,
        conversation=conversation,
        channel_id=conversation.channel_id,
        direction=Direction.OUTBOUND,
        kind=Kind.ACTIVITY,
        data={"event": event, **data},
        author=by,
        created_at=timezone.now(),
    )


def activity_row(
    *,
    workspace_id: int,
    conversation_id: int,
    channel_id: UUID | str,
    at: datetime,
    data: dict[str, Any],
) -> Message:
    """An unsaved activity line, for bulk inserts."""
    return Message(
        uid=uuid4(),
        workspace_id=workspace_id,
        conversation_id=conversation_id,
        channel_id=channel_id,
        direction=Direction.OUTBOUND,
        kind=Kind.ACTIVITY,
        data=data,
        created_at=at,
    )


def words(data: dict[str, Any]) -> str:
    """An activity in the reader's language, e.g. “Assigned to Ana: fewest open chats (2 of 10).”"""
    line = _line(data)
    reason = data.get("reason")
    why = next((text for explain in _explainers if reason and (text := explain(reason))), "")
    return f"{line}: {why}" if why else line


def _line(data: dict[str, Any]) -> str:
    names = {"by": data.get("by", ""), "member": data.get("member_name", "")}
    event = data.get("event")
    if event == "assigned":
        if names["by"] == names["member"]:
            return _("%(member)s took the conversation") % names
        if names["by"]:
            return _("%(by)s assigned the conversation to %(member)s") % names
        return _("Assigned to %(member)s") % names
    if event == "unassigned":
        if names["by"]:
            return _("%(by)s put the conversation back into the queue") % names
        return _("Back in the queue")
    if event == "snoozed":
        return _("%(by)s snoozed the conversation") % names
    texts = {
        "resolved": _("%(by)s resolved the conversation"),
        "reopened": _("%(by)s reopened the conversation") if names["by"] else _("Reopened"),
        "pending": _("%(by)s marked the conversation as pending"),
        "labels": _("%(by)s changed the labels"),
        "team": _("%(by)s changed the team"),
        "opted_out": _("The customer opted out"),
        "opted_in": _("The customer opted in again"),
    }
    return texts.get(str(event), str(event)) % names
