"""Parts of what X writes: texts, files, ids and times."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from channels_social.json_values import plain
from gateway.events import Attachment

Json = Mapping[str, Any]
# Ids hold the time of their making, in milliseconds after this moment (Unix time).
EPOCH_MS = 1_288_834_974_657
LONGEST_ID = 64
OLD_TIME = "%a %b %d %H:%M:%S %z %Y"


def attachment(media: Json) -> Attachment | None:
    """A picture, or the largest file of a video or animation; None where it has no address."""
    variants = rows((part(media, "video_info") or media).get("variants"))
    files = [one for one in variants if one.get("content_type") == "video/mp4" and one.get("url")]
    if files:
        best = max(files, key=lambda one: _number(one.get("bitrate") or one.get("bit_rate")))
        return Attachment(clean(str(best["url"])), "video/mp4")
    url = media.get("media_url_https") if "media_url_https" in media else media.get("url")
    url = url or media.get("preview_image_url")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        return None
    ending = url.rpartition("?")[0] or url
    kind = "image/png" if ending.endswith(".png") else "image/jpeg"
    return Attachment(clean(url), kind)


def wording(text: Any, urls: Any) -> str:
    """A text as a person reads it: links in full, without the one that stands for its files."""
    words = clean(text)
    for one in rows(urls):
        short, full = str(one.get("url") or ""), str(one.get("expanded_url") or "")
        is_file = bool(one.get("media_key") or one.get("media_url_https"))
        if short.startswith("https://t.co/") and (full or is_file):
            words = words.replace(short, "" if is_file else full)
    # X escapes these three and no others.
    for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        words = words.replace(entity, char)
    return words.strip()


def clean(text: Any) -> str:
    """A text without what PostgreSQL cannot keep."""
    return plain(text) if isinstance(text, str) else ""


def rows(found: Any) -> list[dict[str, Any]]:
    """The objects of a list; nothing of what is none."""
    if isinstance(found, str | bytes | Mapping) or not isinstance(found, Iterable):
        return []
    return [one for one in found if isinstance(one, dict)]


def part(found: Json, *names: str) -> dict[str, Any]:
    """The object at a path; an empty one where there is none."""
    value: Any = found
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def text_id(found: Json, *names: str) -> str:
    """The first of these fields that has an id, as text: as a number it may have lost digits."""
    values = (found.get(name) for name in names)
    known = (one for one in values if isinstance(one, str | int) and not isinstance(one, bool))
    return next((clean(str(one))[:LONGEST_ID] for one in known if one), "")


def moment(value: Any) -> datetime | None:
    """A time of API v2 (ISO 8601) or of the older form, in UTC."""
    try:
        found = datetime.fromisoformat(str(value))
        return found.astimezone(UTC) if found.tzinfo else None
    except ValueError:
        return _old_moment(str(value))
    except OverflowError:  # before the year 1 in UTC
        return None


def _old_moment(value: str) -> datetime | None:
    try:
        return datetime.strptime(value, OLD_TIME).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def from_ms(value: Any) -> datetime | None:
    """A time in milliseconds of Unix time, as text or number."""
    try:
        return datetime.fromtimestamp(int(str(value)) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def born(id: str) -> datetime | None:
    """When a post or message was made, by its id."""
    return from_ms((int(id) >> 22) + EPOCH_MS) if id.isdecimal() and len(id) < 20 else None


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
