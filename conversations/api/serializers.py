"""Conversations and messages as the API shows them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Member, Team
from accounts.rest.serializers import ErrorSerializer, ScopedField, StrictSerializer
from contacts.models import Contact
from conversations.answering import MOST_CC, SUBJECT, MailHead
from conversations.api.content import (
    CONTENT_OUT,
    AttachmentSerializer,
    ContentField,
    OptionSerializer,
    ReasonSerializer,
    TapSerializer,
)
from conversations.api.fallback import TermsSerializer
from conversations.api.marks import MarksSerializer
from conversations.models import Conversation, Direction, Kind, Message, Status
from gateway.api.serializers import DeliverySerializer, error_of
from gateway.models import Delivery
from gateway.standing import standing
from gateway.states import State
from gateway.windows.looking import Key, Standing

LONGEST = 20_000
REPLY_KINDS = [(Kind.TEXT.value, Kind.TEXT.label), (Kind.NOTE.value, Kind.NOTE.label)]


class ConversationSerializer(StrictSerializer):
    """A contact on a channel. Related things are ids, ``labels`` names."""

    id = serializers.IntegerField(read_only=True)
    contact = serializers.IntegerField(source="contact_id", read_only=True)
    channel = serializers.UUIDField(source="channel_id", read_only=True)
    address = serializers.CharField(source="address.value", read_only=True)
    status = serializers.ChoiceField(choices=Status.choices, read_only=True)
    assignee = serializers.IntegerField(source="assignee_id", read_only=True, allow_null=True)
    team = serializers.IntegerField(source="team_id", read_only=True, allow_null=True)
    priority = serializers.IntegerField(read_only=True)
    labels = serializers.SerializerMethodField()
    public = serializers.BooleanField(read_only=True, help_text="Everybody can read it.")
    reply_window_until = serializers.SerializerMethodField(
        help_text="Until when free text may be sent; null where the channel has no such time, or "
        "this person has never opened it."
    )
    reply_window_open = serializers.SerializerMethodField(
        help_text="Whether free text may be sent now; null where that is always so."
    )
    snoozed_until = serializers.DateTimeField(read_only=True, allow_null=True)
    waiting_since = serializers.DateTimeField(read_only=True, allow_null=True)
    last_message_at = serializers.DateTimeField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)

    def get_reply_window_until(self, conversation: Conversation) -> datetime | None:
        """Looked up by the view for all rows."""
        window = self._window(conversation)
        return window.until if window else None

    def get_reply_window_open(self, conversation: Conversation) -> bool | None:
        """Also false when as many messages were sent as the channel takes."""
        window = self._window(conversation)
        return window.open if window else None

    def _window(self, conversation: Conversation) -> Standing | None:
        found: Mapping[Key, Standing] = self.context["windows"]
        return found.get((conversation.reply_channel.pk, conversation.address.value))

    def get_labels(self, conversation: Conversation) -> list[str]:
        """Names; needs the labels prefetched."""
        return [label.name for label in conversation.labels.all()]


class ReactionSerializer(StrictSerializer):
    """An emoji for a customer's message."""

    emoji = serializers.CharField(max_length=32)


class LeaseSerializer(serializers.Serializer[Any]):
    """Who owns the next answer in public, and until when; both null while nobody does."""

    member = serializers.IntegerField(source="member_id", read_only=True, allow_null=True)
    until = serializers.DateTimeField(read_only=True, allow_null=True)


class ConversationChange(StrictSerializer):
    """What can be set directly; status and assignee have addresses of their own."""

    team = ScopedField(Team, required=False, allow_null=True)
    priority = serializers.IntegerField(min_value=0, max_value=3, required=False)
    labels = serializers.ListField(child=serializers.CharField(max_length=60), required=False)


class ConversationQuery(serializers.Serializer[Conversation]):
    """Filters of the list of conversations."""

    status = serializers.ChoiceField(choices=Status.choices, required=False)
    assignee = serializers.CharField(
        max_length=20, required=False, help_text="A member's id, `me` or `none`."
    )
    channel = serializers.UUIDField(required=False)
    contact = serializers.IntegerField(required=False, min_value=1)
    label = serializers.CharField(  # type: ignore[assignment]
        max_length=60, required=False, help_text="A label's name."
    )

    def validate_assignee(self, value: str) -> str:
        """An id or one of the two words."""
        if value not in {"me", "none"} and not (value.isascii() and value.isdigit()):
            raise serializers.ValidationError(self.fields["assignee"].help_text)
        return value


class AssignSerializer(StrictSerializer):
    """A member's id, or null to give it back to the queue."""

    assignee = ScopedField(Member.objects.filter(ended_at=None), allow_null=True)


class SnoozeSerializer(StrictSerializer):
    """Until when; the customer's next message ends it earlier."""

    until = serializers.DateTimeField()


class MessageSerializer(MarksSerializer):
    """A row of a thread. ``status`` is what became of it on the way out; null if it stays here."""

    id = serializers.IntegerField(read_only=True)
    conversation = serializers.IntegerField(source="conversation_id", read_only=True)
    channel = serializers.UUIDField(source="channel_id", read_only=True)
    direction = serializers.ChoiceField(choices=Direction.choices, read_only=True)
    kind = serializers.ChoiceField(choices=Kind.choices, read_only=True)
    text = serializers.CharField(read_only=True)
    content = serializers.SerializerMethodField(help_text="Rich content as it was written.")
    options = serializers.SerializerMethodField(help_text="What was offered by number.")
    tap = serializers.SerializerMethodField(help_text="Which suggestion the customer chose.")
    attachments = serializers.SerializerMethodField(help_text="The files of the message.")
    author = serializers.SerializerMethodField(help_text="The member who wrote it.")
    created_at = serializers.DateTimeField(read_only=True)
    external_id = serializers.SerializerMethodField()
    status = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    deliveries = serializers.SerializerMethodField()

    def get_author(self, message: Message) -> int | None:
        """Of a program's message the member whose token it used."""
        by_program: int | None = message.data.get("member") if "via" in message.data else None
        return message.author_id or by_program

    @extend_schema_field(CONTENT_OUT)
    def get_content(self, message: Message) -> Any:
        """Null when it is nothing but its text."""
        return message.data.get("content")

    @extend_schema_field(AttachmentSerializer(many=True))
    def get_attachments(self, message: Message) -> Any:
        """What the customer sent, and the uploaded files that we sent."""
        return AttachmentSerializer(self.context["files"].get(message.uid, ()), many=True).data

    @extend_schema_field(OptionSerializer(many=True))
    def get_options(self, message: Message) -> Any:
        """Empty where all of it can be tapped, or nothing."""
        return message.data.get("options", [])

    @extend_schema_field(TapSerializer(allow_null=True))
    def get_tap(self, message: Message) -> Any:
        """Null when it is no answer to what was suggested."""
        return message.data.get("tap")

    def get_external_id(self, message: Message) -> str | None:
        """The provider's id: of what came in, or of the delivery that ``status`` is about."""
        told = self._standing(message)
        return message.external_id or (told.external_id if told else None)

    def get_status(self, message: Message) -> State | None:
        """Of several parts the state of the one in trouble, or least far."""
        told = self._standing(message)
        return State(told.state) if told else None

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, message: Message) -> Any:
        """Why that delivery failed or waits."""
        told = self._standing(message)
        return error_of(told) if told else None

    @extend_schema_field(DeliverySerializer(many=True))
    def get_deliveries(self, message: Message) -> Any:
        """All deliveries, newest first."""
        rows = self._deliveries(message)
        return DeliverySerializer(rows, many=True, context=self.context).data

    def _deliveries(self, message: Message) -> list[Delivery]:
        found: dict[Any, list[Delivery]] = self.context["deliveries"]
        return found.get(message.uid, [])

    def _standing(self, message: Message) -> Delivery | None:
        return standing(self._deliveries(message))


class SayingSerializer(StrictSerializer):
    """What to say: ``text``, or rich ``content`` that is adapted to what the channel shows."""

    text = serializers.CharField(max_length=LONGEST, trim_whitespace=False, required=False)
    content = ContentField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two."""
        if ("text" in attrs) == ("content" in attrs):
            raise serializers.ValidationError({"text": [_("Give either a text or content.")]})
        return attrs


class ReplySerializer(SayingSerializer):
    """A reply to the customer, or a private note, which is a text.

    ``quotes`` is the id of a message of the conversation; ``subject`` and ``cc`` are a mail's.
    """

    kind = serializers.ChoiceField(choices=REPLY_KINDS, default=Kind.TEXT)
    quotes = ScopedField(Message, required=False)
    subject = serializers.CharField(max_length=SUBJECT, required=False)
    cc = serializers.ListField(
        child=serializers.CharField(max_length=320), max_length=MOST_CC, required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Notes are texts; what a mail has beside its text becomes its head."""
        if attrs["kind"] == Kind.NOTE:
            for name in {"content", "quotes", "subject", "cc"} & attrs.keys():
                raise serializers.ValidationError({name: [_("A note is a text.")]})
        head = MailHead(attrs.pop("subject", ""), tuple(attrs.pop("cc", ())))
        return super().validate(attrs) | ({"head": head} if head != MailHead() else {})


class RecipientSerializer(StrictSerializer):
    """Whom to reach: ``contact``, or ``kind`` and ``value`` of an address (also a new one)."""

    contact = ScopedField(Contact, required=False)
    kind = serializers.CharField(max_length=16, required=False)
    value = serializers.CharField(max_length=320, required=False)


class SendSerializer(SayingSerializer, TermsSerializer):
    """One call to reach a person on any channel."""

    to = RecipientSerializer()
    channel = serializers.CharField(
        max_length=40, default="best", help_text="A channel's id, or `best`."
    )


class LifeSerializer(MessageSerializer):
    """A message with all that is known of its way."""

    reason = serializers.SerializerMethodField()

    @extend_schema_field(ReasonSerializer(allow_null=True))
    def get_reason(self, message: Message) -> Any:
        """Why this channel; null unless it was chosen as the best one."""
        return message.data.get("reason")


class SentSerializer(MessageSerializer):
    """The message, with the reason for the choice of channel when it was ``best``."""

    reason = serializers.SerializerMethodField()

    @extend_schema_field(ReasonSerializer(allow_null=True))
    def get_reason(self, message: Message) -> Any:
        """Null when the caller named the channel."""
        return self.context.get("reason")
