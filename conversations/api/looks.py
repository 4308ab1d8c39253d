"""How a message would look, in the API: nothing is sent."""

from typing import Any

from django.core.exceptions import ValidationError as Wrong
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.rest.serializers import ScopedField
from conversations.api.content import CONTENT, OptionSerializer
from conversations.api.fallback import policy_for
from conversations.api.serializers import SayingSerializer
from gateway.addresses import InvalidAddress, normalize
from gateway.api.serializers import ChannelFallbackSerializer
from gateway.content.changes import Rule
from gateway.content.looks import Look, LookPart, looks
from gateway.content.model import Content
from gateway.content.options import offered
from gateway.content.reading import read, write
from gateway.media.attaching import resolved
from gateway.models import Channel
from gateway.reach.asking import fresh
from gateway.registry import UnknownKind, adapter_class


class PreviewSerializer(SayingSerializer):
    """What would be sent, and where."""

    channel = ScopedField(Channel.objects.select_related("fallback_channel"))
    address = serializers.CharField(
        max_length=320,
        default="",
        allow_blank=True,
        help_text="Whose; what a channel shows may depend on it. Empty: anybody's.",
    )
    fallback = ChannelFallbackSerializer(
        required=False,
        allow_null=True,
        help_text="Left out: what the channel says. Null: nothing takes over.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """An address of the kind that the channel reaches, in its normal form."""
        attrs = super().validate(attrs)
        if attrs["address"]:
            try:
                kind = adapter_class(attrs["channel"].kind).address_kind
                attrs["address"] = normalize(kind, attrs["address"])
            except UnknownKind as error:
                words = _("This channel cannot be used.")
                raise serializers.ValidationError({"channel": [words]}) from error
            except InvalidAddress as error:
                raise serializers.ValidationError({"address": [str(error)]}) from error
        return attrs


class LookPartSerializer(serializers.Serializer[LookPart]):
    """One provider message."""

    content = serializers.SerializerMethodField()
    segments = serializers.IntegerField(
        read_only=True, help_text="As the provider counts; 0 where it does not."
    )

    @extend_schema_field(CONTENT)
    def get_content(self, part: LookPart) -> Any:
        """As the channel shows it."""
        return write(part.content)


class ChangeSerializer(serializers.Serializer[Any]):
    """What was changed so that the channel can show it."""

    rule = serializers.ChoiceField(choices=[rule.value for rule in Rule], read_only=True)
    text = serializers.CharField(read_only=True, help_text="To what and why, for people.")


class LookSerializer(serializers.Serializer[Look]):
    """Content as one channel shows it."""

    channel = serializers.UUIDField(source="channel.pk", read_only=True)
    medium = serializers.CharField(read_only=True, help_text="What people call it, as in “SMS”.")
    when = serializers.CharField(
        read_only=True, help_text="When it goes this way, for people; empty: it simply does."
    )
    skipped = serializers.BooleanField(
        read_only=True, help_text="Known not to reach the address, so that it is not tried."
    )
    problem = serializers.CharField(read_only=True, help_text="Why nobody knows; empty: known.")
    segments = serializers.IntegerField(read_only=True, help_text="Of all parts.")
    parts = LookPartSerializer(many=True, read_only=True)
    options = serializers.SerializerMethodField(help_text="What is offered by number.")
    changes = ChangeSerializer(many=True, read_only=True)

    @extend_schema_field(OptionSerializer(many=True))
    def get_options(self, look: Look) -> Any:
        """As a message has them."""
        return offered(look.options)


class LooksSerializer(serializers.Serializer[Any]):
    """The channel's look, and that of the one that takes over, if there is one."""

    looks = LookSerializer(many=True, read_only=True)


def preview(
    *,
    workspace_id: int,
    channel: Channel,
    address: str = "",
    text: str = "",
    content: Content | None = None,
    **terms: Any,
) -> list[Look]:
    """How it would look; ``terms`` may have a ``fallback``.

    ValidationError names ``text``, ``content.media.0.file`` or a part of ``fallback``.
    """
    policy = policy_for(channel, terms)
    content = resolved(content or _plain(text), workspace_id, lock=False)
    reach = fresh(channel, [address]).get(address) if policy and address else None
    return looks(content, channel=channel, address=address, fallback=policy, reach=reach)


def _plain(text: str) -> Content:
    try:
        return read({"text": text})
    except Wrong as error:
        raise serializers.ValidationError(error.message_dict) from error
