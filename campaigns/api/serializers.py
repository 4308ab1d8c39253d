"""Campaigns and their ledger as the API shows them."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.rest.serializers import ErrorSerializer, ScopedField, StrictSerializer
from campaigns.api.mail import MailField
from campaigns.behind import own_fallback
from campaigns.ledger import OUTCOMES, Entry
from campaigns.models import Behind, Campaign, CampaignStatus, SkipReason
from campaigns.preview import Forecast
from contacts.models import Segment
from conversations.api.content import CONTENT_OUT
from gateway.api.serializers import ChannelFallbackSerializer, error_of
from gateway.fallback.model import Success
from gateway.fallback.story import story
from gateway.models import Channel
from gateway.prices.selectors import Cost
from gateway.quiet.words import why_held
from gateway.states import State

# A line's state: its own until the outbox has it, the delivery's after that.
STATES = [("pending", _("Waiting")), ("skipped", _("Not sent")), *State.choices]


class ProgressSerializer(serializers.Serializer[Any]):
    """How many lines of the ledger stand where; ``sent`` includes delivered, that includes read."""

    total = serializers.IntegerField(read_only=True)
    waiting = serializers.IntegerField(read_only=True)
    sent = serializers.IntegerField(read_only=True)
    delivered = serializers.IntegerField(read_only=True)
    read = serializers.IntegerField(read_only=True)
    failed = serializers.IntegerField(read_only=True)
    held = serializers.IntegerField(
        read_only=True, help_text="Of those waiting: who does for the end of quiet hours."
    )
    skipped = serializers.IntegerField(source="skipped_total", read_only=True)
    replied = serializers.IntegerField(read_only=True)
    percent = serializers.IntegerField(read_only=True)
    skipped_by_reason = serializers.DictField(
        source="skipped", child=serializers.IntegerField(), read_only=True
    )


@extend_schema_field(CONTENT_OUT)
class DraftContentField(serializers.JSONField):
    """Rich content with variables, kept as JSON; the services say what is wrong with it."""


FALLBACK = {
    "nullable": True,
    "oneOf": [
        {"type": "string", "enum": [Behind.CHANNEL.value]},
        {
            "type": "object",
            "properties": {
                "channel": {"type": "string", "format": "uuid"},
                "after_s": {"type": "integer", "default": 60},
                "success": {"type": "string", "enum": Success.values, "default": "delivered"},
            },
            "required": ["channel"],
        },
    ],
}


@extend_schema_field(FALLBACK)
class FallbackField(serializers.Field[Any, Any, Any, Any]):
    """``channel``: what its channel says; null: nothing takes over; else as of a message."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """A Policy, or who says."""
        if data is None:
            return Behind.NOTHING
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> Any:
        """Of the object all errors, by its fields."""
        if data == Behind.CHANNEL.value:
            return Behind.CHANNEL
        if isinstance(data, str):
            raise serializers.ValidationError(
                _("This is “channel”, null, or an object with a channel.")
            )
        return ChannelFallbackSerializer(context=self.context).run_validation(data)

    def get_attribute(self, instance: Campaign) -> Campaign:
        """All of it."""
        return instance

    def to_representation(self, value: Campaign) -> Any:
        """As it is given."""
        if value.fallback_by == Behind.CHANNEL:
            return Behind.CHANNEL.value
        policy = own_fallback(value)
        return policy and {
            "channel": str(policy.channel.pk),
            "after_s": policy.after_s,
            "success": policy.success.value,
        }


class CampaignSerializer(StrictSerializer):
    """One text, or rich content, to one segment on one channel. Only a draft can be changed."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=200)
    channel = ScopedField(Channel, required=False, allow_null=True)
    segment = ScopedField(Segment, required=False, allow_null=True)
    text = serializers.CharField(
        max_length=20_000, required=False, allow_blank=True, trim_whitespace=False
    )
    content = DraftContentField(
        required=False,
        allow_null=True,
        help_text="In place of `text`: as of a message, with variables in its texts, labels, "
        "payloads and web addresses. A campaign sends one provider message to each person, so "
        "what the channel can only show as several is refused at the launch.",
    )
    mail = MailField(
        required=False,
        allow_null=True,
        help_text="In place of `text` and `content`, for an e-mail channel: subject, preheader, "
        "html and text, with variables. An empty text is made from the HTML. A link to "
        "unsubscribe is added unless `{{ unsubscribe_url }}` stands somewhere.",
    )
    tracks = serializers.BooleanField(
        required=False,
        allow_null=True,
        help_text="Whether a mail counts who opens it and follows its links. Null: as the "
        "workspace has it.",
    )
    fallback = FallbackField(
        required=False,
        allow_null=True,
        help_text="What another channel does when a message does not arrive. `channel`, or left "
        "out: what its channel says at the launch. Null: nothing.",
    )
    status = serializers.ChoiceField(choices=CampaignStatus.choices, read_only=True)
    progress = serializers.SerializerMethodField()
    created_by = serializers.IntegerField(source="created_by_id", read_only=True, allow_null=True)
    created_at = serializers.DateTimeField(read_only=True)
    launched_at = serializers.DateTimeField(read_only=True, allow_null=True)
    finished_at = serializers.DateTimeField(read_only=True, allow_null=True)

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, campaign: Campaign) -> Any:
        """Counted by the view for all rows."""
        return ProgressSerializer(self.context["progress"][campaign.pk]).data


class CostSerializer(serializers.Serializer[Any]):
    """A sum by the channel's prices; numbers without a price are not in it."""

    amount = serializers.SerializerMethodField()
    currency = serializers.CharField(read_only=True, help_text="ISO 4217.")
    about = serializers.BooleanField(
        read_only=True, help_text="Estimated from some of the numbers, as there are many."
    )
    unpriced = serializers.SerializerMethodField()
    unpriced_countries = serializers.SerializerMethodField()

    def get_amount(self, cost: Cost) -> str:
        """A decimal number, as text."""
        return f"{cost.amount:.4f}"

    def get_unpriced(self, cost: Cost) -> int:
        """How many numbers have no price."""
        return round(cost.unpriced)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_unpriced_countries(self, cost: Cost) -> list[str]:
        """Their countries (ISO 3166-1); an empty text where the number tells none."""
        return sorted(cost.countries)


class ForecastSerializer(serializers.Serializer[Any]):
    """What a launch right now would do."""

    reached = serializers.IntegerField(read_only=True)
    skipped = serializers.IntegerField(source="skipped_total", read_only=True)
    skipped_by_reason = serializers.SerializerMethodField()
    messages = serializers.IntegerField(
        read_only=True, help_text="SMS in all, estimated where there are many people."
    )
    cost = CostSerializer(read_only=True, allow_null=True)
    window_closed = serializers.SerializerMethodField(
        help_text="To about so many free text may not be sent now; a template may."
    )

    def get_window_closed(self, forecast: Forecast) -> int:
        """0 where the channel has no reply windows, or a template is sent."""
        return forecast.closed.people if forecast.closed else 0

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_skipped_by_reason(self, forecast: Forecast) -> dict[str, int]:
        """As in a campaign's progress."""
        return {reason.value: count for reason, count in forecast.skipped}


class CampaignQuery(serializers.Serializer[Campaign]):
    """Filters of the list of campaigns."""

    status = serializers.ChoiceField(choices=CampaignStatus.choices, required=False)


class LineSerializer(serializers.Serializer[Entry]):
    """A line of the ledger: what became of one recipient and, where not sent, why."""

    contact = serializers.IntegerField(source="recipient.contact_id", read_only=True)
    address = serializers.CharField(source="recipient.address", read_only=True)
    state = serializers.ChoiceField(choices=STATES, read_only=True)
    reason = serializers.ChoiceField(choices=SkipReason.choices, read_only=True, allow_blank=True)
    reason_text = serializers.CharField(read_only=True)
    error = serializers.SerializerMethodField()
    story = serializers.SerializerMethodField()
    delivery = serializers.SerializerMethodField()
    replied_at = serializers.DateTimeField(
        source="recipient.replied_at", read_only=True, allow_null=True
    )

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, entry: Entry) -> Any:
        """What the provider said."""
        return error_of(entry.delivery) if entry.delivery else None

    def get_story(self, entry: Entry) -> str:
        """Until when it waits, or why another channel took over; empty where nothing is to tell."""
        held = why_held(entry.delivery, self.context["rule"]) if entry.delivery else ""
        return held or (story(entry.fallback) if entry.fallback else "")

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_delivery(self, entry: Entry) -> str | None:
        """Its id."""
        return str(entry.delivery.uid) if entry.delivery else None


class LineQuery(serializers.Serializer[Entry]):
    """Filters of the ledger."""

    state = serializers.ChoiceField(choices=list(OUTCOMES), required=False)
    reason = serializers.ChoiceField(choices=SkipReason.choices, required=False)
