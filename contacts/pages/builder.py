"""The segment builder: a filter as form fields, and back.

The fields of a condition are named by its place in the tree, ``c-1-0-field`` for the first entry
of the group that is the second entry; a group has ``c-1-match``. Every change sends the whole
form, so the server alone knows how a tree is shown, and nothing is lost without JavaScript.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from contacts.segments import Catalogue
from contacts.segments.catalogue import Field, Operator, Shape, Type
from contacts.segments.checks import DEEPEST

NAME = re.compile(r"c((?:-\d{1,3}){1,6})-(field|op|value|match)")
BLANK: dict[str, Any] = {"field": "", "op": ""}


@dataclass(frozen=True, slots=True)
class Row:
    """A condition or a group as the page shows it; ``number`` is its place in words."""

    path: str
    number: str
    group: bool = False
    match: str = "all"
    rows: Sequence["Row"] = ()
    can_nest: bool = False
    field: Field | None = None
    operator: Operator | None = None
    values: Sequence[str] = ()
    chips: Sequence[tuple[str, str]] = ()
    errors: Sequence[str] = ()

    @property
    def input_kind(self) -> str:
        """Which control asks for the value: none, choice, chips, flag, days, date, number, text."""
        if self.field is None or self.operator is None or self.operator.shape is Shape.NONE:
            return "none"
        if self.operator.shape is Shape.DAYS:
            return "days"
        if self.field.type in (Type.CHOICE, Type.SET):
            return "chips" if self.operator.shape is Shape.LIST else "choice"
        return {Type.BOOLEAN: "flag", Type.DATE: "date", Type.NUMBER: "number"}.get(
            self.field.type, "text"
        )

    @property
    def pair(self) -> bool:
        """Two values, from and to."""
        return self.operator is not None and self.operator.shape is Shape.PAIR

    @property
    def first(self) -> str:
        """The first value."""
        return self.values[0] if self.values else ""

    @property
    def second(self) -> str:
        """The second value of a pair."""
        return self.values[1] if len(self.values) > 1 else ""


def read_filter(data: QueryDict, known: Catalogue) -> dict[str, Any]:
    """The filter a form describes, unchecked; values stay as they were typed."""
    tree: dict[str, Any] = {"match": data.get("match", "all"), "conditions": []}
    entries: dict[tuple[int, ...], dict[str, Any]] = {}
    for name in data:
        found = NAME.fullmatch(name)
        if not found:
            continue
        place = tuple(int(part) for part in found[1].split("-")[1:])
        entries.setdefault(place, {})[found[2]] = data.getlist(name)
    groups: dict[tuple[int, ...], dict[str, Any]] = {(): tree}
    for place in sorted(entries):
        parent = groups.get(place[:-1])
        if parent is None:
            continue
        entry = _entry(entries[place], known)
        parent["conditions"].append(entry)
        if "conditions" in entry:
            groups[place] = entry
    return tree


def _entry(sent: Mapping[str, Sequence[str]], known: Catalogue) -> dict[str, Any]:
    if "match" in sent:
        return {"match": sent["match"][-1], "conditions": []}
    name, op = sent.get("field", [""])[-1], sent.get("op", [""])[-1]
    entry: dict[str, Any] = {"field": name, "op": op}
    chosen = known.fields.get(name)
    if chosen is None:
        return entry
    operator = chosen.operator(op) or next(iter(chosen.operators.values()))
    entry["op"] = operator.name
    values = list(sent.get("value", []))
    if operator.shape is Shape.LIST:
        entry["value"] = [value for value in dict.fromkeys(values) if value]
    elif operator.shape is Shape.PAIR:
        entry["value"] = [*values, "", ""][:2]
    elif operator.shape is not Shape.NONE:
        entry["value"] = next((value for value in values if value), "")
    return entry


def act(tree: dict[str, Any], do: str) -> None:
    """Carry out a button of the builder: ``add:<path>``, ``group:<path>``, ``remove:<path>`` or
    ``drop:<path>:<value>``. What makes no sense changes nothing.
    """
    verb, _colon, rest = do.partition(":")
    path, _colon, value = rest.partition(":")
    place = [int(part) for part in path.split("-") if part.isdigit()]
    if verb in ("add", "group"):
        group = _find(tree, place)
        if group is not None and "conditions" in group:
            new = {"match": "any", "conditions": [dict(BLANK)]} if verb == "group" else dict(BLANK)
            group["conditions"].append(new)
    elif verb == "remove" and place:
        group = _find(tree, place[:-1])
        if group is not None and place[-1] < len(group.get("conditions", [])):
            group["conditions"].pop(place[-1])
    elif verb == "drop":
        entry = _find(tree, place)
        if entry is not None and isinstance(entry.get("value"), list) and value in entry["value"]:
            entry["value"].remove(value)


def _find(tree: dict[str, Any], place: Sequence[int]) -> dict[str, Any] | None:
    for index in place:
        rows = tree.get("conditions", [])
        if index >= len(rows):
            return None
        tree = rows[index]
    return tree


def show(
    tree: Mapping[str, Any],
    known: Catalogue,
    errors: Mapping[str, Sequence[str]] | None = None,
) -> list[Row]:
    """The rows of a filter for the page, with errors at their places."""
    return _rows(tree, known, errors or {}, (), 1)


def _rows(
    tree: Mapping[str, Any],
    known: Catalogue,
    errors: Mapping[str, Sequence[str]],
    place: tuple[int, ...],
    depth: int,
) -> list[Row]:
    rows: list[Row] = []
    for index, entry in enumerate(tree.get("conditions", [])):
        here = (*place, index)
        common: dict[str, Any] = {
            "path": "-".join(str(part) for part in here),
            "number": ".".join(str(part + 1) for part in here),
            "errors": _errors_at(errors, here, "conditions" in entry),
        }
        if "conditions" in entry:
            inner = _rows(entry, known, errors, here, depth + 1)
            can_nest = depth + 1 < DEEPEST
            rows.append(
                Row(**common, group=True, match=entry["match"], rows=inner, can_nest=can_nest)
            )
        else:
            rows.append(_condition(entry, known, common))
    return rows


def _condition(entry: Mapping[str, Any], known: Catalogue, common: dict[str, Any]) -> Row:
    chosen = known.fields.get(entry.get("field", ""))
    if chosen is None:
        return Row(**common)
    operator = chosen.operator(str(entry.get("op") or "")) or next(iter(chosen.operators.values()))
    value = entry.get("value")
    values = [_written(item) for item in value] if isinstance(value, list) else [_written(value)]
    names = {str(key): str(label) for key, label in chosen.choices.items()}
    chips = [(item, names.get(item, item)) for item in values if item]
    return Row(**common, field=chosen, operator=operator, values=values, chips=chips)


def _written(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _errors_at(
    errors: Mapping[str, Sequence[str]], place: tuple[int, ...], group: bool
) -> list[str]:
    path = ".".join(f"conditions[{index}]" for index in place)
    ends = ("", ".conditions", ".match") if group else ("", ".field", ".op", ".value")
    return [message for end in ends for message in errors.get(path + end, [])]
