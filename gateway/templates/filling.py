"""Which values a template needs, what it says with them, and what is wrong with some; pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from gateway.content.model import Media, TemplateUse
from gateway.content.templates import (
    ButtonKind,
    ProviderTemplate,
    TemplateButton,
    TemplateDraft,
    TemplateHeader,
)

PARAMETER = re.compile(r"\{\{\s*(\w{1,60})\s*\}\}")
TEXT, LOCATION = "text", "location"
# The families of files a header may hold, and the content types that are such.
FILES: Mapping[str, Callable[[str], bool]] = {
    "image": lambda kind: kind.startswith("image/"),
    "video": lambda kind: kind.startswith("video/"),
    "document": lambda kind: True,
}
GAP = "\n\n"


@dataclass(frozen=True, slots=True)
class Need:
    """A value that a template needs. ``path`` as in stored content: ``body.1``, ``buttons.0``.

    ``around`` is the text it stands in. ``optional``: it works without one.
    """

    path: str
    name: str
    around: str
    optional: bool = False


def parameters(text: str) -> tuple[str, ...]:
    """The parameters of a text, each once, in their order."""
    return tuple(dict.fromkeys(PARAMETER.findall(text)))


def needs(template: ProviderTemplate) -> list[Need]:
    """Every text value it takes; the file of a header is none."""
    head = template.header.text if template.header else ""
    found = [Need(f"header_values.{name}", name, head) for name in parameters(head)]
    found += [Need(f"body.{name}", name, template.body) for name in parameters(template.body)]
    for place, button in enumerate(template.buttons):
        if takes_value(button):
            optional = button.kind == ButtonKind.REPLY
            found.append(Need(f"buttons.{place}", button.text, button.value, optional))
    return found


def takes_value(button: TemplateButton) -> bool:
    """Whether a value is given for it: a URL's end, a code, or what a tap shall come back with."""
    if button.kind == ButtonKind.URL:
        return bool(PARAMETER.search(button.value))
    return button.kind in {ButtonKind.CODE, ButtonKind.REPLY}


def needs_file(header: TemplateHeader | None) -> str:
    """The family of the file that the header needs; empty for none."""
    return header.format if header is not None and header.format in FILES else ""


def filled(template: ProviderTemplate, use: TemplateUse) -> str:
    """What the customer reads: header, body, footer, and where its buttons lead."""
    body, head, buttons = dict(use.body), dict(use.header_values), dict(use.buttons)
    header = template.header.text if template.header else ""
    links = [
        _link(button, buttons.get(place, ""))
        for place, button in enumerate(template.buttons)
        if button.kind in {ButtonKind.URL, ButtonKind.PHONE} and button.value
    ]
    parts = [_said(header, head), _said(template.body, body), template.footer, "\n".join(links)]
    return GAP.join(part.strip() for part in parts if part.strip())


def _link(button: TemplateButton, value: str) -> str:
    return f"{button.text}: {PARAMETER.sub(lambda _found: value, button.value)}"


def _said(text: str, values: Mapping[str, str]) -> str:
    return PARAMETER.sub(lambda found: values.get(found[1], found[0]), text)


def checked(template: ProviderTemplate, use: TemplateUse) -> TemplateUse:
    """The use with its text and what its buttons do.

    ValidationError by ``body.1``, ``header``, ``buttons.0``.
    """
    errors: dict[str, Any] = {}
    wanted = {need.path: need for need in needs(template)}
    given = given_values(use)
    for path, need in wanted.items():
        if not given.get(path) and not need.optional:
            errors[path] = _("The template needs a value here.")
    for path in given.keys() - wanted.keys():
        errors[path] = _("The template has no such parameter.")
    problem = _file_problem(needs_file(template.header), use.header)
    if problem:
        errors["header"] = problem
    if errors:
        raise ValidationError(errors)
    kinds = {place: button.kind.value for place, button in enumerate(template.buttons)}
    return replace(
        use,
        text=filled(template, use),
        button_kinds=tuple((place, kinds[place]) for place, _value in use.buttons),
    )


def given_values(use: TemplateUse) -> dict[str, str]:
    """The values of a use by their paths."""
    return {
        **{f"body.{name}": value for name, value in use.body},
        **{f"header_values.{name}": value for name, value in use.header_values},
        **{f"buttons.{place}": value for place, value in use.buttons},
    }


def _file_problem(family: str, file: Media | None) -> str:
    if not family:
        return _("The template has no file.") if file else ""
    if file is None:
        return _("The template needs a file here.")
    if file.content_type and not FILES[family](file.content_type):
        return _("The template shows another kind of file here.")
    return ""


def check_draft(draft: TemplateDraft) -> None:
    """ValidationError by field for what no provider would take.

    Examples are named ``examples.1``; a header's as ``examples.header.1``.
    """
    errors: dict[str, Any] = {}
    for field in ("name", "language", "category", "body"):
        if not getattr(draft, field).strip():
            errors[field] = _("This is needed.")
    if draft.header is not None and draft.header.format == TEXT and not draft.header.text.strip():
        errors["header"] = _("Write the header's text.")
    for field, text in (
        ("body", draft.body),
        ("header", draft.header.text if draft.header else ""),
    ):
        if problem := _brackets(text):
            errors[field] = problem
    examples = dict(draft.examples)
    for name in draft_parameters(draft):
        if not examples.get(name, "").strip():
            errors[f"examples.{name}"] = _("Give an example, so that it can be reviewed.")
    errors |= _wrong_buttons(draft.buttons)
    if errors:
        raise ValidationError(errors)


def draft_parameters(draft: TemplateDraft) -> Sequence[str]:
    """All parameters that an example is needed for."""
    head = draft.header.text if draft.header else ""
    urls = [one.value for one in draft.buttons if one.kind == ButtonKind.URL]
    return tuple(
        dict.fromkeys(name for text in (head, draft.body, *urls) for name in parameters(text))
    )


def _brackets(text: str) -> str:
    rest = PARAMETER.sub("", text)
    if "{{" in rest or "}}" in rest:
        return _("Write a parameter like %(example)s.") % {"example": "{{1}}"}
    return ""


def _wrong_buttons(buttons: Sequence[TemplateButton]) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    for place, one in enumerate(buttons):
        if not one.text.strip():
            errors[f"buttons.{place}.text"] = _("This is needed.")
        if one.kind == ButtonKind.URL and not one.value.startswith(("https://", "http://")):
            words = _("An address that begins with https:// is expected here.")
            errors[f"buttons.{place}.value"] = words
        if one.kind == ButtonKind.PHONE and not one.value.startswith("+"):
            words = _("Write the number as +14155550123.")
            errors[f"buttons.{place}.value"] = words
    return errors
