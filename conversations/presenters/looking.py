"""How an answer would look on its way out of a conversation."""

from conversations.models import Conversation
from conversations.way import Way
from gateway.content.looks import looks
from gateway.content.model import Content
from gateway.events import About
from gateway.media.attaching import resolved
from gateway.pages.looks import ShownLook, shown_looks
from gateway.reach.asking import fresh


def looks_of(conversation: Conversation, content: Content) -> list[ShownLook]:
    """On the channel that an answer leaves on, and on the one that would take over.

    ValidationError names ``content.media.0.file`` when there is no such file.
    """
    way = Way.of(conversation.reply_channel)
    address = conversation.address.value
    reach = fresh(way.channel, [address]).get(address) if way.fallback else None
    found = looks(
        resolved(content, conversation.workspace_id, lock=False),
        channel=way.channel,
        address=address,
        fallback=way.fallback,
        reach=reach,
        about=About(public=conversation.public),
    )
    return shown_looks(found)
