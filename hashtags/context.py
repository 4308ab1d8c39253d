"""Whether the frame of pages has a way to hashtag chats."""

from typing import Any

from django.http import HttpRequest

from hashtags.kinds import channels_of


def menu(request: HttpRequest) -> dict[str, Any]:
    """``has_hashtag_chats``: the workspace has a channel for them; asked where it is shown."""
    member = getattr(request, "member", None)
    if member is None:
        return {"has_hashtag_chats": False}
    # Not called here: templates do, and most of them have no rail.
    return {"has_hashtag_chats": channels_of(member.workspace_id).exists}
