"""For how long an agent may still write freely, as the composer says it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from babel.units import format_unit
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations.models import Conversation
from conversations.templatetags.ui import locale
from conversations.way import Way
from gateway.contract import Capabilities
from gateway.fallback.story import medium
from gateway.windows.looking import Standing, standing


@dataclass(frozen=True, slots=True)
class ShownWindow:
    """``closed``: only templates go now. ``words`` say until when, or why not."""

    closed: bool
    words: str
    templates: bool


def window_of(conversation: Conversation, abilities: Capabilities) -> ShownWindow | None:
    """None where one may always write; one statement, none there."""
    if conversation.public:
        return None
    way = Way.of(conversation.reply_channel)
    person = abilities.human_window is not None
    found = standing(way.channel, conversation.address.value, person=person)
    if found is None:
        return None
    if found.open:
        return ShownWindow(False, _open(found), abilities.templates)
    if way.fallback is not None:
        words = _("The time to write freely here is over; it goes by %(medium)s instead.")
        name = medium(way.fallback.channel.kind)
        return ShownWindow(False, words % {"medium": name}, abilities.templates)
    return ShownWindow(True, _closed(found), abilities.templates)


def _open(found: Standing) -> str:
    left = _duration(found.until or timezone.now())
    if found.left is None:
        return _("You can write freely for %(time)s more.") % {"time": left}
    words = ngettext(
        "You can write freely for %(time)s more, %(count)d message at most.",
        "You can write freely for %(time)s more, %(count)d messages at most.",
        found.left,
    )
    return words % {"time": left, "count": found.left}


def _closed(found: Standing) -> str:
    if found.until is None:
        return _("You can write freely here once this person has written.")
    if found.left == 0:
        return _("No more messages are taken here until this person writes again.")
    return _("The time to write freely is over until this person writes again.")


def _duration(until: datetime) -> str:
    """What is left, in the largest unit that says enough; never nothing."""
    left = until - timezone.now()
    if left >= timedelta(days=2):
        unit, amount = "day", left // timedelta(days=1)
    elif left >= timedelta(hours=1):
        unit, amount = "hour", left // timedelta(hours=1)
    else:
        unit, amount = "minute", max(1, left // timedelta(minutes=1))
    return format_unit(amount, f"duration-{unit}", length="long", locale=locale())
