"""Comments below the posts of a page or an Instagram account: what everybody can read.

Source: developers.facebook.com/docs/graph-api/webhooks/reference/page (feed) and
…/reference/instagram (comments, live_comments).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from channels_social.messaging_webhooks import LONGEST_TEXT, Account, moment, unknown
from channels_social.meta_account import part, words
from gateway.events import Attachment, Edited, Event, InboundMessage, Referred, Unsent

Json = dict[str, Any]

URL = 2048
# Of a page's feed: what says nothing to us, and happens all the time.
QUIET_ITEMS = frozenset({"reaction", "like", "share", "album", "event", "link"})
POSTS = frozenset({"post", "status", "photo", "video"})
QUIET_VERBS = frozenset({"hide", "unhide", "hidden", "unhidden"})
COMMENTS = frozenset({"comments", "live_comments"})


def feed_change(field: str, value: Json, account: Account, at: datetime | None) -> Sequence[Event]:
    """A change of a Facebook page's feed; comments of the page itself are not reported."""
    item, sender = words(value, "item", 64), words(part(value, "from"), "id")
    own = sender == account.identity
    if field == "feed" and (item in QUIET_ITEMS or (item in POSTS and own)):
        return []
    if field != "feed" or item != "comment":
        return [unknown(" ".join(filter(None, (field or "change", item))), value)]
    return [] if own else _comment(value, account, sender, at)


def _comment(value: Json, account: Account, sender: str, at: datetime | None) -> Sequence[Event]:
    verb, identity = words(value, "verb", 64), words(value, "comment_id")
    if verb in QUIET_VERBS:
        return []
    if not identity or not sender:
        return [unknown("comment of nobody", value)]
    if verb == "remove":
        return [Unsent(identity, sender, account.erases, at)]
    text = words(value, "message", LONGEST_TEXT)
    if verb in {"edited", "edit"}:
        return [Edited(identity, sender, text, at.isoformat() if at else "", at)]
    if verb != "add":
        return [unknown(f"comment {verb}", value)]
    return [_written(value, account, sender, at)]


def _written(value: Json, account: Account, sender: str, at: datetime | None) -> InboundMessage:
    post, parent = words(value, "post_id"), words(value, "parent_id")
    link = words(part(value, "post"), "permalink_url", URL)
    files = [Attachment(url, "image/jpeg") for url in [words(value, "photo", URL)] if url]
    files += [Attachment(url, "video/mp4") for url in [words(value, "video", URL)] if url]
    text = words(value, "message", LONGEST_TEXT)
    return InboundMessage(
        external_id=words(value, "comment_id"),
        sender=sender,
        recipient=account.identity,
        text=text,
        attachments=tuple(files),
        sender_name=words(part(value, "from"), "name"),
        occurred_at=moment(value.get("created_time")) or at,
        reply_to="" if parent == post else parent,
        thread=post or words(value, "comment_id"),
        public=True,
        referred=Referred("post", link, external_id=post),
        unsupported="" if text or files else "comment",
    )


def _handle(username: str) -> str:
    return f"@{username}" if username else ""


def instagram_change(
    field: str, value: Json, account: Account, at: datetime | None
) -> Sequence[Event]:
    """A change of an Instagram account; comments of the account itself are not reported."""
    if field not in COMMENTS:
        return [unknown(field or "change", value)]
    sender, identity = words(part(value, "from"), "id"), words(value, "id")
    if sender == account.identity:
        return []
    if not identity or not sender:
        return [unknown("comment of nobody", value)]
    media = part(value, "media")
    post, text = words(media, "id"), words(value, "text", LONGEST_TEXT)
    return [
        InboundMessage(
            external_id=identity,
            sender=sender,
            recipient=account.identity,
            text=text,
            sender_name=words(part(value, "from"), "username"),
            sender_handle=_handle(words(part(value, "from"), "username", 90)),
            occurred_at=moment(value.get("timestamp")) or at,
            reply_to=words(value, "parent_id"),
            thread=post or identity,
            public=True,
            referred=Referred(
                "post", words(media, "permalink", URL), words(media, "ad_title"), post
            ),
            unsupported="" if text else "comment",
        )
    ]
