"""Asking X for what is new: pages of mentions and of direct messages, and where to go on.

Both lists have the newest first, so the place is moved only when a list was read down to the old
one; until then the page to go on with is kept.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from channels_social.x_errors import question_failure
from channels_social.x_parts import born, rows
from gateway.contract import Polled, Request, Response
from gateway.errors import Unreachable

# A new channel begins with what came in the last day.
LOOK_BACK = timedelta(days=1)
PAGE = 100
USER = [("user.fields", "name,username")]
MEDIA = [("media.fields", "media_key,type,url,preview_image_url,variants")]
POSTS = [
    ("max_results", str(PAGE)),
    (
        "tweet.fields",
        "attachments,author_id,conversation_id,created_at,entities,in_reply_to_user_id,"
        "note_tweet,referenced_tweets",
    ),
    ("expansions", "author_id,attachments.media_keys,referenced_tweets.id"),
    *USER,
    *MEDIA,
]
DIRECT = [
    ("max_results", str(PAGE)),
    (
        "dm_event.fields",
        "attachments,created_at,dm_conversation_id,entities,event_type,id,sender_id,text",
    ),
    ("expansions", "sender_id,attachments.media_keys"),
    *USER,
    *MEDIA,
]

Ask = Callable[[str, Sequence[tuple[str, str]]], Request]
Steps = Generator[Request, Response, tuple["Place", bytes | None]]


@dataclass(frozen=True, slots=True)
class Place:
    """How far one list was read: ``since`` is the newest id of what was read to the end.

    While it is being read: ``page`` to go on with, ``newest`` what ``since`` becomes then.
    """

    since: str = ""
    page: str = ""
    newest: str = ""

    def after(self, ids: Sequence[str], page: str) -> "Place":
        """The place when a page with these ids was read, and this page follows."""
        newest = max([*ids, self.newest, self.since], key=order)
        if page:
            return replace(self, page=page, newest=newest)
        return Place(since=newest)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The places in both lists."""

    mentions: Place = Place()
    direct: Place = Place()

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """As ``written``; the beginning where there is none yet."""
        found = orjson.loads(text) if text else {}
        return cls(*(Place(**found.get(name, {})) for name in ("mentions", "direct")))

    def written(self) -> str:
        """As text."""
        return orjson.dumps(asdict(self)).decode()


def poll(cursor: str, ask: Ask, own: str) -> Generator[Request, Response, Polled]:
    """One page of each list; of those with pages left, where there are any."""
    at = Cursor.read(cursor)
    under_way = bool(at.mentions.page or at.direct.page)
    bodies: list[bytes] = []
    mentions, dms = at.mentions, at.direct
    if mentions.page or not under_way:
        mentions, body = yield from _mentions(mentions, ask, own)
        bodies += [body] if body else []
    if dms.page or not under_way:
        dms, body = yield from _direct(dms, ask)
        bodies += [body] if body else []
    following = Cursor(mentions, dms)
    return Polled(tuple(bodies), following.written(), bool(mentions.page or dms.page))


def _mentions(place: Place, ask: Ask, own: str) -> Steps:
    params = [*POSTS]
    if place.since:
        params.append(("since_id", place.since))
    else:
        start = datetime.now(UTC) - LOOK_BACK
        params.append(("start_time", f"{start:%Y-%m-%dT%H:%M:%SZ}"))
    if place.page:
        params.append(("pagination_token", place.page))
    found = listed((yield ask(f"/2/users/{own}/mentions", params)))
    posts = rows(found.get("data"))
    ids = [str(one.get("id") or "") for one in posts]
    return place.after(ids, next_page(found)), kept(found, posts)


def _direct(place: Place, ask: Ask) -> Steps:
    """X has no parameter for the place here: what lies before it is left out."""
    params = [*DIRECT, *([("pagination_token", place.page)] if place.page else [])]
    response = yield ask("/2/dm_events", params)
    found = listed(response)
    events = rows(found.get("data"))
    oldest = (response.date() or datetime.now(UTC)) - LOOK_BACK
    fresh = [one for one in events if _is_new(str(one.get("id") or ""), place.since, oldest)]
    following = next_page(found) if len(fresh) == len(events) else ""
    return place.after([str(one["id"]) for one in fresh], following), kept(found, fresh)


def _is_new(id: str, since: str, oldest: datetime) -> bool:
    if since:
        return order(id) > order(since)
    at = born(id)
    return at is None or at >= oldest


def order(id: str) -> tuple[int, str]:
    """Ids are numbers of up to 64 bits, as text."""
    return len(id), id


def listed(response: Response) -> dict[str, Any]:
    """The answer; SendError for anything else. One without results has no ``data``."""
    found = response.json()
    if response.status != 200:
        raise question_failure(response)
    if not isinstance(found, dict) or not {"data", "meta"} & found.keys():
        raise Unreachable("X answered with something that is no list.", code="200")
    return found


def next_page(found: dict[str, Any]) -> str:
    """What to go on with; empty on the last page."""
    meta = found.get("meta")
    return str(meta.get("next_token") or "") if isinstance(meta, dict) else ""


def kept(found: dict[str, Any], data: list[dict[str, Any]], **marks: str) -> bytes | None:
    """The answer with these of its entries, to be stored with marks; None without any."""
    if not data:
        return None
    return orjson.dumps({"data": data, "includes": found.get("includes") or {}, **marks})
