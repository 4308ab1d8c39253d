"""The files of messages."""

from collections.abc import Sequence
from uuid import UUID

from conversations.models import Message
from gateway.media.models import MessageFile


def files_of(messages: Sequence[Message]) -> dict[UUID, list[MessageFile]]:
    """By message, in their order: one statement, or none where no message has any."""
    uids = [row.uid for row in messages if row.attachments or row.data.get("content")]
    if not uids:
        return {}
    ours = {row.workspace_id for row in messages}
    rows = MessageFile.objects.filter(workspace__in=ours, message_uid__in=uids)
    found: dict[UUID, list[MessageFile]] = {}
    for row in rows.select_related("file").order_by("place"):
        found.setdefault(row.message_uid, []).append(row)
    return found
