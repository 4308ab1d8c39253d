"""A campaign's template as the editor asks for it: which one, and what its parameters say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from campaigns.models import Campaign
from gateway.content.model import TemplateUse
from gateway.content.reading import read_stored
from gateway.models import StoredTemplate
from gateway.templates.filling import Need, given_values, needs, needs_file
from gateway.templates.model import Standing

TEMPLATE = "template"
VALUE = "value-"


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter; ``name`` is the input's."""

    name: str
    label: str
    value: str
    errors: Sequence[str]


@dataclass(frozen=True, slots=True)
class Choosing:
    """What ``_template.html`` shows."""

    rows: Sequence[StoredTemplate]
    chosen: StoredTemplate | None
    fields: Sequence[Field]
    file_kind: str
    file: str
    errors: Sequence[str]


def choosing(
    campaign: Campaign, data: Mapping[str, str], errors: Mapping[str, Sequence[str]]
) -> Choosing:
    """From what is typed, else from what is saved."""
    rows = usable(campaign.workspace_id)
    use = _saved(campaign)
    chosen = _row(rows, data.get(TEMPLATE, "")) if TEMPLATE in data else _named(rows, use)
    saved = given_values(use) if use else {}
    paths = ("content", "content.template", "content.template.name", "content.template.header")
    return Choosing(
        rows=rows,
        chosen=chosen,
        fields=_fields(chosen, saved | _typed(data), errors) if chosen else (),
        file_kind=needs_file(chosen.given.header) if chosen else "",
        file=data.get("template-file", use.header.file if use and use.header else ""),
        errors=[word for path in paths for word in errors.get(path, ())],
    )


def _typed(data: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(VALUE): value for name, value in data.items() if name.startswith(VALUE)
    }


def _fields(
    chosen: StoredTemplate, values: Mapping[str, str], errors: Mapping[str, Sequence[str]]
) -> list[Field]:
    return [
        Field(
            name=VALUE + need.path,
            label=_label(need),
            value=values.get(need.path, ""),
            errors=errors.get(f"content.template.{need.path}", ()),
        )
        for need in needs(chosen.given)
        if not need.optional
    ]


def _label(need: Need) -> str:
    if need.path.startswith("buttons."):
        return need.name
    parameter = f"{{{{{need.name}}}}}"
    return f"{_('Header')} {parameter}" if need.path.startswith("header_values.") else parameter


def usable(workspace_id: int) -> list[StoredTemplate]:
    """Templates that can be sent, of all channels."""
    rows = StoredTemplate.objects.filter(
        workspace=workspace_id, status=Standing.APPROVED, channel__enabled=True
    )
    return list(rows.select_related("channel").order_by("channel__name", "name", "language")[:500])


def typed_template(data: Mapping[str, str], workspace_id: int) -> dict[str, Any] | None:
    """The content that the form says; None where nothing is chosen."""
    chosen = _row(usable(workspace_id), data.get(TEMPLATE, ""))
    if chosen is None:
        return None
    use: dict[str, Any] = {"name": chosen.name, "language": chosen.language}
    for need in needs(chosen.given):
        value = data.get(VALUE + need.path, "").strip()
        where, _dot, name = need.path.partition(".")
        if value:
            use.setdefault(where, {})[name] = value
    if data.get("template-file"):
        use["header"] = {"file": data["template-file"]}
    return {"template": use}


def _saved(campaign: Campaign) -> TemplateUse | None:
    return read_stored(campaign.content).template if campaign.content else None


def _row(rows: Sequence[StoredTemplate], pk: str) -> StoredTemplate | None:
    return next((row for row in rows if str(row.pk) == pk), None)


def _named(rows: Sequence[StoredTemplate], use: TemplateUse | None) -> StoredTemplate | None:
    if use is None:
        return None
    return next((row for row in rows if (row.name, row.language) == (use.name, use.language)), None)
