"""Whether the frame of pages has a way to hashtag chats."""

from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from hashtags.kinds import channels_of


def menu(request: HttpRequest) -> dict[str, Any]:
    """``has_hashtag_chats``: the workspace has a channel for them; asked where it is shown."""
    member = getattr(request, "member", None)
    if member is None:
        return {"has_hashtag_chats": False}
    found = partial(lambda workspace_id: channels_of(workspace_id).exists(), member.workspace_id)
    return {"has_hashtag_chats": SimpleLazyObject(found)}
