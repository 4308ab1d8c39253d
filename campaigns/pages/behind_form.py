"""The part of the step "where" about what takes over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from campaigns.behind import Wish, fallback_of
from campaigns.models import Behind, Campaign
from gateway.fallback.model import Success
from gateway.fallback.policy import Policy, policy_of
from gateway.fallback.story import medium
from gateway.models import Channel
from gateway.pages.fallback_form import FallbackForm, others

PREFIX = "own"


@dataclass(frozen=True, slots=True)
class BehindForm:
    """``by`` is what is chosen of Behind, ``channels`` what its channel would do, in words.

    ``form`` is for a word of one's own; None where no other channel reaches the same people.
    """

    by: str
    channels: str
    form: FallbackForm | None


def behind_form(
    campaign: Campaign,
    channel: Channel | None,
    data: Mapping[str, Any] | None = None,
    errors: Mapping[str, Sequence[str]] | None = None,
) -> BehindForm | None:
    """As saved, or as just sent (``data``) with what is wrong by ``fallback.after_s`` and so on.

    None while there is no channel.
    """
    if channel is None:
        return None
    sent = data is not None and "fallback_by" in data
    by = str(data["fallback_by"]) if data is not None and sent else campaign.fallback_by
    form = None
    if others(channel).exists():
        form = _form(campaign, channel, data if sent and by == Behind.OWN else None)
        for name, words in (errors or {}).items():
            field = name.removeprefix("fallback.")
            if (
                field != name
                and field in form.fields
                and form.is_bound
                and field not in form.errors
            ):
                form.add_error(field, list(words))
    return BehindForm(by, fallback_words(channel, policy_of(channel)), form)


def read_wish(data: Mapping[str, Any], channel: Channel | None) -> Wish:
    """What was chosen; ValidationError by ``fallback.channel`` and so on."""
    by = data.get("fallback_by", Behind.CHANNEL.value)
    if by != Behind.OWN.value or channel is None:
        return Behind(by) if by in (Behind.CHANNEL, Behind.NOTHING) else Behind.CHANNEL
    form = FallbackForm(data, channel=channel, prefix=PREFIX)
    if not form.is_valid():
        raise ValidationError({f"fallback.{name}": words for name, words in form.errors.items()})
    chosen = form.cleaned_data
    if chosen["channel"] is None:
        raise ValidationError({"fallback.channel": _("Choose another channel.")})
    return Policy(chosen["channel"], chosen["after_s"], Success(chosen["success"]))


def campaign_words(campaign: Campaign) -> str:
    """What happens to what does not arrive, in a sentence; empty without a channel."""
    if campaign.channel is None:
        return ""
    return fallback_words(campaign.channel, fallback_of(campaign))


def fallback_words(channel: Channel, policy: Policy | None) -> str:
    """What takes over on a channel, in a sentence."""
    if policy is None:
        return _("Nothing else is sent to those whom it does not reach.")
    words = {
        "first": medium(channel.kind),
        "name": policy.channel.name,
        "time": _time(policy.after_s),
    }
    if policy.success == Success.SENT:
        return _("Whoever cannot be sent %(first)s gets it through “%(name)s”.") % words
    if policy.success == Success.READ:
        return _("Whoever has not read it after %(time)s gets it through “%(name)s”.") % words
    return _("Whoever does not have it after %(time)s gets it through “%(name)s” instead.") % words


def _form(campaign: Campaign, channel: Channel, data: Mapping[str, Any] | None) -> FallbackForm:
    saying: Campaign | Channel = campaign if campaign.fallback_by == Behind.OWN else channel
    initial = {
        "channel": saying.fallback_channel_id,
        "after_s": saying.fallback_after_s,
        "success": saying.fallback_success,
    }
    form = FallbackForm(data, channel=channel, prefix=PREFIX, initial=initial)
    # Whoever wants a channel of their own names it.
    setattr(form.fields["channel"], "empty_label", _("Choose…"))  # noqa: B010 - not in its type
    form.fields["channel"].required = True
    return form


def _time(seconds: int) -> str:
    """In the largest unit that says it in a whole number, seconds up to two minutes."""
    if seconds >= 7200 and seconds % 3600 == 0:
        return _("%(number)d h") % {"number": seconds // 3600}
    if seconds >= 120 and seconds % 60 == 0:
        return _("%(number)d min") % {"number": seconds // 60}
    return _("%(number)d s") % {"number": seconds}
