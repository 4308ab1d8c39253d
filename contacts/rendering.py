"""Texts with variables: ``Hello {{ first_name|there }}``.

Variables come from a fixed list and the declared attributes; what follows ``|`` is said where a
contact has no value. This is no template language: a text is split once into literals and
variables, no expression is ever evaluated, and nothing but the listed values can be reached.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

from babel import UnknownLocaleError
from babel.dates import format_date
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from accounts.models import Workspace
from contacts.attributes import definitions
from contacts.fields import countries, languages
from contacts.models import AttributeDefinition, AttributeType, Contact

VARIABLE = re.compile(r"\{\{([^{}]*)\}\}")
ATTRIBUTES = "attributes."
MOST_VARIABLES = 100


class MissingValue(Exception):
    """A contact has no value for a variable without fallback; the argument is its name."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A place to fill: how to get the value, and what to say without one (None: nothing does)."""

    name: str
    value: Callable[[Contact], str]
    fallback: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A text split into literals and variables."""

    parts: tuple[str | Variable, ...]

    def render(self, contact: Contact) -> str:
        """The text for a contact; MissingValue when it cannot be said to them."""
        return "".join(
            part if isinstance(part, str) else _say(part, contact) for part in self.parts
        ).strip()

    def sample(self, value: str = "x") -> str:
        """As short as the text may be: fallbacks, and ``value`` where there is none."""
        return "".join(
            part if isinstance(part, str) else part.fallback or value for part in self.parts
        ).strip()

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables used, each once."""
        return tuple(dict.fromkeys(part.name for part in self.parts if isinstance(part, Variable)))


FIXED: dict[str, Any] = {
    "name": gettext_lazy("Name"),
    "first_name": gettext_lazy("First name"),
    "country": gettext_lazy("Country"),
    "language": gettext_lazy("Language"),
}


def variables(workspace: Workspace | int) -> dict[str, str]:
    """What may be used in a text, by the name to write, with the name to show."""
    custom = {f"{ATTRIBUTES}{key}": row.name for key, row in definitions(workspace).items()}
    return {name: str(label) for name, label in FIXED.items()} | custom


def check_template(workspace: Workspace, text: str) -> None:
    """ValidationError for an unknown variable or a brace that is not closed."""
    compile_template(workspace, text)


def render(text: str, contact: Contact) -> str:
    """The text for one contact; MissingValue or ValidationError when that is not possible."""
    return compile_template(contact.workspace, text).render(contact)


def compile_template(workspace: Workspace, text: str) -> Template:
    """Split a text once, to be rendered many times; one statement. ValidationError as above."""
    return Compiler(workspace).compile(text)


class Compiler:
    """Splits any number of texts of a workspace, with one statement at most."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    @cached_property
    def custom(self) -> Mapping[str, AttributeDefinition]:
        """The declared attributes."""
        return definitions(self.workspace)

    def compile(self, text: str) -> Template:
        """As ``compile_template``."""
        custom = self.custom if ATTRIBUTES in text else {}
        pieces = VARIABLE.split(text)
        if len(pieces) > 2 * MOST_VARIABLES:
            raise ValidationError(
                _("At most %(count)d variables in one text.") % {"count": MOST_VARIABLES}
            )
        parts: list[str | Variable] = []
        for position, piece in enumerate(pieces):
            if position % 2:
                parts.append(_variable(piece, custom, self.workspace.language))
            elif "{{" in piece or "}}" in piece:
                raise ValidationError(
                    _("A variable is not closed; write it like %(example)s.")
                    % {"example": "{{ first_name|there }}"}
                )
            elif piece:
                parts.append(piece)
        return Template(tuple(parts))


def _variable(inside: str, custom: Mapping[str, AttributeDefinition], language: str) -> Variable:
    written, bar, fallback = inside.partition("|")
    name = written.strip().removeprefix("contact.")
    words = fallback.strip() if bar else None
    if name.startswith(ATTRIBUTES) and name.removeprefix(ATTRIBUTES) in custom:
        definition = custom[name.removeprefix(ATTRIBUTES)]
        return Variable(name, _attribute_getter(definition, language), words)
    if name in FIXED:
        return Variable(name, _fixed_getter(name, language), words)
    raise ValidationError(
        _("There is no variable “%(name)s”.") % {"name": written.strip()[:60]}, code="variable"
    )


def _say(variable: Variable, contact: Contact) -> str:
    value = variable.value(contact)
    if value:
        return value
    if variable.fallback is None:
        raise MissingValue(variable.name)
    return variable.fallback


def _fixed_getter(name: str, language: str) -> Callable[[Contact], str]:
    if name == "name":
        return lambda contact: contact.name.strip()
    if name == "first_name":
        return lambda contact: contact.name.split(maxsplit=1)[0] if contact.name.strip() else ""
    if name == "country":
        return lambda contact: _name_of(countries, contact.language or language, contact.country)
    return lambda contact: _name_of(languages, contact.language or language, contact.language)


def _name_of(names: Callable[[str], dict[str, str]], language: str, code: str) -> str:
    try:
        return names(language).get(code, code)
    except UnknownLocaleError:
        return names("en").get(code, code)


def _attribute_getter(definition: AttributeDefinition, language: str) -> Callable[[Contact], str]:
    key, kind = definition.key, definition.type
    if kind == AttributeType.DATE:
        return lambda contact: _date(contact.attributes.get(key), contact.language or language)
    if kind == AttributeType.BOOLEAN:
        return lambda contact: _flag(contact.attributes.get(key), contact.language or language)
    return lambda contact: _plain(contact.attributes.get(key))


def _plain(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).strip()


@lru_cache(maxsize=4096)
def _date(value: Any, language: str) -> str:
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        return ""
    try:
        return str(format_date(day, "long", locale=language))
    except (UnknownLocaleError, ValueError):
        return str(format_date(day, "long", locale="en"))


@lru_cache(maxsize=64)
def _flag(value: Any, language: str) -> str:
    if not isinstance(value, bool):
        return ""
    with override(language):
        return str(_("yes") if value else _("no"))
