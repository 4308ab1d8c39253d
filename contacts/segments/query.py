"""Compiles a checked filter to a queryset; values only ever become parameters.

Negative comparisons include contacts of whom nothing is known: "country is not ES" means everyone
but those in ES. Days are those of the workspace's time zone.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, Func, OuterRef, Q, TextField
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.lookups import Exact, Regex
from django.utils import timezone

from accounts.models import Workspace
from accounts.scoping import WorkspaceQuerySet
from contacts.models import Address, Contact
from contacts.segments.catalogue import Catalogue, Field, Type, catalogue
from contacts.segments.checks import check
from gateway.models import Suppression

ISO_DAY = r"^\d{4}-\d{2}-\d{2}$"


def contacts_matching(
    workspace: Workspace, filter: Any, *, known: Catalogue | None = None
) -> WorkspaceQuerySet[Contact]:
    """The contacts a filter selects, unordered; checks the filter first (ValidationError).

    ``known`` saves two statements where the workspace's catalogue is at hand.
    """
    known = known or catalogue(workspace)
    builder = _Builder(workspace, known.fields)
    return Contact.objects.in_workspace(workspace).filter(builder.group(check(known, filter)))


class _Builder:
    """Turns a filter in normal form into one Q."""

    def __init__(self, workspace: Workspace, fields: Mapping[str, Field]) -> None:
        self.workspace = workspace
        self.fields = fields
        self.zone = ZoneInfo(workspace.timezone)
        self.today = timezone.localdate(timezone=self.zone)

    def group(self, group: dict[str, Any]) -> Q:
        """All or any of the group's entries."""
        joined = Q()
        for entry in group["conditions"]:
            part = self.group(entry) if "conditions" in entry else self.condition(entry)
            joined = joined & part if group["match"] == "all" else joined | part
        return joined

    def condition(self, entry: dict[str, Any]) -> Q:
        """One comparison."""
        field: Field = self.fields[entry["field"]]
        op, value = entry["op"], entry.get("value")
        if field.name.startswith("attributes."):
            return _attribute(field, op, value, self.today)
        if field.type is Type.SET:
            found = Exists(_SETS[field.name](self.workspace, value))
            return Q(found) if op == "has" else ~Q(found)
        if field.name == "age":
            return _age(op, value, self.today)
        if field.name == "created_at":
            return self.moment(op, value)
        if field.type is Type.DATE:
            return _day(field.name, op, value, self.today)
        if field.type is Type.BOOLEAN:
            return Q(**{field.name: value})
        return _text(field.name, op, value)

    def moment(self, op: str, value: Any) -> Q:
        """``created_at`` by whole days of the workspace's time zone."""
        low, high = _span(op, value, self.today)
        condition = Q()
        if low is not None:
            condition &= Q(created_at__gte=self.midnight(low))
        if high is not None:
            condition &= Q(created_at__lt=self.midnight(high))
        return condition

    def midnight(self, day: date) -> datetime:
        """When a day begins where the workspace is."""
        return datetime.combine(day, time(), tzinfo=self.zone)


def _labelled(workspace: Workspace, value: int) -> Any:
    return Contact.labels.through.objects.filter(contact_id=OuterRef("pk"), label_id=value)


def _addressed(workspace: Workspace, value: str) -> Any:
    return Address.objects.filter(contact=OuterRef("pk"), kind=value)


def _opted_out(workspace: Workspace, value: str) -> Any:
    listed = Suppression.objects.in_workspace(workspace).filter(
        medium=value, reason=Suppression.Reason.OPTED_OUT
    )
    return Address.objects.filter(contact=OuterRef("pk"), value__in=listed.values("address"))


_SETS: dict[str, Callable[[Workspace, Any], Any]] = {
    "label": _labelled,
    "address": _addressed,
    "opted_out": _opted_out,
}

_TEXT_LOOKUPS = {
    "is": "iexact",
    "is_not": "iexact",
    "contains": "icontains",
    "not_contains": "icontains",
    "starts_with": "istartswith",
    "in": "in",
    "not_in": "in",
}
_NEGATIVE = frozenset({"is_not", "not_contains", "not_in"})


def _text(column: str, op: str, value: Any) -> Q:
    if op in ("is_empty", "is_not_empty"):
        return Q(**{column: ""}) if op == "is_empty" else ~Q(**{column: ""})
    lookup = _TEXT_LOOKUPS[op]
    # Codes are kept in one spelling, so a plain comparison serves and can use an index.
    if column != "name" and lookup == "iexact":
        lookup = "exact"
    condition = Q(**{f"{column}__{lookup}": value})
    return ~condition if op in _NEGATIVE else condition


def _span(op: str, value: Any, today: date) -> tuple[date | None, date | None]:
    """The days an operator means, as (first, the day after the last); None has no limit there."""
    if op == "is":
        day = date.fromisoformat(value)
        return day, _later(day, 1)
    if op == "before":
        return None, date.fromisoformat(value)
    if op == "after":
        return _later(date.fromisoformat(value), 1) or date.max, None
    if op == "between":
        return date.fromisoformat(value[0]), _later(date.fromisoformat(value[1]), 1)
    if op == "within_last":
        return today - timedelta(days=value), _later(today, 1)
    return None, today - timedelta(days=value)


def _later(day: date, days: int) -> date | None:
    """None past the end of the calendar."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def _day(column: str, op: str, value: Any, today: date) -> Q:
    if op in ("is_empty", "is_not_empty"):
        return Q(**{f"{column}__isnull": op == "is_empty"})
    low, high = _span(op, value, today)
    condition = Q(**{f"{column}__isnull": False})
    if low is not None:
        condition &= Q(**{f"{column}__gte": low})
    if high is not None:
        condition &= Q(**{f"{column}__lt": high})
    return condition


def _birthday(today: date, years: int) -> date:
    """The last birth date of somebody who is ``years`` old today."""
    year = today.year - years
    if (today.month, today.day) == (2, 29):
        # Who was born on 29 February turns a year older on 1 March in other years.
        return date(year, 2, 29 if _leap(year) else 28)
    return today.replace(year=year)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _age(op: str, value: Any, today: date) -> Q:
    if op in ("is_empty", "is_not_empty"):
        return Q(birth_date__isnull=op == "is_empty")
    if op == "is_not":
        return Q(birth_date__isnull=True) | ~_age("is", value, today)
    low, high = _ages(op, value)
    condition = Q(birth_date__isnull=False)
    if low is not None:
        condition &= Q(birth_date__lte=_birthday(today, low))
    if high is not None:
        condition &= Q(birth_date__gt=_birthday(today, high + 1))
    return condition


def _ages(op: str, value: Any) -> tuple[int | None, int | None]:
    """The first and the last age an operator means."""
    if op == "between":
        return value[0], value[1]
    if op in ("at_least", "more_than"):
        return value + (op == "more_than"), None
    if op in ("at_most", "less_than"):
        return None, value - (op == "less_than")
    return value, value


def _attribute(field: Field, op: str, value: Any, today: date) -> Q:
    """A value in the JSON of attributes. What is of another type than declared never matches."""
    key = field.name.removeprefix("attributes.")
    if op in ("is_empty", "is_not_empty"):
        has = Q(attributes__has_key=key)
        return has if op == "is_not_empty" else ~has
    if op in _NEGATIVE:
        opposite = {"is_not": "is", "not_contains": "contains", "not_in": "in"}[op]
        # A missing value would make the comparison unknown; "not" shall include it.
        return ~(Q(attributes__has_key=key) & _attribute(field, opposite, value, today))
    if field.type is Type.NUMBER:
        return _json_number(key, op, value)
    if field.type is Type.DATE:
        return _json_day(key, *_span(op, value, today))
    if field.type is Type.TEXT:
        return _json_type(key, "string") & Q(**{f"attributes__{key}__{_TEXT_LOOKUPS[op]}": value})
    joined = Q()
    for choice in value if isinstance(value, list) else [value]:
        joined |= Q(attributes__contains={key: choice})
    return joined


def _json_type(key: str, name: str) -> Q:
    kind = Func(KeyTransform(key, "attributes"), function="jsonb_typeof", output_field=TextField())
    return Q(Exact(kind, name))


def _json_number(key: str, op: str, value: Any) -> Q:
    if op == "is":
        return Q(attributes__contains={key: value})
    # jsonb orders numbers among numbers; the type is asked for because it also orders the types.
    path = f"attributes__{key}"
    limits = {
        "at_least": lambda: Q(**{f"{path}__gte": value}),
        "more_than": lambda: Q(**{f"{path}__gt": value}),
        "at_most": lambda: Q(**{f"{path}__lte": value}),
        "less_than": lambda: Q(**{f"{path}__lt": value}),
        "between": lambda: Q(**{f"{path}__gte": value[0]}) & Q(**{f"{path}__lte": value[1]}),
    }
    return _json_type(key, "number") & limits[op]()


def _json_day(key: str, low: date | None, high: date | None) -> Q:
    condition = Q(Regex(KeyTextTransform(key, "attributes"), ISO_DAY))
    if low is not None:
        condition &= Q(**{f"attributes__{key}__gte": low.isoformat()})
    if high is not None:
        condition &= Q(**{f"attributes__{key}__lt": high.isoformat()})
    return condition
