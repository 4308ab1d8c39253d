"""Rich content in the API."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError as Wrong
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gateway.api.files import content_url
from gateway.content.model import Content
from gateway.content.reading import read
from gateway.content.suggestions import KIND_OF
from gateway.media.models import FileState, MessageFile
from gateway.media.words import reason

FILE = {
    "type": "object",
    "description": "Either `file`, the id of an uploaded file, or `url` and `content_type`.",
    "properties": {
        "file": {"type": "string", "format": "uuid"},
        "url": {"type": "string", "format": "uri"},
        "content_type": {"type": "string"},
        "name": {"type": "string"},
        "size": {"type": "integer"},
    },
}
SUGGESTION = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": list(KIND_OF.values())},
        "text": {"type": "string"},
        "payload": {"type": "string"},
        "url": {"type": "string", "format": "uri"},
        "phone": {"type": "string"},
        "latitude": {"type": "number"},
        "longitude": {"type": "number"},
        "label": {"type": "string"},
        "title": {"type": "string"},
        "start": {"type": "string", "format": "date-time"},
        "end": {"type": "string", "format": "date-time"},
        "description": {"type": "string"},
    },
    "required": ["type", "text"],
}
SUGGESTIONS = {"type": "array", "items": SUGGESTION}
CARD = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "text": {"type": "string"},
        "media": FILE,
        "suggestions": SUGGESTIONS,
    },
}
ROW = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "payload": {"type": "string"},
        "description": {"type": "string"},
    },
    "required": ["text"],
}
LOCATION = {
    "type": "object",
    "properties": {
        "latitude": {"type": "number"},
        "longitude": {"type": "number"},
        "label": {"type": "string"},
    },
    "required": ["latitude", "longitude"],
}
CONTACT = {
    "type": "object",
    "description": "At least one number or address.",
    "properties": {
        "name": {"type": "string"},
        "phones": {"type": "array", "items": {"type": "string"}, "description": "E.164."},
        "emails": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name"],
}
VALUES = {"type": "object", "additionalProperties": {"type": "string"}}
TEMPLATE = {
    "type": "object",
    "description": "One that the provider has approved, alone; `text` is filled in by us.",
    "properties": {
        "name": {"type": "string"},
        "language": {"type": "string"},
        "body": {**VALUES, "description": "By the names of the parameters, as in `1`."},
        "header_values": VALUES,
        "header": FILE,
        "buttons": {**VALUES, "description": "By the buttons' places, from 0."},
        "text": {"type": "string"},
    },
    "required": ["name", "language"],
}
CONTENT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "media": {"type": "array", "items": FILE},
        "cards": {"type": "array", "items": CARD, "description": "Several are a carousel."},
        "list": {
            "type": "object",
            "properties": {"button": {"type": "string"}, "rows": {"type": "array", "items": ROW}},
            "required": ["button", "rows"],
        },
        "location": LOCATION,
        "contacts": {"type": "array", "items": CONTACT},
        "suggestions": SUGGESTIONS,
        "template": TEMPLATE,
    },
}
CONTENT_OUT = {**CONTENT, "nullable": True}


class ReasonSerializer(serializers.Serializer[Any]):
    """Why something is as it is: a code for programs, words for people."""

    code = serializers.CharField(read_only=True)
    text = serializers.CharField(read_only=True)


@extend_schema_field(CONTENT)
class ContentField(serializers.Field[Content, Any, Any, Any]):
    """What gateway.content.reading reads; its errors name ``content.cards.0.title``."""

    def to_internal_value(self, data: Any) -> Content:
        """Content, or all that is wrong with it by path."""
        try:
            return read(data)
        except Wrong as error:
            found = error.message_dict
            raise serializers.ValidationError(found.get("content") or found) from error

    def to_representation(self, value: Content) -> Any:
        """Only read."""
        raise TypeError("Content is shown as it was stored.")


class AttachmentSerializer(serializers.Serializer[Any]):
    """A file of a message. ``url`` is fetched with the token; null until there are bytes."""

    id = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()
    content_type = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    size = serializers.IntegerField(read_only=True, allow_null=True, help_text="Bytes.")
    state = serializers.ChoiceField(choices=FileState.choices, read_only=True)
    error = serializers.SerializerMethodField(help_text="Why there are no bytes.")

    def get_id(self, row: MessageFile) -> UUID | None:
        """Of the stored file."""
        return row.file.uid if row.file else None

    def get_url(self, row: MessageFile) -> str | None:
        """Of its bytes."""
        return content_url(row.file.uid) if row.file else None

    @extend_schema_field(ReasonSerializer(allow_null=True))
    def get_error(self, row: MessageFile) -> Any:
        """A code, and what it means."""
        return {"code": row.error, "text": reason(row.error)} if row.error else None


class OptionSerializer(serializers.Serializer[Any]):
    """An answer that was offered by its number."""

    number = serializers.IntegerField(read_only=True)
    text = serializers.CharField(read_only=True)
    payload = serializers.CharField(read_only=True)


class TapSerializer(serializers.Serializer[Any]):
    """A suggestion the customer chose, by tapping it or by its number."""

    text = serializers.CharField(read_only=True)
    payload = serializers.CharField(read_only=True)
    message = serializers.UUIDField(
        read_only=True,
        allow_null=True,
        help_text="The uid of the message that offered it by number; null where it was tapped.",
    )
