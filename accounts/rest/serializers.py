"""Serializers that take exactly the fields they name."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.exceptions import ValidationError as MalformedUUID
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from accounts.models import Member
from accounts.scoping import WorkspaceModel


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know and fields that cannot be set, by name."""

    def to_internal_value(self, data: Any) -> Any:
        """The checked values; ValidationError naming what does not belong."""
        if isinstance(data, Mapping):
            wrong = {name: [self._refusal(name)] for name in data if not self._writable(name)}
            if wrong:
                raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)

    def _writable(self, name: Any) -> bool:
        field = self.fields.get(name) if isinstance(name, str) else None
        return field is not None and not field.read_only

    def _refusal(self, name: Any) -> str:
        if isinstance(name, str) and name in self.fields:
            return _("This field cannot be set.")
        return _("There is no such field.")

    @property
    def member(self) -> Member:
        """Who calls."""
        member: Member = self.context["request"].user
        return member


class EmptySerializer(StrictSerializer):
    """No fields."""


class ScopedField(serializers.Field[Any, Any, Any, Any]):
    """The id of a row of the caller's workspace; another workspace's id does not exist.

    ``rows`` is the model or a queryset. Integer ids, unless the model's key is a UUID.
    """

    default_error_messages = {
        "missing": gettext_lazy("There is no such object: %(id)s."),
        "type": gettext_lazy("This must be an id."),
    }

    def __init__(self, rows: type[WorkspaceModel] | QuerySet[Any], **kwargs: Any) -> None:
        self.rows = rows
        super().__init__(**kwargs)

    @property
    def model(self) -> type[Model]:
        """What the id names."""
        return self.rows.model if isinstance(self.rows, QuerySet) else self.rows

    def to_internal_value(self, data: Any) -> Any:
        """The row."""
        if isinstance(data, bool) or not isinstance(data, int | str):
            self.fail("type")
        rows = self.rows.all() if isinstance(self.rows, QuerySet) else self.rows.objects.all()
        found = rows.filter(workspace=self.context["request"].user.workspace_id)
        try:
            return found.get(pk=data)
        except (ObjectDoesNotExist, MalformedUUID, ValueError, OverflowError) as error:
            message = self.error_messages["missing"] % {"id": str(data)[:40]}
            raise serializers.ValidationError(message, code="missing") from error

    def get_attribute(self, instance: Any) -> Any:
        """The id alone, without loading the row."""
        return getattr(instance, f"{self.source}_id", None)

    def to_representation(self, value: Any) -> Any:
        """The id."""
        return str(value) if not isinstance(value, int) else value


class ErrorSerializer(serializers.Serializer[Any]):
    """What the provider said when it refused."""

    code = serializers.CharField(read_only=True)
    text = serializers.CharField(read_only=True)
