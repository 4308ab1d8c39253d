"""Whom a free text would come too late for: their reply window is closed."""

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.behind import fallback_of
from campaigns.models import Campaign
from gateway.fallback.story import medium
from gateway.windows.looking import standings


@dataclass(frozen=True, slots=True)
class Closed:
    """For about so many the window is closed; ``instead`` is the medium that takes over, or empty.

    ``templates``: the channel knows templates, which need no window.
    """

    people: int
    instead: str
    templates: bool


def closed_windows(
    campaign: Campaign, sample: Sequence[tuple[int, str]], reached: int, *, templates: bool
) -> Closed | None:
    """By a sample of those who would get it (contact, address); one statement.

    None where nobody's is closed, the channel has none, or a template is sent.
    """
    channel = campaign.channel
    if channel is None or "template" in (campaign.content or {}):
        return None
    found = standings([(channel, address) for _contact, address in sample])
    closed = sum(not one.open for one in found.values())
    if not closed or not reached:
        return None
    behind = fallback_of(campaign)
    instead = medium(behind.channel.kind) if behind else ""
    return Closed(max(1, round(reached * closed / len(sample))), instead, templates)
