"""What a channel's numbers mean, in words: the worst of them first."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gateway.models import Channel
from gateway.vitals import Vitals
from operations.charts import share, span

# A message that has waited longer than this is late, unless its channel is paused.
LATE_SECONDS = 60
# A larger part of requests than this failing is no longer a few wrong numbers.
MANY_ERRORS = 0.2


@dataclass(frozen=True, slots=True)
class Verdict:
    """A word for the badge and a sentence that says why; ``tone`` is the badge's colour.

    ``well`` is false when somebody should look.
    """

    tone: str
    word: str
    why: str
    well: bool


def judge(channel: Channel, row: Vitals, errors: float, now: datetime) -> Verdict:
    """The worst that is to be said; ``errors`` is the part of the latest requests that failed."""
    return (
        _stopped(channel)
        or _resting(row, now)
        or _slow(row, errors, now)
        or _unclear(row)
        or Verdict("success", _("Working"), "", well=True)
    )


def _stopped(channel: Channel) -> Verdict | None:
    if not channel.enabled:
        why = _("Nothing is sent and nothing is received.")
        return Verdict("", _("Switched off"), why, well=True)
    if channel.paused_at is not None:
        return Verdict("warning", _("Paused"), channel.paused_reason, well=False)
    return None


def _resting(row: Vitals, now: datetime) -> Verdict | None:
    wait = (row.rests_until - now).total_seconds() if row.rests_until else 0.0
    if row.breaker_open:
        why = _("Tries again now.")
        if wait > 0:
            why = _("Tries again in %(time)s.") % {"time": span(wait, "short")}
        return Verdict("danger", _("Provider unreachable"), why, well=False)
    if wait > 0:
        why = _("The provider asked for a pause; sending goes on in %(time)s.")
        return Verdict("warning", _("Slowed down"), why % {"time": span(wait, "short")}, well=False)
    return None


def _slow(row: Vitals, errors: float, now: datetime) -> Verdict | None:
    if errors >= MANY_ERRORS:
        why = _("%(share)s of the latest requests failed.") % {"share": share(errors)}
        return Verdict("danger", _("Many errors"), why, well=False)
    age = (now - row.oldest_at).total_seconds() if row.oldest_at else 0.0
    if age > LATE_SECONDS:
        why = _("The oldest message has waited for %(time)s.") % {"time": span(age, "short")}
        return Verdict("warning", _("Behind"), why, well=False)
    age = (now - row.inbound_oldest_at).total_seconds() if row.inbound_oldest_at else 0.0
    if age > LATE_SECONDS:
        why = _("Customers’ messages have waited for %(time)s.") % {"time": span(age, "short")}
        return Verdict("warning", _("Behind"), why, well=False)
    return None


def _unclear(row: Vitals) -> Verdict | None:
    if row.inbound_failed:
        why = ngettext(
            "%(count)d request of the provider could not be understood.",
            "%(count)d requests of the provider could not be understood.",
            row.inbound_failed,
        ) % {"count": row.inbound_failed}
        return Verdict("warning", _("Inbound trouble"), why, well=False)
    if row.unclear:
        why = ngettext(
            "Of %(count)d message it is not clear whether the provider took it.",
            "Of %(count)d messages it is not clear whether the provider took them.",
            row.unclear,
        ) % {"count": row.unclear}
        return Verdict("warning", _("Unclear sends"), why, well=False)
    return None
