"""Which kinds of channels a hashtag chat can be held on."""

from functools import lru_cache

from django.db.models import QuerySet

from accounts.models import Workspace
from gateway.models import Channel
from gateway.registry import adapter_class, adapters
from hashtags.models import HashtagChat


@lru_cache(maxsize=1)
def kinds() -> tuple[str, ...]:
    """Those that can be asked for posts with a hashtag."""
    return tuple(kind for kind, one in adapters().items() if one.capabilities.search_every_s > 0)


@lru_cache(maxsize=1)
def media() -> frozenset[str]:
    """What their deliveries and messages are called; all others are none of our business."""
    return frozenset(adapters()[kind].medium for kind in kinds())


def channels_of(workspace: Workspace | int) -> QuerySet[Channel]:
    """The workspace's channels of these kinds, by name."""
    return Channel.objects.filter(workspace=workspace, kind__in=kinds()).order_by("name", "pk")


def post_url(chat: HashtagChat, post_id: str) -> str:
    """Where everybody can read a post of the chat; empty without one. Needs no settings."""
    return adapter_class(chat.channel.kind)({}).public_url(post_id) if post_id else ""
