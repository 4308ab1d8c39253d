"""Follows what customers do to messages that are there: edit, take back, react.

Runs inside the drain's transaction. What a message said before is kept as a revision, unless the
provider's rules forbid it. Each is rare, so they are followed one by one.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F

from conversations import realtime
from conversations.deliveries import next_versions
from conversations.lines import PREVIEW
from conversations.models import Change, Conversation, Direction, Message, MessageRevision
from gateway.erasing import erase_requests
from gateway.events import Edited, Reaction, Received, Unsent
from gateway.media.cleaning import release_files
from gateway.models import Delivery
from gateway.sql import storable

LONGEST_EMOJI = 32
# Below a public post everybody may react; each reaction writes the message's row anew.
MOST_REACTIONS = 200


def receive_edits(batch: Sequence[Received]) -> None:
    """A customer's message says something else now."""
    changed = [
        message
        for received in batch
        if isinstance(received.event, Edited)
        and (message := _theirs(received, received.event)) is not None
        and _edit(message, received, received.event)
    ]
    _tell(changed)


def receive_unsent(batch: Sequence[Received]) -> None:
    """A customer's message is taken back: its row stays and says so."""
    changed = [
        message
        for received in batch
        if isinstance(received.event, Unsent)
        and (message := _theirs(received, received.event)) is not None
        and _take_back(message, received, received.event)
    ]
    _tell(changed)


def receive_reactions(batch: Sequence[Received]) -> None:
    """Somebody reacted to a message, of ours or theirs."""
    changed = [
        message
        for received in batch
        if isinstance(received.event, Reaction)
        and (message := _any(received, received.event.external_id)) is not None
        and _react(message, received.event)
    ]
    _tell(changed)


def _theirs(received: Received, event: Edited | Unsent) -> Message | None:
    """The message, if it is one that this person wrote; its row is locked."""
    mine = Message.objects.filter(
        channel=received.channel_id,
        external_id=event.external_id,
        direction=Direction.INBOUND,
        conversation__address__value=event.sender,
    )
    return mine.select_for_update(of=("self",)).first()


def _any(received: Received, external_id: str) -> Message | None:
    where = Message.objects.select_for_update(of=("self",))
    found = where.filter(channel=received.channel_id, external_id=external_id).first()
    if found is not None:
        return found
    sent = Delivery.objects.filter(channel=received.channel_id, external_id=external_id).first()
    if sent is None:
        return None
    return where.filter(workspace=received.workspace_id, uid=sent.message_uid).first()


def _edit(message: Message, received: Received, event: Edited) -> bool:
    at = event.occurred_at or received.received_at
    text = storable(event.text)
    if message.data.get("unsent") or message.text == text:
        return False
    # An older edit that comes late is history already; what is shown stays.
    late = str(message.data.get("edited", "")) > at.isoformat()
    was = text if late else message.text
    if not _keep(message, Change.EDITED, event.version, was, at) or late:
        return False
    _preview(message, text)
    message.text = text
    message.data = {**message.data, "edited": at.isoformat()}
    message.save(update_fields=["text", "data"])
    return True


def _take_back(message: Message, received: Received, event: Unsent) -> bool:
    if message.data.get("unsent"):
        return False
    at = event.occurred_at or received.received_at
    _keep(message, Change.UNSENT, "", message.text, at)
    _preview(message, "")
    kept = {"unsent": at.isoformat()}
    message.text = ""
    if event.erase:
        MessageRevision.objects.filter(message=message).update(text="", attachments=[])
        release_files([message.uid], workspace_id=message.workspace_id)
        erase_requests(
            channel_id=received.channel_id,
            external_id=event.external_id,
            received_at=message.created_at,
            before=received.inbound_id,
        )
    message.attachments = []
    message.data = kept if event.erase else {**message.data, **kept}
    message.save(update_fields=["text", "attachments", "data"])
    return True


def _keep(message: Message, change: Change, version: str, text: str, at: datetime) -> bool:
    """Note what it said; False for a change that is known already."""
    _revision, is_new = MessageRevision.objects.get_or_create(
        message=message,
        change=change,
        version=version[:64],
        defaults={
            "workspace_id": message.workspace_id,
            "text": text,
            "attachments": message.attachments,
            "occurred_at": at,
        },
    )
    return is_new


def _react(message: Message, event: Reaction) -> bool:
    reactions = dict(message.data.get("reactions", {}))
    emoji = storable(event.emoji)[:LONGEST_EMOJI]
    if reactions.get(event.sender, "") == emoji:
        return False
    if event.sender not in reactions and len(reactions) >= MOST_REACTIONS:
        return False
    reactions[event.sender] = emoji
    reactions = {who: what for who, what in reactions.items() if what}
    message.data = {**message.data, "reactions": reactions}
    message.save(update_fields=["data"])
    return True


def _preview(message: Message, text: str) -> None:
    """What lists show, where it was this message."""
    Conversation.objects.filter(
        pk=message.conversation_id,
        preview=message.text[:PREVIEW],
        preview_direction=Direction.INBOUND,
        last_inbound_at__lte=F("last_message_at"),
    ).update(preview=text[:PREVIEW])


def _tell(messages: Sequence[Message]) -> None:
    """Let the browsers show it."""
    if not messages:
        return
    changed = next_versions(
        {message.workspace_id for message in messages}, [str(message.uid) for message in messages]
    )
    realtime.publish_many(
        (workspace_id, realtime.message_changed(pk, version, uids))
        for workspace_id, pk, version, uids in changed
    )
