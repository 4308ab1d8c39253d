"""Custom attributes: their definitions, and checking a contact's values against them."""

import math
import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Func, JSONField, Value
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Member, Workspace
from contacts.fields import clean_date, clean_flag, clean_text
from contacts.models import AttributeDefinition, AttributeType, Contact

# Starts with a letter, for JSON paths take a key of digits for a position in a list; no double
# underscore, for Django's lookups take that for a step.
KEY = re.compile(r"(?=.{1,60}$)[a-z](?:_?[a-z0-9])*")
MOST_DEFINITIONS = 100
MOST_CHOICES = 200
TEXT_LIMIT = 500
NUMBER_LIMIT = 10**15


def definitions(workspace: Workspace | int) -> dict[str, AttributeDefinition]:
    """The workspace's definitions by key, in the order they are shown."""
    rows = AttributeDefinition.objects.in_workspace(workspace).order_by("name", "id")
    return {row.key: row for row in rows}


def clean_number(value: Any) -> int | float:
    """A finite number; text that reads as one counts."""
    if isinstance(value, str):
        text = value.strip()
        try:
            value = float(text) if len(text) <= 40 else math.nan
        except ValueError:
            value = math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValidationError(_("This has to be a number."))
    if abs(value) > NUMBER_LIMIT or math.isnan(value):
        raise ValidationError(_("This has to be a number."))
    return int(value) if float(value).is_integer() else float(value)


def clean_value(definition: AttributeDefinition, value: Any) -> Any:
    """The value as it is kept in JSON; None stands for "no value". Raises ValidationError."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if definition.type == AttributeType.NUMBER:
        return clean_number(value)
    if definition.type == AttributeType.BOOLEAN:
        return clean_flag(value)
    if definition.type == AttributeType.DATE:
        day = clean_date(value)
        return day.isoformat() if day else None
    text = clean_text(value, TEXT_LIMIT)
    if definition.type == AttributeType.CHOICE and text not in definition.choices:
        raise ValidationError(
            _("“%(value)s” is none of %(choices)s.")
            % {"value": text[:80], "choices": ", ".join(definition.choices)}
        )
    return text


def clean_attributes(workspace: Workspace | int, values: Any) -> dict[str, Any]:
    """Checked values by key; None where a value is to be removed.

    Raises ValidationError with errors by ``attributes.<key>``.
    """
    if not isinstance(values, Mapping):
        raise ValidationError({"attributes": _("This has to be an object of values by key.")})
    known = definitions(workspace)
    clean: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for key, value in values.items():
        field = f"attributes.{str(key)[:60]}"
        if key not in known:
            errors[field] = _("There is no attribute with this key.")
            continue
        try:
            clean[key] = clean_value(known[key], value)
        except ValidationError as error:
            errors[field] = error.messages
    if errors:
        raise ValidationError(errors)
    return clean


@transaction.atomic
def create_definition(
    *,
    workspace: Workspace,
    member: Member | None,
    key: Any,
    name: Any,
    type: Any,
    choices: list[str] | None = None,
) -> AttributeDefinition:
    """Declare an attribute that contacts may carry. Raises ValidationError by field."""
    errors: dict[str, Any] = {}
    if not isinstance(key, str) or not KEY.fullmatch(key):
        errors["key"] = _("Small letters, digits and _ only, beginning with a letter.")
    if type not in AttributeType.values:
        errors["type"] = _("Choose one of the types.")
    name, choices = _clean_words(name, choices if type == AttributeType.CHOICE else None, errors)
    if type == AttributeType.CHOICE and not choices and "choices" not in errors:
        errors["choices"] = _("A choice needs at least one value to choose from.")
    if (
        not errors
        and AttributeDefinition.objects.in_workspace(workspace).count() >= MOST_DEFINITIONS
    ):
        errors["key"] = _("There can be %(count)d attributes at most.") % {
            "count": MOST_DEFINITIONS
        }
    if errors:
        raise ValidationError(errors)
    row, created = AttributeDefinition.objects.get_or_create(
        workspace=workspace, key=key, defaults={"name": name, "type": type, "choices": choices}
    )
    if not created:
        raise ValidationError({"key": _("There is already an attribute with this key.")})
    record(workspace=workspace, member=member, action="attribute.created", target=row, key=key)
    return row


@transaction.atomic
def update_definition(
    *,
    definition: AttributeDefinition,
    member: Member | None,
    name: str,
    choices: list[str] | None = None,
) -> AttributeDefinition:
    """Change the shown name and the choices; key and type stay, for values depend on them."""
    errors: dict[str, Any] = {}
    is_choice = definition.type == AttributeType.CHOICE
    name, words = _clean_words(name, choices if is_choice else None, errors)
    if is_choice and not words and "choices" not in errors:
        errors["choices"] = _("A choice needs at least one value to choose from.")
    if errors:
        raise ValidationError(errors)
    definition.name, definition.choices = name, words
    definition.save(update_fields=["name", "choices"])
    record(
        workspace=definition.workspace_id,
        member=member,
        action="attribute.updated",
        target=definition,
        key=definition.key,
    )
    return definition


@transaction.atomic
def delete_definition(*, definition: AttributeDefinition, member: Member | None) -> None:
    """Remove an attribute and its values, so that a new one of the same key starts clean."""
    Contact.objects.in_workspace(definition.workspace_id).filter(
        attributes__has_key=definition.key
    ).update(
        attributes=Func(
            F("attributes"),
            Value(definition.key),
            template="(%(expressions)s)",
            arg_joiner=" - ",
            output_field=JSONField(),
        )
    )
    record(
        workspace=definition.workspace_id,
        member=member,
        action="attribute.deleted",
        target=definition,
        key=definition.key,
    )
    definition.delete()


def _clean_words(
    name: Any, choices: list[str] | None, errors: dict[str, Any]
) -> tuple[str, list[str]]:
    try:
        name = clean_text(name, 100)
        if not name:
            errors["name"] = _("Give the attribute a name.")
    except ValidationError as error:
        errors["name"] = error.messages
    words: list[str] = []
    try:
        if choices is not None and not isinstance(choices, list):
            raise ValidationError(_("This has to be a list."))
        words = [word for word in (clean_text(choice, 100) for choice in choices or []) if word]
        words = list(dict.fromkeys(words))
        if len(words) > MOST_CHOICES:
            raise ValidationError(_("At most %(count)d choices.") % {"count": MOST_CHOICES})
    except ValidationError as error:
        errors["choices"] = error.messages
    return name, words
