"""When another channel takes over: said by the message, or by its channel."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from gateway.fallback.model import Fallback, Success
from gateway.models import Channel, Delivery
from gateway.registry import adapter_class, capabilities_of

# A provider keeps trying for so long at most; and less than this is no time to arrive in.
LONGEST_S, SHORTEST_S = 7 * 24 * 3600, 5


@dataclass(frozen=True, slots=True)
class Policy:
    """``channel`` takes over what has not reached ``success`` within ``after_s`` seconds.

    ``urgent``: it does so even where the first message cannot be withdrawn for certain.
    """

    channel: Channel
    after_s: int = 60
    success: Success = Success.DELIVERED
    urgent: bool = False

    @property
    def fallback_s(self) -> int:
        """As ``Delivery.fallback_s``: with ``sent`` as success there is nothing to wait for."""
        return 0 if self.success == Success.SENT else self.after_s


def policy_of(channel: Channel, *, urgent: bool = False) -> Policy | None:
    """What its channel says of a message; None when nothing takes over."""
    other = channel.fallback_channel
    if other is None or not other.enabled:
        return None
    return Policy(other, channel.fallback_after_s, Success(channel.fallback_success), urgent)


def check_policy(channel: Channel, policy: Policy) -> None:
    """ValidationError by field (``channel``, ``after_s``, ``success``) when it cannot work."""
    errors = {}
    other = policy.channel
    if other.pk == channel.pk or other.workspace_id != channel.workspace_id:
        errors["channel"] = _("Choose another channel of this workspace.")
    elif adapter_class(other.kind).address_kind != adapter_class(channel.kind).address_kind:
        errors["channel"] = _("That channel reaches people at another kind of address.")
    elif capabilities_of(channel).falls_back:
        errors["channel"] = _(
            "This channel leaves it to its provider to send by SMS what does not arrive; both "
            "would send it twice."
        )
    if not SHORTEST_S <= policy.after_s <= LONGEST_S:
        errors["after_s"] = _("From %(least)d seconds to %(most)d (7 days).") % {
            "least": SHORTEST_S,
            "most": LONGEST_S,
        }
    reads = adapter_class(channel.kind).capabilities.read_receipts
    if policy.success == Success.READ and not reads:
        errors["success"] = _("This kind of channel does not tell when a message is read.")
    if errors:
        raise ValidationError(errors)


def arm(deliveries: list[Delivery], policy: Policy) -> None:
    """Note beside new deliveries what shall happen if they do not arrive."""
    Fallback.objects.bulk_create(
        Fallback(
            workspace_id=row.workspace_id,
            delivery=row,
            channel=policy.channel,
            success=policy.success,
            urgent=policy.urgent,
        )
        for row in deliveries
    )
