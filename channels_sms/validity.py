"""How long a message is worth delivering: a setting like ``90s``, ``10m`` or ``4h``."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_sms.keywords import GROUP
from gateway.contract import ConfigField

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

FORM = re.compile(r"([1-9]\d{0,5}) ?(s|m|min|h|)")
UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}
# Less is no time to arrive in; no provider tries for longer.
SHORTEST_S, LONGEST_S = 10, 7 * 24 * 3600

FIELD = ConfigField(
    "validity",
    gettext_lazy("Validity period"),
    help=gettext_lazy(
        "How long a message is worth delivering, like 90s, 10m or 4h; after that the provider "
        "gives up. Empty: as long as it tries. A message’s own end counts where it is sooner."
    ),
    required=False,
    pattern=FORM.pattern,
    pattern_error=gettext_lazy(
        "A number and a unit: s (seconds), m (minutes) or h (hours), like 10m."
    ),
    placeholder="4h",
    group=GROUP,
)


def seconds(config: Mapping[str, str]) -> int | None:
    """The setting in seconds; None without one."""
    found = FORM.fullmatch(config.get("validity", ""))
    return int(found[1]) * UNITS[found[2]] if found else None


def check(config: Mapping[str, str], longest_s: int) -> dict[str, "str | _StrPromise"]:
    """An error where the setting is outside what the provider takes."""
    chosen = seconds(config)
    if chosen is None or SHORTEST_S <= chosen <= longest_s:
        return {}
    words = _("From %(least)d seconds to %(most)d hours.")
    return {"validity": words % {"least": SHORTEST_S, "most": longest_s // 3600}}
