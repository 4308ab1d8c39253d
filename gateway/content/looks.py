"""How content will look on a channel, and on the one that takes over if it does not arrive.

Said before anything is sent, by the rules and with the numbers with which it will be sent.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from gateway.content.adapting import adapt
from gateway.content.changes import Change, Rule, changes
from gateway.content.model import Adapted, Content, Option
from gateway.content.wording import swap, worded
from gateway.contract import Adapter, Reach
from gateway.events import NOTHING, About
from gateway.fallback.model import Success
from gateway.fallback.policy import Policy
from gateway.fallback.story import medium
from gateway.models import Channel
from gateway.registry import UnknownKind, adapter_for
from gateway.secrets import Undecryptable


@dataclass(frozen=True, slots=True)
class LookPart:
    """One provider message. ``segments`` 0: the channel does not count them."""

    content: Content
    segments: int


@dataclass(frozen=True, slots=True)
class Look:
    """Content as one channel shows it.

    ``medium`` is what people call its messages (“SMS”), ``options`` what is offered by number,
    ``changes`` what was changed and why. ``when`` says in words when it goes this way, empty where
    it simply does; ``skipped``: it is known that it will not. ``problem`` says why nobody knows how
    it will look; there are no parts then.
    """

    channel: Channel
    medium: str
    parts: tuple[LookPart, ...] = ()
    options: tuple[Option, ...] = ()
    changes: tuple[Change, ...] = ()
    when: str = ""
    skipped: bool = False
    problem: str = ""

    @property
    def segments(self) -> int:
        """Of all parts."""
        return sum(part.segments for part in self.parts)


def looks(
    content: Content,
    *,
    channel: Channel,
    address: str = "",
    fallback: Policy | None = None,
    reach: Reach | None = None,
    about: About = NOTHING,
) -> list[Look]:
    """How the content looks on its channel, and then on the one that takes over.

    Files of our own have been filled in (``gateway.media.attaching.resolved``). ``address`` empty:
    somebody's, where nobody knows yet whose. ``reach`` is what is known of the address on
    ``channel``; whom it does not reach gets it by the fallback at once. ``about``: what it answers.
    """
    hopeless = fallback is not None and reach == Reach.NO
    first = _look(content, [content], channel, address, skipped=hopeless, about=about)
    if fallback is None:
        return [first]
    # What takes over adapts each message that the first channel would have shown.
    parts = [part.content for part in first.parts] or [content]
    when = _when(first.medium, fallback, hopeless=hopeless)
    return [
        first,
        _look(content, parts, fallback.channel, address, when=when, before=first.options),
    ]


def _look(
    content: Content,
    messages: Iterable[Content],
    channel: Channel,
    address: str,
    *,
    when: str = "",
    skipped: bool = False,
    before: tuple[Option, ...] = (),
    about: About = NOTHING,
) -> Look:
    """``before`` are the options that stand in words in the messages already."""
    name = medium(channel.kind)
    try:
        adapter = adapter_for(channel)
    except (UnknownKind, Undecryptable):
        return Look(channel, name, when=when, problem=_("This channel cannot be used."))
    shows = adapter.shows_in(address, about)
    parts: list[Content] = []
    options: list[Option] = []
    plain: list[str] = []
    for one in messages:
        adapted = adapt(one, shows, len(options) + 1)
        plain += [part.text for part in adapted.parts if part.is_plain]
        parts += [worded(adapter, part) for part in adapted.parts]
        options += adapted.options
    whole = Adapted(tuple(parts), (*before, *options))
    return Look(
        channel=channel,
        medium=name,
        parts=tuple(LookPart(part, _segments(adapter, part)) for part in parts),
        options=whole.options,
        changes=(*changes(content, whole, shows, name), *_swapped(adapter, plain)),
        when=when,
        skipped=skipped,
    )


def _swapped(adapter: Adapter, texts: Iterable[str]) -> tuple[Change, ...]:
    """That characters are swapped for others, where the channel does so."""
    swaps = [found for text in texts if (found := swap(adapter, text))]
    if not swaps:
        return ()
    letters = " ".join(dict.fromkeys(" ".join(one.letters for one in swaps).split()))
    words = _("Characters are swapped for look-alikes: %(letters)s") % {"letters": letters}
    return (Change(Rule.SWAPPED, words),)


def _segments(adapter: Adapter, part: Content) -> int:
    """Of a text; what a message with files counts as is another matter with every provider."""
    return adapter.segments(part.text) if adapter.capabilities.segments and part.is_plain else 0


def _when(first: str, policy: Policy, *, hopeless: bool) -> str:
    """When the fallback shows it."""
    words = {"first": first, "time": _time(policy.after_s)}
    if hopeless:
        return _("This phone takes no %(first)s, so it goes as:") % words
    if policy.success == Success.SENT:
        return _("If %(first)s is refused, it goes as:") % words
    if policy.success == Success.READ:
        return _("If %(first)s is not read in %(time)s, it goes as:") % words
    return _("If %(first)s does not arrive in %(time)s, it goes as:") % words


def _time(seconds: int) -> str:
    """A time in the largest unit that says it in a whole number, seconds up to two minutes."""
    if seconds >= 7200 and seconds % 3600 == 0:
        return _("%(number)d h") % {"number": seconds // 3600}
    if seconds >= 120 and seconds % 60 == 0:
        return _("%(number)d min") % {"number": seconds // 60}
    return _("%(number)d s") % {"number": seconds}
