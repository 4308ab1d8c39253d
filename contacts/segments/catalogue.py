"""What a condition can be about: every field with its type, operators and choices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from contacts.attributes import definitions
from contacts.fields import countries, languages, reader_language, zones
from contacts.models import AttributeType, Gender, Label
from gateway.marks import medium_name
from gateway.registry import adapters

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Type(StrEnum):
    """How a field's values are compared."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    BOOLEAN = "boolean"
    SET = "set"


class Shape(StrEnum):
    """What the value of an operator looks like."""

    NONE = "none"
    ONE = "one"
    PAIR = "pair"
    LIST = "list"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Operator:
    """A way to compare; ``label`` reads on from the field's name."""

    name: str
    label: "str | _StrPromise"
    shape: Shape = Shape.ONE


EMPTY = (
    Operator("is_empty", _("is not known"), Shape.NONE),
    Operator("is_not_empty", _("is known"), Shape.NONE),
)
OPERATORS: dict[Type, tuple[Operator, ...]] = {
    Type.TEXT: (
        Operator("is", _("is")),
        Operator("is_not", _("is not")),
        Operator("contains", _("contains")),
        Operator("not_contains", _("does not contain")),
        Operator("starts_with", _("starts with")),
        *EMPTY,
    ),
    Type.NUMBER: (
        Operator("is", _("is")),
        Operator("is_not", _("is not")),
        Operator("at_least", _("is at least")),
        Operator("at_most", _("is at most")),
        Operator("more_than", _("is more than")),
        Operator("less_than", _("is less than")),
        Operator("between", _("is between"), Shape.PAIR),
        *EMPTY,
    ),
    Type.DATE: (
        Operator("is", _("is on")),
        Operator("before", _("is before")),
        Operator("after", _("is after")),
        Operator("between", _("is between"), Shape.PAIR),
        Operator("within_last", _("is within the last days"), Shape.DAYS),
        Operator("not_within_last", _("is longer ago than days"), Shape.DAYS),
        *EMPTY,
    ),
    Type.CHOICE: (
        Operator("is", _("is")),
        Operator("is_not", _("is not")),
        Operator("in", _("is one of"), Shape.LIST),
        Operator("not_in", _("is none of"), Shape.LIST),
        *EMPTY,
    ),
    Type.BOOLEAN: (Operator("is", _("is")), *EMPTY),
    Type.SET: (
        Operator("has", _("has")),
        Operator("has_not", _("does not have")),
    ),
}
# Other people's words for the same.
ALIASES = {
    "=": "is", "==": "is", "eq": "is", "equals": "is",
    "!=": "is_not", "<>": "is_not", "ne": "is_not", "not_equals": "is_not",
    ">": "more_than", "gt": "more_than", "greater_than": "more_than",
    "<": "less_than", "lt": "less_than",
    ">=": "at_least", "gte": "at_least", "<=": "at_most", "lte": "at_most",
    "one_of": "in", "has_not_any": "has_not",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """Something conditions can be about. ``choices`` by value, in the reader's language.

    ``always``: every contact has a value, so the operators about emptiness are left out.
    """

    name: str
    label: "str | _StrPromise"
    type: Type
    choices: Mapping[Any, "str | _StrPromise"] = field(default_factory=dict)
    always: bool = False
    whole: bool = False

    @property
    def operators(self) -> dict[str, Operator]:
        """Operators by name, the usual one first."""
        return {
            operator.name: operator
            for operator in OPERATORS[self.type]
            if not (self.always and operator in EMPTY)
        }

    def operator(self, name: str) -> Operator | None:
        """The operator of this or another common name."""
        name = ALIASES.get(name, name)
        if self.type is Type.DATE:
            name = {"more_than": "after", "less_than": "before"}.get(name, name)
        if self.type is Type.SET:
            name = {"is": "has", "is_not": "has_not"}.get(name, name)
        return self.operators.get(name)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All fields of a workspace, by name, with the labels by id."""

    fields: Mapping[str, Field]
    labels: Mapping[int, str]


def media() -> dict[str, str]:
    """The kinds of channels consent is given for, as people write them."""
    return {cls.medium: medium_name(cls.medium) for cls in adapters().values()}


def catalogue(workspace: Workspace | int) -> Catalogue:
    """The fields a filter of this workspace may use; two statements."""
    rows = Label.objects.in_workspace(workspace).order_by("name").values_list("id", "name")
    labels = dict(rows)
    fields = [*_fixed(labels), *_custom(workspace)]
    return Catalogue(fields={item.name: item for item in fields}, labels=labels)


def _fixed(labels: Mapping[int, str]) -> Iterable[Field]:
    language = reader_language()
    yield Field("name", _("Name"), Type.TEXT)
    yield Field("language", _("Language"), Type.CHOICE, languages(language))
    yield Field("country", _("Country"), Type.CHOICE, countries(language))
    yield Field("timezone", _("Time zone"), Type.CHOICE, {name: name for name in sorted(zones())})
    yield Field("gender", _("Gender"), Type.CHOICE, dict(Gender.choices))
    yield Field("age", _("Age"), Type.NUMBER, whole=True)
    yield Field("birth_date", _("Birth date"), Type.DATE)
    yield Field("created_at", _("Contact since"), Type.DATE, always=True)
    yield Field("label", _("Label"), Type.SET, labels)
    yield Field("address", _("Address"), Type.SET, ADDRESS_NAMES)
    yield Field("opted_out", _("Opt-out"), Type.SET, media())
    yield Field("blocked", _("Blocked"), Type.BOOLEAN, always=True)


ADDRESS_NAMES = {"phone": _("Phone number"), "email": _("E-mail address")}
TYPES = {
    AttributeType.TEXT: Type.TEXT,
    AttributeType.NUMBER: Type.NUMBER,
    AttributeType.BOOLEAN: Type.BOOLEAN,
    AttributeType.DATE: Type.DATE,
    AttributeType.CHOICE: Type.CHOICE,
}


def _custom(workspace: Workspace | int) -> Iterable[Field]:
    for key, definition in definitions(workspace).items():
        yield Field(
            f"attributes.{key}",
            definition.name,
            TYPES[AttributeType(definition.type)],
            {choice: choice for choice in definition.choices},
        )
