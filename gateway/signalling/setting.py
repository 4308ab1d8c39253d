"""The setting of a channel that says which signals its customers are shown."""

from collections.abc import Mapping
from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from gateway.contract import Capabilities, ConfigField, Signal

BOTH = "both"
ALLOWED: dict[str, frozenset[Signal]] = {
    BOTH: frozenset(Signal),
    "typing": frozenset({Signal.TYPING}),
    "read": frozenset({Signal.READ}),
    "none": frozenset(),
}
FIELD = ConfigField(
    "signals",
    _("Typing and read signs"),
    help=_("Whether customers see that somebody is writing to them, and what you have read."),
    required=False,
    choices=(
        (BOTH, _("Both are shown")),
        ("typing", _("Only typing")),
        ("read", _("Only what was read")),
        ("none", _("Neither")),
    ),
    default=BOTH,
)
# For channels that can be shown nothing else.
TYPING = replace(
    FIELD,
    label=_("Typing signs"),
    help=_("Whether customers see that somebody is writing to them."),
    choices=(("typing", _("Customers see it")), ("none", _("Customers do not see it"))),
    default="typing",
)


def allowed(possible: Capabilities, config: Mapping[str, str]) -> Capabilities:
    """What an adapter with ``FIELD`` among its fields can do, as far as its config says so."""
    chosen = ALLOWED.get(config.get(FIELD.name, BOTH), frozenset())
    return replace(possible, signals=possible.signals & chosen)
