"""Template tags of the design system: icons, avatars, times, linkified text."""

import re
import zlib
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from babel.dates import format_datetime, format_skeleton, format_time
from babel.units import format_unit
from django import template
from django.conf import settings
from django.forms import BoundField
from django.utils import timezone, translation
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from gateway import marks

register = template.Library()

HUES = ("blue", "violet", "pink", "orange", "green", "teal", "red", "yellow")
ICONS = Path(settings.BASE_DIR) / "static" / "icons"
ICON_NAME = re.compile(r"[a-z0-9-]+")
URL = re.compile(r"\b(?:https?://|www\.)[^\s<>\"'`]{2,2000}", re.IGNORECASE)
HIDDEN = mark_safe('aria-hidden="true"')
TRAILING = ".,;:!?)]}»”’"
WORDS = re.compile(r"[^\W\d_]+", re.UNICODE)


@lru_cache(maxsize=256)
def _svg(name: str) -> str:
    if not ICON_NAME.fullmatch(name):
        raise ValueError(f"“{name}” is no icon name.")
    return (ICONS / f"{name}.svg").read_text(encoding="utf-8").strip()


@register.simple_tag
def icon(name: str, classes: str = "", label: str = "") -> SafeString:
    """An icon of static/icons as inline SVG; hidden from screen readers unless it has a label."""
    spoken = format_html('role="img" aria-label="{}"', label) if label else HIDDEN
    opening = format_html('<svg class="icon {}" {} ', classes, spoken)
    return mark_safe(opening + _svg(name).removeprefix("<svg "))  # noqa: S308 - our own files


@register.filter
def address_mark(kind: str) -> str:
    """The icon's name of a kind of address."""
    return marks.address_icon(kind)


@register.filter
def app_name(kind: str) -> str:
    """The app whose id an address is; empty for a phone number or mailbox."""
    return marks.app_name(kind)


@register.filter
def initials(name: object) -> str:
    """One or two letters of a name; a hash sign when it has none."""
    words = WORDS.findall(str(name or ""))
    if not words:
        return "#"
    return str(words[0][0]) + (words[-1][0] if len(words) > 1 else "")


@register.filter
def hue(key: object) -> str:
    """One of the eight hues, always the same for the same key."""
    return HUES[zlib.crc32(str(key).encode()) % len(HUES)]


@register.inclusion_tag("components/avatar.html")
def avatar(name: object, key: object = None, size: str = "", label: str = "") -> dict[str, object]:
    """A round with initials. ``size``: xs, s, l, xl or empty. Decorative unless labelled."""
    text = str(name or "")
    return {
        "initials": initials(text),
        "person": bool(WORDS.search(text)),
        "hue": hue(key if key is not None else text),
        "size": size,
        "label": label,
    }


@register.inclusion_tag("components/brand_avatar.html")
def brand_avatar(brand: object, size: str = "") -> dict[str, object]:
    """A brand's logo, or its initials on its color. ``size`` as of an avatar; decorative."""
    return {"brand": brand, "size": size}


@register.filter
def linkify(text: str) -> SafeString:
    """Escaped text with web addresses made clickable; nothing else in it becomes HTML."""
    parts: list[str] = []
    end = 0
    for match in URL.finditer(text):
        address = match.group().rstrip(TRAILING)
        parts += [escape(text[end : match.start()]), _anchor(address)]
        end = match.start() + len(address)
    parts.append(escape(text[end:]))
    return mark_safe("".join(parts))  # noqa: S308 - every part is escaped


def _anchor(address: str) -> str:
    target = address if address.lower().startswith("http") else f"https://{address}"
    return format_html(
        '<a href="{}" target="_blank" rel="noopener noreferrer nofollow ugc">{}</a>',
        target,
        address,
    )


def locale() -> str:
    """The reader's language as babel names it."""
    return (translation.get_language() or "en").replace("-", "_")


def short_duration(elapsed: timedelta) -> str:
    """How long in the shortest words of the reader's language: “now” is under a minute."""
    minutes = max(0, int(elapsed.total_seconds() // 60))
    if minutes == 0:
        return _("now")
    unit, amount = "minute", minutes
    if minutes >= 60:
        unit, amount = "hour", minutes // 60
    if minutes >= 24 * 60:
        unit, amount = "day", minutes // (24 * 60)
    return format_unit(amount, f"duration-{unit}", length="narrow", locale=locale())


@register.filter
def moment(value: datetime | None) -> SafeString:
    """A <time>: relative up to a day, then the date; the full time with zone on hover.

    js/ui.js keeps the words fresh.
    """
    if value is None:
        return mark_safe("")
    return format_html(
        '<time datetime="{}" title="{}" data-moment>{}</time>',
        value.isoformat(),
        full_time(value),
        short_moment(value),
    )


@register.filter
def elapsed(value: datetime | None) -> SafeString:
    """A <time> that says how long ago, whatever the age; js/ui.js keeps it fresh."""
    if value is None:
        return mark_safe("")
    return format_html(
        '<time datetime="{}" title="{}" data-elapsed>{}</time>',
        value.isoformat(),
        full_time(value),
        short_duration(timezone.now() - value),
    )


@register.filter
def clock(value: datetime | None) -> SafeString:
    """A <time> with hours and minutes, the full time on hover."""
    if value is None:
        return mark_safe("")
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        full_time(value),
        format_time(local, "short", locale=locale()),
    )


@register.filter
def exact(value: datetime | None) -> SafeString:
    """A <time> with day and seconds, in the reader's zone; the full time on hover."""
    if value is None:
        return mark_safe("")
    local = timezone.localtime(value)
    day = format_skeleton("MMMd", local, locale=locale())
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        full_time(value),
        f"{day} {format_time(local, 'medium', locale=locale())}",
    )


def short_moment(value: datetime) -> str:
    """“5m”, “3h”, then “12 Mar”, then with the year."""
    age = timezone.now() - value
    if age < timedelta(days=1):
        return short_duration(age)
    local = timezone.localtime(value)
    same_year = local.year == timezone.localtime().year
    return format_skeleton("MMMd" if same_year else "yMMMd", local, locale=locale())


def full_time(value: datetime) -> str:
    """Date, time and zone in words of the reader's language."""
    local = timezone.localtime(value)
    return f"{format_datetime(local, 'd MMMM y, HH:mm', locale=locale())} {local.tzname()}"


@register.filter
def control(field: BoundField) -> SafeString:
    """A form field's control with the classes and ARIA of the design system."""
    attrs: dict[str, str | bool] = {}
    kind = getattr(field.field.widget, "input_type", "")
    if kind not in ("checkbox", "radio"):
        attrs["class"] = f"{field.field.widget.attrs.get('class', '')} input".strip()
    if field.errors:
        attrs |= {"aria-invalid": "true", "aria-describedby": f"{field.auto_id}_error"}
    return field.as_widget(attrs=attrs)


@register.filter
def upcoming(value: datetime | None) -> SafeString:
    """A <time> to come: day and hour."""
    if value is None:
        return mark_safe("")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        full_time(value),
        weekday_time(value),
    )


@register.filter
def weekday_time(value: datetime) -> str:
    """“Mon 9:00”; with the date when it is more than six days away."""
    local = timezone.localtime(value)
    hour = format_time(local, "short", locale=locale())
    near = local.date() - timezone.localdate() < timedelta(days=6)
    day = format_skeleton("E" if near else "MMMd", local, locale=locale())
    return f"{day} {hour}"


@register.filter
def capped(number: int) -> str:
    """A count for a badge: nothing for 0, “999+” for what was not counted to the end."""
    if not number:
        return ""
    return "999+" if number > 999 else str(number)
