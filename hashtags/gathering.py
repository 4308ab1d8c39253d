"""Takes in what people answer: posts that were looked for, and mentions that belong to a chat.

Runs inside the drain's transaction, a few statements a batch. A post that comes twice (by the
hashtag and as a mention) is one answer; the mention is a message of the inbox as well.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from gateway.events import InboundMessage, Received, Tagged, Unsent
from gateway.sql import storable
from hashtags import telling
from hashtags.kinds import media
from hashtags.models import EARLY, HashtagAnswer, HashtagChat, HashtagQuestion
from hashtags.placing import place

# A reply to a question still counts when the chat is long over.
REPLIES = timedelta(days=7)

Running = Sequence[tuple[HashtagChat, Sequence[HashtagQuestion]]]


def receive_tagged(batch: Sequence[Received]) -> None:
    """Posts with a hashtag that was looked for."""
    posts = [
        (received, received.event.post, received.event.hashtag)
        for received in batch
        if isinstance(received.event, Tagged)
    ]
    _gather(posts)


def receive_messages(batch: Sequence[Received]) -> None:
    """Mentions of us: those that belong to a chat are answers too."""
    posts = [
        (received, received.event, "")
        for received in batch
        if isinstance(received.event, InboundMessage)
        and received.event.public
        and received.medium in media()
    ]
    _gather(posts)


def receive_unsent(batch: Sequence[Received]) -> None:
    """Nothing is kept of what its writer deleted."""
    gone: dict[tuple[UUID, str], str] = {
        (received.channel_id, received.event.external_id): received.event.sender
        for received in batch
        if isinstance(received.event, Unsent) and received.medium in media()
    }
    if not gone:
        return
    rows = HashtagAnswer.objects.filter(
        post_id__in={post for _channel, post in gone},
        chat__channel_id__in={channel for channel, _post in gone},
        gone=False,
    ).select_related("chat")
    mine = [row for row in rows if gone.get((row.chat.channel_id, row.post_id)) == row.author]
    HashtagAnswer.objects.filter(pk__in=[row.pk for row in mine]).update(
        text="", author_name="", files=[], referred=None, gone=True
    )
    telling.tell(row.chat for row in mine)


def _gather(posts: Sequence[tuple[Received, InboundMessage, str]]) -> None:
    if not posts:
        return
    running = _running({received.channel_id for received, _post, _tag in posts})
    rows: dict[tuple[int, str], HashtagAnswer] = {}
    for received, post, tag in posts:
        at = post.occurred_at or received.received_at
        placed = place(post, at, running.get(received.channel_id, ()), tag)
        if placed is not None:
            row = _row(placed.chat, placed.question, post, at)
            rows.setdefault((placed.chat.pk, post.external_id), row)
    known = _known(rows)
    fresh = [row for key, row in sorted(rows.items()) if key not in known]
    HashtagAnswer.objects.bulk_create(fresh, ignore_conflicts=True)
    telling.tell(row.chat for row in fresh)


def _running(channel_ids: Collection[UUID]) -> Mapping[UUID, Running]:
    now = timezone.now()
    chats = HashtagChat.objects.filter(
        channel_id__in=channel_ids,
        cancelled_at=None,
        starts_at__lte=now + EARLY,
        ends_at__gt=now - REPLIES,
    ).prefetch_related("questions")
    found: dict[UUID, list[tuple[HashtagChat, Sequence[HashtagQuestion]]]] = defaultdict(list)
    for chat in chats:
        found[chat.channel_id].append((chat, list(chat.questions.all())))
    return found


def _known(rows: Mapping[tuple[int, str], HashtagAnswer]) -> set[tuple[int, str]]:
    if not rows:
        return set()
    known = HashtagAnswer.objects.filter(
        chat_id__in={chat for chat, _post in rows}, post_id__in={post for _chat, post in rows}
    )
    return set(known.values_list("chat_id", "post_id"))


def _row(
    chat: HashtagChat, question: HashtagQuestion | None, post: InboundMessage, at: datetime
) -> HashtagAnswer:
    return HashtagAnswer(
        workspace_id=chat.workspace_id,
        chat=chat,
        question=question,
        post_id=post.external_id[:64],
        author=post.sender[:64],
        author_name=storable(post.sender_name)[:200],
        text=storable(post.text),
        files=[asdict(one) for one in post.attachments],
        referred=asdict(post.referred) if post.referred else None,
        reply_to=post.reply_to[:64],
        thread=post.thread[:64],
        posted_at=at,
    )
