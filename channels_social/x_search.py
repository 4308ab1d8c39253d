"""Asking X for posts with hashtags: one hashtag at a time, in turn, each from where it was read to.

https://docs.x.com/x-api/posts/search-recent-posts
"""

from collections.abc import Generator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import orjson

from channels_social.x_parts import born, rows
from channels_social.x_poll import POSTS, Ask, Place, kept, listed, next_page
from gateway.contract import Polled, Request, Response
from gateway.events import Sought

# X looks back seven days and refuses an id or a time before; nor may the time be "now".
OLDEST = timedelta(days=6, hours=23)
NEWEST = timedelta(seconds=30)


def search(sought: Sequence[Sought], cursor: str, ask: Ask) -> Generator[Request, Response, Polled]:
    """The next page of the hashtag that is under way, or whose turn it is.

    ``cursor``: the places by hashtag, the one asked longest ago first.
    """
    known = {name: Place(**place) for name, place in orjson.loads(cursor or "{}").items()}
    wanted = {one.hashtag: one for one in sought}
    if not wanted:
        return Polled((), cursor)
    places = {name: Place() for name in wanted if name not in known}
    places |= {name: place for name, place in known.items() if name in wanted}
    name = next((name for name, place in places.items() if place.page), next(iter(places)))
    place = places.pop(name)
    found = listed((yield ask("/2/tweets/search/recent", _params(wanted[name], place))))
    posts = rows(found.get("data"))
    page = next_page(found)
    places[name] = place.after([str(one.get("id") or "") for one in posts], page)
    body = kept(found, posts, hashtag=name)
    written = orjson.dumps({key: asdict(value) for key, value in places.items()}).decode()
    return Polled((body,) if body else (), written, bool(page))


def _params(one: Sought, place: Place) -> list[tuple[str, str]]:
    params = [("query", f"#{one.hashtag} -is:retweet"), *POSTS]
    now = datetime.now(UTC)
    read = born(place.since) if place.since else None
    if read is not None and read > now - OLDEST:
        params.append(("since_id", place.since))
    else:
        start = min(max(one.since, now - OLDEST), now - NEWEST)
        params.append(("start_time", f"{start:%Y-%m-%dT%H:%M:%SZ}"))
    if place.page:
        params.append(("next_token", place.page))
    return params
