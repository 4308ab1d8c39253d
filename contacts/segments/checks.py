"""Checks a filter and brings it into its one normal form; errors name the place and the reason."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Workspace
from contacts.attributes import clean_number
from contacts.fields import clean_date, clean_text
from contacts.segments.catalogue import ALIASES, Catalogue, Field, Operator, Shape, Type, catalogue

DEEPEST = 4
MOST_CONDITIONS = 50
MOST_VALUES = 250
MOST_DAYS = 36_500
OLDEST_AGE = 150

Errors = dict[str, list[str]]


def clean_filter(workspace: Workspace | int, filter: Any) -> dict[str, Any]:
    """The filter in normal form.

    Raises ValidationError with a dict: the path of the trouble (``conditions[1].value``) to a
    message for people that says which condition is meant.
    """
    return check(catalogue(workspace), filter)


def check(known: Catalogue, filter: Any) -> dict[str, Any]:
    """As ``clean_filter``, with the catalogue at hand."""
    errors: Errors = {}
    checker = _Checker(known, errors)
    clean = checker.group(filter if filter is not None else {}, "", 1)
    if errors:
        raise ValidationError(dict(errors))
    return clean


class _Checker:
    """One pass over one filter."""

    def __init__(self, known: Catalogue, errors: Errors) -> None:
        self.known = known
        self.errors = errors
        self.count = 0

    def group(self, raw: Any, path: str, depth: int) -> dict[str, Any]:
        """A group in normal form; trouble goes to ``errors``."""
        empty: dict[str, Any] = {"match": "all", "conditions": []}
        if not isinstance(raw, Mapping):
            self.complain(path, _("A group has to be an object with “match” and “conditions”."))
            return empty
        match = raw.get("match", "all")
        if match not in ("all", "any"):
            self.complain(_join(path, "match"), _("“match” has to be “all” or “any”."))
        for key in sorted(str(key) for key in raw if key not in ("match", "conditions")):
            self.complain(path, _("“%(key)s” has no place in a group.") % {"key": key[:60]})
        rows = raw.get("conditions", [])
        where = _join(path, "conditions")
        if not isinstance(rows, list | tuple):
            self.complain(where, _("“conditions” has to be a list."))
            return empty
        if path and not rows:
            self.complain(where, _("This group has no conditions."))
        clean = [self.entry(row, f"{where}[{n}]", depth) for n, row in enumerate(rows[:200])]
        return {"match": match, "conditions": clean}

    def entry(self, raw: Any, path: str, depth: int) -> dict[str, Any]:
        """A condition or a nested group."""
        self.count += 1
        if self.count > MOST_CONDITIONS:
            if self.count == MOST_CONDITIONS + 1:
                self.complain(path, _("At most %(count)d conditions.") % {"count": MOST_CONDITIONS})
            return {}
        if isinstance(raw, Mapping) and ("conditions" in raw or "match" in raw):
            if depth >= DEEPEST:
                self.complain(path, _("Groups nest %(count)d deep at most.") % {"count": DEEPEST})
                return {}
            return self.group(raw, path, depth + 1)
        return self.condition(raw, path)

    def condition(self, raw: Any, path: str) -> dict[str, Any]:
        """One comparison."""
        if not isinstance(raw, Mapping):
            self.complain(path, _("A condition has to be an object with “field” and “op”."))
            return {}
        for key in sorted(str(key) for key in raw if key not in ("field", "op", "value")):
            self.complain(path, _("“%(key)s” has no place in a condition.") % {"key": key[:60]})
        name = raw.get("field")
        field = self.known.fields.get(name) if isinstance(name, str) else None
        if field is None:
            self.complain(
                f"{path}.field",
                _("There is no field “%(name)s”.") % {"name": str(name)[:60]}
                if name
                else _("Choose a field."),
            )
            return {}
        word = raw.get("op")
        operator = field.operator(word) if isinstance(word, str) else None
        if operator is None:
            self.complain(f"{path}.op", _wrong_operator(field, word))
            return {}
        clean = {"field": field.name, "op": operator.name}
        if operator.shape is Shape.NONE:
            return clean
        try:
            return clean | {"value": self.value(field, operator, raw.get("value"))}
        except ValidationError as error:
            for message in error.messages:
                self.complain(f"{path}.value", f"{field.label}: {message}")
            return {}

    def value(self, field: Field, operator: Operator, raw: Any) -> Any:
        """The operator's value in normal form, or ValidationError."""
        if operator.shape is Shape.DAYS:
            return _whole(raw, 1, MOST_DAYS)
        if operator.shape is Shape.PAIR:
            return self.pair(field, raw)
        if operator.shape is Shape.LIST:
            values = raw if isinstance(raw, list | tuple) else [raw]
            if not values or len(values) > MOST_VALUES:
                raise ValidationError(_("Give 1 to %(count)d values.") % {"count": MOST_VALUES})
            return list(dict.fromkeys(self.one(field, value) for value in values))
        return self.one(field, raw)

    def pair(self, field: Field, raw: Any) -> list[Any]:
        """Two values, the smaller one first."""
        if not isinstance(raw, list | tuple) or len(raw) != 2:
            raise ValidationError(_("Give two values, from and to."))
        low, high = (self.one(field, value) for value in raw)
        if low > high:
            raise ValidationError(_("The first value has to be the smaller one."))
        return [low, high]

    def one(self, field: Field, raw: Any) -> Any:
        """One value of the field's type."""
        if raw is None or raw == "":
            raise ValidationError(_("A value is missing."))
        if field.type is Type.BOOLEAN:
            return _flag(raw)
        if field.type is Type.NUMBER:
            return _whole(raw, 0, OLDEST_AGE) if field.whole else clean_number(raw)
        if field.type is Type.DATE:
            day = clean_date(raw)
            if day is None:
                raise ValidationError(_("A value is missing."))
            return day.isoformat()
        if field.name == "label":
            return self.label(raw)
        text = clean_text(raw, 500)
        if not text:
            raise ValidationError(_("A value is missing."))
        return text if field.type is Type.TEXT else _choice(field, text)

    def label(self, raw: Any) -> int:
        """A label's id, from its id or name."""
        for pk, name in self.known.labels.items():
            if isinstance(raw, str) and raw.strip().casefold() in (str(pk), name.casefold()):
                return pk
            if isinstance(raw, int) and not isinstance(raw, bool) and raw == pk:
                return pk
        raise ValidationError(_("There is no label “%(name)s”.") % {"name": str(raw)[:60]})

    def complain(self, path: str, message: str) -> None:
        """Note trouble at a place."""
        words = _in_words(path)
        self.errors.setdefault(path or "filter", []).append(
            f"{words}: {message}" if words else message
        )


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _in_words(path: str) -> str:
    """``conditions[1].conditions[0].value`` → “Condition 2.1”."""
    numbers = [part.split("]")[0] for part in path.split("[")[1:]]
    if not numbers:
        return ""
    place = ".".join(str(int(number) + 1) for number in numbers)
    return _("Condition %(place)s") % {"place": place}


def _wrong_operator(field: Field, word: Any) -> str:
    names = ", ".join(field.operators)
    if not word:
        return _("Choose how to compare: %(names)s.") % {"names": names}
    return _("“%(field)s” cannot be compared by “%(word)s”; use %(names)s.") % {
        "field": field.label,
        "word": ALIASES.get(str(word), str(word))[:40],
        "names": names,
    }


def _choice(field: Field, text: str) -> str:
    if text in field.choices:
        return text
    for value, label in field.choices.items():
        if text.casefold() in (str(value).casefold(), str(label).casefold()):
            return str(value)
    raise ValidationError(_("“%(value)s” is none of the choices.") % {"value": text[:60]})


def _flag(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.strip().lower() in ("true", "false"):
        return raw.strip().lower() == "true"
    raise ValidationError(_("This has to be true or false."))


def _whole(raw: Any, low: int, high: int) -> int:
    number = clean_number(raw)
    if not isinstance(number, int) or not low <= number <= high:
        raise ValidationError(
            _("This has to be a whole number from %(low)d to %(high)d.")
            % {"low": low, "high": high}
        )
    return number
