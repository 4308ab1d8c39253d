"""Texts as a channel words them: what is stored is what is counted and what leaves."""

from dataclasses import dataclass, replace

from gateway.content.model import Content
from gateway.contract import Adapter, LookAlikes

INVISIBLE = "␣"


@dataclass(frozen=True, slots=True)
class Swap:
    """What swapping look-alikes does to a text: which characters go, and SMS before and after.

    ``letters`` have spaces between them, and INVISIBLE for those that cannot be seen.
    """

    text: str
    letters: str
    before: int
    after: int


def worded(adapter: Adapter, content: Content) -> Content:
    """Content as it is queued. Words beside a file are no SMS and stay as they are."""
    if not content.is_plain:
        return content
    text = adapter.wording(content.text)
    return content if text == content.text else replace(content, text=text)


def swap(adapter: Adapter, text: str, swaps: LookAlikes | None = None) -> Swap | None:
    """What a swap makes of a text, as the channel is set or as ``swaps`` says; None: nothing."""
    made = adapter.wording(text, swaps)
    if made == text:
        return None
    kept = set(made)
    letters = " ".join(dict.fromkeys(_visible(char) for char in text if char not in kept))
    return Swap(made, letters, adapter.segments(text), adapter.segments(made))


def _visible(char: str) -> str:
    return char if char.isprintable() and not char.isspace() else INVISIBLE


def offered(adapter: Adapter, text: str) -> Swap | None:
    """The smallest change by hand that saves an SMS; None when none does."""
    for swaps in (LookAlikes.ON, LookAlikes.ACCENTS):
        found = swap(adapter, text, swaps)
        if found is not None:
            return found if found.after < found.before else None
    return None
