"""Tells browsers that a chat is different now; pages fetch what they show."""

from collections.abc import Iterable

from conversations import realtime
from hashtags.models import HashtagChat


def tell(chats: Iterable[HashtagChat]) -> None:
    """Once for each chat, after commit."""
    changed = {chat.pk: chat.workspace_id for chat in chats}
    realtime.publish_many(
        (workspace_id, {"kind": "hashtag.changed", "chat": pk})
        for pk, workspace_id in changed.items()
    )
