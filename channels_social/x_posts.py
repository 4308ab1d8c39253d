"""Posts and direct messages as X writes them (API v2, and the older form), and what they mean.

https://docs.x.com/x-api/fundamentals/data-dictionary
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels_social.x_parts import (
    Json,
    attachment,
    clean,
    from_ms,
    moment,
    part,
    rows,
    text_id,
    wording,
)
from gateway.events import Attachment, Event, InboundMessage, Referred, SentElsewhere, UnknownEvent


@dataclass(frozen=True, slots=True)
class Beside:
    """What comes beside posts: people by id, and in API v2 files by key and other posts by id."""

    own: str
    users: Mapping[str, Json] = field(default_factory=dict)
    files: Mapping[str, Json] = field(default_factory=dict)
    posts: Mapping[str, Json] = field(default_factory=dict)

    def name(self, person: str) -> str:
        """What a person calls themselves, else their handle, as far as it is known."""
        return clean(self.users.get(person, {}).get("name")) or self.handle(person)

    def handle(self, person: str) -> str:
        """``@handle``; empty where it is not known."""
        user = self.users.get(person, {})
        found = clean(user.get("username") or user.get("screen_name"))
        return f"@{found}"[:100] if found else ""

    def attached(self, found: Json) -> tuple[Attachment, ...]:
        """The files of a post or message of API v2."""
        keys = part(found, "attachments").get("media_keys")
        named = [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []
        files = [self.files[key] for key in named if key in self.files]
        return tuple(filter(None, map(attachment, files)))


def beside(own: str, includes: Any, users: Any = None) -> Beside:
    """From ``includes`` of API v2, and a map of people as direct messages have it."""
    found = includes if isinstance(includes, dict) else {}
    people = [*rows(found.get("users")), *rows(users.values() if isinstance(users, dict) else ())]
    plain = [one["data"] if isinstance(one.get("data"), dict) else one for one in people]
    return Beside(
        own,
        {text_id(one, "id_str", "id"): one for one in plain},
        {str(one.get("media_key")): one for one in rows(found.get("media"))},
        {text_id(one, "id_str", "id"): one for one in rows(found.get("tweets"))},
    )


# --- Posts --------------------------------------------------------------------------------------


def post(found: Json, about: Beside) -> list[Event]:
    """A customer's post, or our own answer to one; nothing for one of ours that answers nobody.

    Both forms are understood.
    """
    return _old_post(found, about) if "author_id" not in found else _new_post(found, about)


def _new_post(found: Json, about: Beside) -> list[Event]:
    links = {
        text_id(one, "type"): text_id(one, "id") for one in rows(found.get("referenced_tweets"))
    }
    parent, quoted = links.get("replied_to", ""), links.get("quoted", "")
    note = part(found, "note_tweet")
    body = note if note.get("text") else found
    return _post(
        about,
        id=text_id(found, "id"),
        author=text_id(found, "author_id"),
        text=wording(body.get("text"), part(body, "entities").get("urls")),
        files=about.attached(found),
        thread=text_id(found, "conversation_id"),
        parent=parent,
        to=text_id(found, "in_reply_to_user_id"),
        quoted=_quoted(quoted, about.posts.get(quoted, {}).get("text")),
        repost="retweeted" in links,
        at=moment(found.get("created_at")),
    )


def _old_post(found: Json, about: Beside) -> list[Event]:
    user = part(found, "user")
    author = text_id(user, "id_str", "id")
    body = part(found, "extended_tweet") or found
    entities = part(body, "entities")
    media = (part(body, "extended_entities") or entities).get("media")
    parent = text_id(found, "in_reply_to_status_id_str", "in_reply_to_status_id")
    quoted = text_id(found, "quoted_status_id_str", "quoted_status_id")
    original = part(found, "quoted_status")
    words = original.get("full_text") or original.get("text")
    people = {**about.users, author: user}
    return _post(
        Beside(about.own, people),
        id=text_id(found, "id_str", "id"),
        author=author,
        text=wording(
            body.get("full_text") or body.get("text"),
            [*rows(entities.get("urls")), *rows(media)],
        ),
        files=tuple(filter(None, map(attachment, rows(media)))),
        # This form does not say which conversation it is.
        thread=parent,
        parent=parent,
        to=text_id(found, "in_reply_to_user_id_str", "in_reply_to_user_id"),
        quoted=_quoted(quoted, words),
        repost=bool(found.get("retweeted_status")),
        at=moment(found.get("created_at")),
    )


def _post(
    about: Beside,
    *,
    id: str,
    author: str,
    text: str,
    files: tuple[Attachment, ...],
    thread: str,
    parent: str,
    to: str,
    quoted: Referred | None,
    repost: bool,
    at: datetime | None,
) -> list[Event]:
    if not id or not author:
        return [UnknownEvent("post", ", ".join(sorted(about.users))[:100])]
    if repost:
        return [UnknownEvent("repost", id)]
    if author == about.own:
        if not parent or not to or to == about.own:
            return []
        return [
            SentElsewhere(
                id, to, text, files, at, reply_to=parent, thread=thread or id, public=True
            )
        ]
    nearest = tuple(dict.fromkeys(one for one in (parent, thread) if one and one != id))
    return [
        InboundMessage(
            id,
            author,
            about.own,
            text,
            files,
            sender_name=about.name(author),
            sender_handle=about.handle(author),
            occurred_at=at,
            reply_to=parent,
            refers_to=nearest,
            thread=thread or id,
            public=True,
            referred=quoted,
        )
    ]


def _quoted(id: str, words: Any) -> Referred | None:
    url = f"https://x.com/i/status/{id}"
    return Referred("post", url, wording(words, None), id) if id else None


# --- Direct messages ----------------------------------------------------------------------------


def direct(found: Json, about: Beside) -> list[Event]:
    """A direct message as it is asked for (API v2); both directions.

    Groups cannot be answered by API to one person, so they are kept and not shown.
    """
    id, sender = text_id(found, "id"), text_id(found, "sender_id")
    kind, group = clean(found.get("event_type"))[:80], text_id(found, "dm_conversation_id")
    people = group.split("-")
    if kind != "MessageCreate" or not id or not sender:
        return [UnknownEvent(f"direct message {kind}", id)]
    if len(people) != 2 or about.own not in people:
        return [UnknownEvent("direct message of a group", id)]
    other = people[1] if people[0] == about.own else people[0]
    return _direct(
        about,
        id=id,
        sender=sender,
        other=other,
        text=wording(found.get("text"), part(found, "entities").get("urls")),
        files=about.attached(found),
        at=moment(found.get("created_at")),
    )


def pushed_direct(found: Json, about: Beside) -> list[Event]:
    """A direct message as it is pushed (the older form); both directions."""
    id, made = text_id(found, "id"), part(found, "message_create")
    if found.get("type") != "message_create" or not made:
        return [UnknownEvent(clean(f"direct message {found.get('type')}")[:100], id)]
    said, sender = part(made, "message_data"), text_id(made, "sender_id")
    media = [one for one in [part(said, "attachment", "media")] if one]
    urls = rows(part(said, "entities").get("urls"))
    return _direct(
        about,
        id=id,
        sender=sender,
        other=text_id(part(made, "target"), "recipient_id") if sender == about.own else sender,
        text=wording(said.get("text"), [*urls, *media]),
        files=tuple(filter(None, map(attachment, media))),
        at=from_ms(found.get("created_timestamp")),
    )


def _direct(
    about: Beside,
    *,
    id: str,
    sender: str,
    other: str,
    text: str,
    files: tuple[Attachment, ...],
    at: datetime | None,
) -> list[Event]:
    if not id or not sender or not other:
        return [UnknownEvent("direct message", id)]
    if sender == about.own:
        return [SentElsewhere(id, other, text, files, at)]
    return [
        InboundMessage(
            id,
            sender,
            about.own,
            text,
            files,
            sender_name=about.name(sender),
            sender_handle=about.handle(sender),
            occurred_at=at,
        )
    ]
