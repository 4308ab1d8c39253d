"""Channels and deliveries as the API shows them."""

from typing import Any

from django.utils.functional import lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.rest.serializers import ErrorSerializer, ScopedField, StrictSerializer
from gateway.api.files import content_url
from gateway.branding import NAME_LIMIT, text_on
from gateway.channels import public_config, webhook_url
from gateway.contract import ConfigField
from gateway.fallback.model import Success
from gateway.fallback.policy import Policy
from gateway.models import Channel, ChannelLog, Delivery, DeliveryStatus
from gateway.registry import adapters
from gateway.states import State


def describe_config() -> str:
    """Every kind's settings, for the schema: generated from the adapters."""
    lines = ["Settings by kind; secrets are write-only and always answered as null."]
    for kind, adapter in adapters().items():
        lines.append(f"`{kind}`: {', '.join(map(_describe, adapter.fields))}.")
    return "\n\n".join(lines)


def _describe(field: ConfigField) -> str:
    about = ["secret"] if field.secret else []
    if field.choices:
        about.append(" or ".join(f"`{word}`" for word, _label in field.choices))
    if field.default and not field.multiline:
        about.append(f"`{field.default}` unless said otherwise")
    return f"`{field.name}`" + (f" ({'; '.join(about)})" if about else "")


class HealthSerializer(serializers.Serializer[Any]):
    """How a channel is doing."""

    ok = serializers.BooleanField(read_only=True)
    queued = serializers.IntegerField(read_only=True)
    oldest_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="When the longest waiting message was queued."
    )
    failed_last_hour = serializers.IntegerField(read_only=True)
    unknown = serializers.IntegerField(read_only=True)
    last_inbound_at = serializers.DateTimeField(read_only=True, allow_null=True)
    paused_at = serializers.DateTimeField(read_only=True, allow_null=True)
    paused_reason = serializers.CharField(read_only=True)


class ChannelFallbackSerializer(StrictSerializer):
    """``channel`` takes over what has not reached ``success`` within ``after_s`` seconds."""

    channel = ScopedField(Channel)
    after_s = serializers.IntegerField(default=60)
    success = serializers.ChoiceField(choices=Success.choices, default=Success.DELIVERED)

    def validate(self, attrs: dict[str, Any]) -> Any:
        """As the services take it."""
        return Policy(attrs["channel"], attrs["after_s"], Success(attrs["success"]))


def _fallback(channel: Channel) -> dict[str, Any] | None:
    if channel.fallback_channel_id is None:
        return None
    return {
        "channel": str(channel.fallback_channel_id),
        "after_s": channel.fallback_after_s,
        "success": channel.fallback_success,
    }


class BrandingSerializer(StrictSerializer):
    """What customers see above the conversation. ``logo`` is the id of an uploaded file."""

    name = serializers.CharField(required=False, allow_blank=True, max_length=NAME_LIMIT)
    logo = serializers.UUIDField(
        required=False, allow_null=True, help_text="PNG, JPEG or WebP, at most 1 MB; square."
    )
    color = serializers.CharField(
        required=False, allow_blank=True, max_length=7, help_text="#RRGGBB"
    )
    logo_url = serializers.URLField(read_only=True, allow_null=True)
    text_color = serializers.CharField(read_only=True, help_text="Can be read on `color`.")


def _branding(channel: Channel) -> dict[str, Any]:
    logo = channel.brand_logo
    return {
        "name": channel.brand_name,
        "logo": str(logo.uid) if logo else None,
        "color": channel.brand_color,
        "logo_url": content_url(logo.uid) if logo else None,
        "text_color": text_on(channel.brand_color) if channel.brand_color else "",
    }


class ChannelSerializer(StrictSerializer):
    """A configured account at a provider: one number, one mailbox, one page."""

    id = serializers.UUIDField(read_only=True)
    kind = serializers.CharField(max_length=32, help_text="Cannot be changed later.")
    name = serializers.CharField(max_length=100)
    config = serializers.DictField(help_text=lazy(describe_config, str)())
    address = serializers.CharField(read_only=True, help_text="What customers see and write to.")
    enabled = serializers.BooleanField(required=False)
    rate_per_second = serializers.FloatField(required=False)
    webhook_url = serializers.SerializerMethodField(help_text="To be entered at the provider.")
    health = serializers.SerializerMethodField()
    fallback = ChannelFallbackSerializer(
        required=False,
        allow_null=True,
        help_text="What another channel does when a message does not arrive; null: nothing.",
    )
    branding = BrandingSerializer(
        required=False, allow_null=True, help_text="What is left out stays; null removes all."
    )
    public_approval = serializers.BooleanField(
        required=False, help_text="A colleague approves what is said in public."
    )
    created_at = serializers.DateTimeField(read_only=True)

    def get_webhook_url(self, channel: Channel) -> str:
        """On PUBLIC_URL."""
        return webhook_url(channel)

    @extend_schema_field(HealthSerializer)
    def get_health(self, channel: Channel) -> Any:
        """Looked up by the view for all rows."""
        return HealthSerializer(self.context["health"][channel.pk]).data

    def to_representation(self, instance: Channel) -> dict[str, Any]:
        """With the config's public part in place of the encrypted one."""
        shown = {
            name: field.to_representation(field.get_attribute(instance))
            for name, field in self.fields.items()
            if name not in {"config", "fallback", "branding"}
        }
        return shown | {
            "config": public_config(instance),
            "fallback": _fallback(instance),
            "branding": _branding(instance),
        }


class ChannelChange(StrictSerializer):
    """What can change; ``config`` is merged, and a secret left out stays as it is."""

    name = serializers.CharField(max_length=100, required=False)
    config = serializers.DictField(required=False)
    enabled = serializers.BooleanField(required=False)
    rate_per_second = serializers.FloatField(required=False)
    fallback = ChannelFallbackSerializer(required=False, allow_null=True)
    branding = BrandingSerializer(required=False, allow_null=True)
    public_approval = serializers.BooleanField(required=False)


class ChannelQuery(serializers.Serializer[Channel]):
    """Filters of the list of channels."""

    kind = serializers.CharField(max_length=32, required=False)
    enabled = serializers.BooleanField(required=False, allow_null=True, default=None)


class CheckSerializer(serializers.Serializer[Any]):
    """What the provider says about the credentials."""

    ok = serializers.BooleanField(read_only=True)
    summary = serializers.CharField(read_only=True)
    error = ErrorSerializer(read_only=True, allow_null=True)


class StatusSerializer(serializers.Serializer[Any]):
    """A status the provider reported; ``word`` is its own."""

    state = serializers.ChoiceField(choices=State.choices, read_only=True)
    word = serializers.CharField(source="provider_word", read_only=True)
    error = serializers.SerializerMethodField()
    occurred_at = serializers.DateTimeField(read_only=True)
    received_at = serializers.DateTimeField(read_only=True)

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, status: DeliveryStatus) -> Any:
        """What the provider said."""
        return error_of(status)


class ExchangeSerializer(serializers.Serializer[Any]):
    """A request to the provider and its answer; ``kind`` is send or find (asked about it)."""

    kind = serializers.CharField(read_only=True)
    attempt = serializers.IntegerField(read_only=True, allow_null=True)
    ok = serializers.BooleanField(read_only=True)
    status = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="HTTP status; null when no answer came."
    )
    error = serializers.SerializerMethodField()
    duration_ms = serializers.IntegerField(read_only=True, allow_null=True)
    at = serializers.DateTimeField(source="created_at", read_only=True)

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, entry: ChannelLog) -> Any:
        """The class of error and the provider's words."""
        return None if entry.ok else {"code": entry.error_class, "text": entry.error}


class DeliverySerializer(serializers.Serializer[Any]):
    """One attempt chain to put a message on one channel for one address."""

    id = serializers.UUIDField(source="uid", read_only=True)
    channel = serializers.UUIDField(source="channel_id", read_only=True)
    address = serializers.CharField(read_only=True)
    sender = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text="Of a channel with several senders: the one it left from.",
    )
    state = serializers.ChoiceField(choices=State.choices, read_only=True)
    error = serializers.SerializerMethodField()
    external_id = serializers.CharField(read_only=True, allow_null=True)
    attempts = serializers.IntegerField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    due_at = serializers.DateTimeField(read_only=True)
    held_until = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="The end of quiet hours where the person is."
    )
    expires_at = serializers.DateTimeField(read_only=True, allow_null=True)
    sent_at = serializers.DateTimeField(read_only=True, allow_null=True)
    delivered_at = serializers.DateTimeField(read_only=True, allow_null=True)
    read_at = serializers.DateTimeField(read_only=True, allow_null=True)
    failed_at = serializers.DateTimeField(read_only=True, allow_null=True)
    exchanges = serializers.SerializerMethodField()
    statuses = serializers.SerializerMethodField()

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, delivery: Delivery) -> Any:
        """Why it failed or waits."""
        return error_of(delivery)

    @extend_schema_field(ExchangeSerializer(many=True))
    def get_exchanges(self, delivery: Delivery) -> Any:
        """Every attempt, oldest first; looked up by the view of one message, else empty."""
        found: dict[int, list[ChannelLog]] = self.context.get("exchanges", {})
        return ExchangeSerializer(found.get(delivery.pk, []), many=True).data

    @extend_schema_field(StatusSerializer(many=True))
    def get_statuses(self, delivery: Delivery) -> Any:
        """What the provider reported, oldest first; looked up by the view."""
        found: dict[int, list[DeliveryStatus]] = self.context.get("statuses", {})
        return StatusSerializer(found.get(delivery.pk, []), many=True).data


def error_of(row: Delivery | DeliveryStatus) -> dict[str, str] | None:
    """The row's error as ``{"code", "text"}``, None without one."""
    if not (row.error_class or row.error_code or row.error_text):
        return None
    return {"code": row.error_code or row.error_class, "text": row.error_text}
