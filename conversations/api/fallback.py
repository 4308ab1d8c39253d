"""What another channel shall do when a message does not arrive, in the API."""

from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError as Wrong
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.rest.serializers import StrictSerializer
from gateway.api.serializers import ChannelFallbackSerializer
from gateway.fallback.policy import Policy, check_policy, policy_of
from gateway.models import Channel


class TermsSerializer(StrictSerializer):
    """When a message is too late, and what happens if it does not arrive."""

    fallback = ChannelFallbackSerializer(
        required=False,
        allow_null=True,
        help_text="Left out: what its channel says. Null: nothing takes over.",
    )
    urgent = serializers.BooleanField(
        default=False,
        help_text="Fall back in time even if the first message cannot be withdrawn for certain, "
        "so that it may arrive twice.",
    )
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Not sent any more after this time."
    )

    def validate_expires_at(self, value: Any) -> Any:
        """In the future."""
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError(_("Choose a time in the future."))
        return value


def policy_for(channel: Channel, terms: dict[str, Any]) -> Policy | None:
    """What shall happen when a message does not arrive on ``channel``.

    Raises ValidationError that names the part of ``fallback`` that cannot work.
    """
    urgent = terms.get("urgent", False)
    if "fallback" not in terms:
        return policy_of(channel, urgent=urgent)
    wanted = terms["fallback"]
    if wanted is None:
        return None
    policy: Policy = replace(wanted, urgent=urgent)
    try:
        check_policy(channel, policy)
    except Wrong as error:
        found = {f"fallback.{name}": words for name, words in error.message_dict.items()}
        raise serializers.ValidationError(found) from error
    return policy
