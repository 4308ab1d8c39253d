"""What the generated schema cannot find out by itself."""

from typing import Any

from django.db.models import UUIDField
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.plumbing import build_basic_type
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from accounts.rest.idempotency import HEADER

KEY = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The same key and body again get the same answer, and nothing happens twice.",
)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The header that carries the token."""

    target_class = "accounts.rest.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """An API key in a header."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token …`; an admin makes tokens under Settings, API tokens.",
        }


class ScopedFieldType(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """An id: a UUID or a number, as the model has it."""

    target_class = "accounts.rest.serializers.ScopedField"

    def map_serializer_field(self, auto_schema: object, direction: str) -> Any:
        """The type of the model's key."""
        key = self.target.model._meta.pk
        return build_basic_type(
            OpenApiTypes.UUID if isinstance(key, UUIDField) else OpenApiTypes.INT
        )


PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details; `errors` has messages by field, nested by dots.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
    "required": ["type", "title", "status", "detail", "instance"],
}
DEFAULT = {
    "description": "Anything that is not right.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def add_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Say that every operation answers errors as problem details."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = DEFAULT
    return result
