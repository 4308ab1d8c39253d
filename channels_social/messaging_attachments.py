"""What a message of Messenger or Instagram holds: words, files, places, and what it shares."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from channels_social.meta_account import objects, part, words
from gateway.content.model import Location
from gateway.events import Attachment, Referred

Json = dict[str, Any]

URL = 2048
# What a file is, until its bytes are there to say so.
FILES = {
    "image": "image/jpeg",
    "animated_image": "image/gif",
    "video": "video/mp4",
    "audio": "audio/mp4",
    "file": "application/octet-stream",
}
HEART = "❤️"


@dataclass(frozen=True, slots=True)
class Contents:
    """What one message shows; ``unsupported`` is Meta's word for what cannot be shown."""

    text: str = ""
    files: tuple[Attachment, ...] = ()
    location: Location | None = None
    referred: Referred | None = None
    unsupported: str = ""


def read_contents(raw: Json) -> Contents:
    """The contents of a ``message``: its text, and all of its attachments."""
    found = Contents(words(raw, "text", 20_000))
    for one in objects(raw.get("attachments")):
        kind = words(one, "type", 64)
        found = KINDS.get(kind, _other(kind))(found, one, part(one, "payload"))
    if raw.get("is_unsupported"):
        return replace(found, unsupported=found.unsupported or "unsupported")
    return replace(found, unsupported="message") if found == Contents() else found


Read = Callable[[Contents, Json, Json], Contents]


def _file(content_type: str) -> Read:
    def read(found: Contents, one: Json, payload: Json) -> Contents:
        url = words(payload, "url", URL)
        if not url:
            return replace(found, unsupported=found.unsupported or "file")
        name = words(payload, "title") or words(one, "title")
        return replace(found, files=(*found.files, Attachment(url, content_type, name)))

    return read


def _place(found: Contents, one: Json, payload: Json) -> Contents:
    place = part(payload, "coordinates")
    latitude, longitude = _degrees(place, "lat", 90), _degrees(place, "long", 180)
    if latitude is None or longitude is None:
        return replace(found, unsupported=found.unsupported or "location")
    return replace(found, location=Location(latitude, longitude, words(one, "title", 80)))


def _degrees(place: Json, name: str, limit: int) -> float | None:
    value = place.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= limit else None


def _shared(kind: str, *ids: str) -> Read:
    """Something that is shared or answered by its address; where it lies does not last."""

    def read(found: Contents, one: Json, payload: Json) -> Contents:
        identity = next(filter(None, (words(payload, name) for name in ids)), "")
        url, text = words(payload, "url", URL), words(payload, "title") or words(one, "title")
        return replace(found, referred=Referred(kind, url, text, identity))

    return read


def _link(found: Contents, one: Json, payload: Json) -> Contents:
    """The preview of a link; the link itself stands in the text, mostly."""
    url = words(payload, "url", URL) or words(one, "url", URL)
    if not url or url in found.text:
        return found
    return replace(found, text="\n".join(filter(None, (found.text, url))))


def _heart(found: Contents, one: Json, payload: Json) -> Contents:
    return replace(found, text=found.text or HEART)


def _template(found: Contents, one: Json, payload: Json) -> Contents:
    """A product of the shop that the customer asks about, or a card of our own (in an echo)."""
    for element in objects(part(payload, "product").get("elements")):
        about = Referred(
            "product", words(element, "url", URL), words(element, "title"), words(element, "id")
        )
        return replace(found, referred=about)
    titles = [words(one, "title"), words(payload, "text")]
    titles += [words(element, "title") for element in objects(payload.get("elements"))]
    text = "\n".join(filter(None, [found.text, *titles]))
    return replace(found, text=text, unsupported=found.unsupported if text else "template")


def _other(kind: str) -> Read:
    def read(found: Contents, one: Json, payload: Json) -> Contents:
        return replace(found, unsupported=found.unsupported or kind or "attachment")

    return read


KINDS: dict[str, Read] = {
    **{kind: _file(content_type) for kind, content_type in FILES.items()},
    "location": _place,
    "fallback": _link,
    "like_heart": _heart,
    "template": _template,
    "share": _shared("post", "id"),
    "post": _shared("post", "id"),
    "ig_post": _shared("post", "ig_post_media_id", "id"),
    "media_share": _shared("post", "id"),
    "reel": _shared("post", "reel_video_id"),
    "ig_reel": _shared("post", "reel_video_id"),
    "story_mention": _shared("mention", "id"),
    "ig_story": _shared("story", "story_media_id", "id"),
}
