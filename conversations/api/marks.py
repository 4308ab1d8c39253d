"""What a message has around its text, in the API."""

from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.models import Message, MessageMail
from gateway.api.serializers import error_of

MAILBOXES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"address": {"type": "string"}, "name": {"type": "string"}},
    },
}
ABOUT_OUT = {
    "type": "object",
    "nullable": True,
    "properties": {
        "kind": {"type": "string"},
        "url": {"type": "string"},
        "text": {"type": "string"},
        "external_id": {"type": "string"},
    },
}
OUR_REACTION = {
    "type": "object",
    "nullable": True,
    "properties": {
        "emoji": {"type": "string"},
        "member": {"type": "integer"},
        "status": {"type": "string", "nullable": True},
        "error": {"type": "object", "nullable": True},
    },
}
MAIL_OUT = {
    "type": "object",
    "nullable": True,
    "properties": {
        "subject": {"type": "string"},
        "from": MAILBOXES,
        "to": MAILBOXES,
        "cc": MAILBOXES,
        "message_id": {"type": "string"},
        "in_reply_to": {"type": "string"},
        "folded": {"type": "string", "description": "Quotes and signature."},
        "has_html": {"type": "boolean"},
    },
}


class MarksSerializer(serializers.Serializer[Any]):
    """Quotes, changes, reactions; of a mail its head."""

    quotes = serializers.SerializerMethodField(
        help_text="The provider's id of the message it answers."
    )
    about = serializers.SerializerMethodField(help_text="A story, post… that it is about.")
    edited_at = serializers.SerializerMethodField()
    unsent_at = serializers.SerializerMethodField()
    reactions = serializers.SerializerMethodField(help_text="Emoji by who reacted.")
    our_reaction = serializers.SerializerMethodField(
        help_text="What we gave a customer's message, and who of us."
    )
    unsupported = serializers.SerializerMethodField(
        help_text="The provider's word for a kind that cannot be shown; else empty."
    )
    automatic = serializers.SerializerMethodField(help_text="A machine wrote it.")
    mail = serializers.SerializerMethodField(help_text="Of a mail, its head.")

    def get_quotes(self, message: Message) -> str | None:
        """Null when it answers none in particular."""
        found = message.data.get("quotes")
        return str(found) if found else None

    @extend_schema_field(ABOUT_OUT)
    def get_about(self, message: Message) -> Any:
        """Null when it is about nothing outside the thread."""
        return message.data.get("about")

    def get_edited_at(self, message: Message) -> datetime | None:
        """When its writer changed it last; null when they have not."""
        return parse_datetime(message.data.get("edited", ""))

    def get_unsent_at(self, message: Message) -> datetime | None:
        """When its writer took it back; null when they have not."""
        return parse_datetime(message.data.get("unsent", ""))

    def get_reactions(self, message: Message) -> dict[str, str]:
        """By address."""
        return dict(message.data.get("reactions", {}))

    @extend_schema_field(OUR_REACTION)
    def get_our_reaction(self, message: Message) -> Any:
        """Null without; ``status`` is what became of it."""
        ours = message.data.get("ours", {})
        if not ours.get("emoji"):
            return None
        told = next(iter(self.context["reactions"].get(message.uid, ())), None)
        return {
            "emoji": ours["emoji"],
            "member": ours["member_id"],
            "status": told.state if told else None,
            "error": error_of(told) if told else None,
        }

    def get_unsupported(self, message: Message) -> str:
        """As the provider calls it."""
        return str(message.data.get("unsupported", ""))

    def get_automatic(self, message: Message) -> bool:
        """Such a message reopens nothing and is not answered."""
        return bool(message.data.get("automatic"))

    @extend_schema_field(MAIL_OUT)
    def get_mail(self, message: Message) -> Any:
        """Null where it is none."""
        found: MessageMail | None = self.context["mails"].get(message.pk)
        if found is None:
            return None
        return {
            "subject": found.subject,
            "from": found.sender,
            "to": found.to,
            "cc": found.cc,
            "message_id": found.mail_id,
            "in_reply_to": found.in_reply_to,
            "folded": found.folded,
            "has_html": bool(found.html),
        }
