"""Which channel stands behind a campaign's: its own word, or what its channel says."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from campaigns.models import Behind, Campaign
from gateway.fallback.model import Success
from gateway.fallback.policy import Policy, check_policy, policy_of
from gateway.models import Channel

Wish = Policy | Behind


def fallback_of(campaign: Campaign) -> Policy | None:
    """What takes over what does not arrive; None: nothing does, and nothing can for a mail."""
    if campaign.mail is not None:
        return None
    if campaign.fallback_by == Behind.CHANNEL:
        return policy_of(campaign.channel) if campaign.channel is not None else None
    own = own_fallback(campaign)
    return own if own is not None and own.channel.enabled else None


def own_fallback(campaign: Campaign) -> Policy | None:
    """The campaign's own word, if it has one."""
    other = campaign.fallback_channel
    if campaign.fallback_by != Behind.OWN or other is None:
        return None
    return Policy(other, campaign.fallback_after_s, Success(campaign.fallback_success))


def set_fallback(campaign: Campaign, wish: Wish) -> None:
    """Note what shall take over; not saved. ValidationError by ``fallback.channel`` and so on."""
    if isinstance(wish, Policy):
        if campaign.channel is None:
            raise ValidationError({"fallback.channel": _("Choose the campaign's channel first.")})
        errors = _errors(campaign.channel, wish)
        if errors:
            raise ValidationError(errors)
    _note(campaign, wish)


def freeze_fallback(campaign: Campaign) -> None:
    """From now on what its channel says to others is no matter; not saved."""
    if campaign.fallback_by == Behind.CHANNEL:
        _note(campaign, fallback_of(campaign) or Behind.NOTHING)


def _note(campaign: Campaign, wish: Wish) -> None:
    if isinstance(wish, Policy):
        campaign.fallback_by, campaign.fallback_channel = Behind.OWN, wish.channel
        campaign.fallback_after_s, campaign.fallback_success = wish.after_s, wish.success
    else:
        campaign.fallback_by, campaign.fallback_channel = wish, None


def fallback_errors(campaign: Campaign) -> dict[str, str]:
    """What is wrong with the campaign's own word, by field: its channel may have changed since."""
    own = own_fallback(campaign)
    if own is None or campaign.channel is None or campaign.mail is not None:
        return {}
    if not own.channel.enabled:
        return {"fallback.channel": _("This channel is switched off.")}
    return _errors(campaign.channel, own)


def _errors(channel: Channel, policy: Policy) -> dict[str, str]:
    try:
        check_policy(channel, policy)
    except ValidationError as error:
        found = error.message_dict.items()
        return {f"fallback.{name}": " ".join(words) for name, words in found}
    return {}
