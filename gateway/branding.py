"""The brand customers see on a channel: a name, a logo and a color."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from gateway.media.links import link
from gateway.media.models import StoredFile
from gateway.models import Channel

NAME_LIMIT = 100
COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
# What every phone and mail program shows; an SVG may carry scripts and is none of them.
LOGO_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})
LOGO_LIMIT = 1_000_000
# WCAG 2.2 AA, for text of ordinary size.
CONTRAST = 4.5


@dataclass(frozen=True, slots=True)
class Brand:
    """A channel's brand as pages show it. ``color`` is #RRGGBB or empty; ``text_color`` can be read
    on it. ``logo_url`` opens for everybody, for a while; empty without a logo.
    """

    name: str
    color: str
    text_color: str
    logo_url: str


def brand_of(channel: Channel) -> Brand | None:
    """The channel's brand, under the channel's own name if it has none; None without any."""
    color, logo = channel.brand_color, channel.brand_logo_id
    if not (channel.brand_name or color or logo):
        return None
    return Brand(
        name=channel.brand_name or channel.name,
        color=color,
        text_color=text_on(color) if color else "",
        logo_url=link(logo) if logo else "",
    )


def text_on(color: str) -> str:
    """White where it can be read on ``color`` (#RRGGBB), else black, which then can."""
    return "#FFFFFF" if 1.05 / (_luminance(color) + 0.05) >= CONTRAST else "#000000"


def _luminance(color: str) -> float:
    """Relative luminance from 0 to 1. https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    red, green, blue = (_linear(int(color[n : n + 2], 16) / 255) for n in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def set_brand(channel: Channel, given: Mapping[str, Any] | None) -> None:
    """Change ``name``, ``color`` and ``logo`` (a file's uid, or None) of an unsaved, locked row.

    What is not given stays; None removes all. ValidationError by ``branding.name`` and so on.
    """
    if given is None:
        given = {"name": "", "color": "", "logo": None}
    checks = {"name": clean_name, "color": clean_color}
    errors: dict[str, list[str]] = {}
    found: dict[str, Any] = {}
    for name, value in given.items():
        try:
            found[name] = checks[name](value) if name in checks else _find_logo(channel, value)
        except ValidationError as error:
            errors[f"branding.{name}"] = error.messages
    if errors:
        raise ValidationError(errors)
    for name, value in found.items():
        setattr(channel, f"brand_{name}", value)


def clean_name(value: str) -> str:
    """A name in one line; ValidationError when it is too long or cannot be shown."""
    name = " ".join(value.split())
    if len(name) > NAME_LIMIT:
        raise ValidationError(_("At most %d characters.") % NAME_LIMIT)
    if not name.isprintable():
        raise ValidationError(_("This name has characters that cannot be shown."))
    return name


def clean_color(value: str) -> str:
    """#RRGGBB, or empty; ValidationError for anything else."""
    color = value.strip()
    if color and not COLOR.fullmatch(color):
        raise ValidationError(_("# and six digits or letters (0–9, A–F), like #1A73E8."))
    return color.upper()


def _find_logo(channel: Channel, uid: UUID | None) -> StoredFile | None:
    """Locked until the transaction ends, so that the sweep leaves it."""
    if uid is None:
        return None
    rows = StoredFile.objects.in_workspace(channel.workspace_id).select_for_update(no_key=True)
    file = rows.filter(uid=uid).first()
    if file is None:
        raise ValidationError(_("There is no such file."))
    if file.content_type not in LOGO_TYPES:
        raise ValidationError(_("A logo must be a PNG, JPEG or WebP picture."))
    if file.size > LOGO_LIMIT:
        size = filesizeformat(LOGO_LIMIT).replace("\xa0", " ")
        raise ValidationError(_("The logo is larger than %(size)s.") % {"size": size})
    return file
