"""What became of a message that had a fallback, in a sentence."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.fallback.model import Fallback, Stage, Verdict
from gateway.models import Delivery
from gateway.registry import adapters
from gateway.states import State

MEDIA = {"sms": "SMS", "rcs": "RCS"}
ARRIVED = {State.DELIVERED, State.READ}

WORDS = {
    Verdict.NOT_CAPABLE: gettext_lazy("This phone takes no %(first)s; sent as %(second)s."),
    Verdict.FAILED: gettext_lazy("%(first)s could not be sent; sent as %(second)s."),
    Verdict.WITHDRAWN: gettext_lazy(
        "%(first)s not delivered in %(seconds)d s, withdrawn, sent as %(second)s."
    ),
    Verdict.UNREAD: gettext_lazy(
        "%(first)s not read in %(seconds)d s, sent as %(second)s as well."
    ),
    Verdict.URGENT: gettext_lazy(
        "Urgent, and %(first)s not delivered in %(seconds)d s: sent as %(second)s although it "
        "may arrive twice."
    ),
    Verdict.STUCK: gettext_lazy(
        "%(first)s not delivered in %(seconds)d s and not withdrawn either, so it was not sent as "
        "%(second)s."
    ),
    Verdict.BROKEN: gettext_lazy(
        "%(first)s did not arrive, and the channel for %(second)s could not be used."
    ),
}
UNDER_WAY = {
    Stage.REVOKING: gettext_lazy("%(first)s not delivered in %(seconds)d s; being withdrawn."),
    Stage.CLOSING: gettext_lazy("%(first)s not delivered in %(seconds)d s; withdrawn."),
}


def story(fallback: Fallback) -> str:
    """Why another channel took over, or did not; empty where there is nothing to tell.

    Needs ``delivery__channel`` and ``channel`` loaded.
    """
    first = fallback.delivery
    words = WORDS.get(Verdict(fallback.verdict)) if fallback.verdict else None
    words = words or UNDER_WAY.get(Stage(fallback.stage))
    if words is None:
        return ""
    told = str(words) % {
        "first": medium(first.channel.kind),
        "second": medium(fallback.channel.kind),
        "seconds": first.fallback_s or 0,
    }
    return f"{told} {_arrived(first)}".strip()


def _arrived(first: Delivery) -> str:
    """It was too late for us to know when it was decided."""
    if first.state in ARRIVED and first.replacements.exists():
        return _("It has arrived by %(first)s after all.") % {"first": medium(first.channel.kind)}
    return ""


def medium(kind: str) -> str:
    """What people call the messages of a kind of channel."""
    adapter = adapters().get(kind)
    if adapter is None:
        return kind
    return MEDIA.get(adapter.medium, str(adapter.label))
