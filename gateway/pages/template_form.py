"""The form for a template that is to be handed in for approval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from gateway.content.templates import (
    ButtonKind,
    TemplateButton,
    TemplateDraft,
    TemplateHeader,
)
from gateway.templates.filling import LOCATION, TEXT, draft_parameters

BUTTONS = range(3)
EXAMPLE = "example-"
FORMATS = [
    ("", _("Nothing")),
    (TEXT, _("Text")),
    ("image", _("Picture")),
    ("video", _("Video")),
    ("document", _("Document")),
    (LOCATION, _("Place")),
]
KINDS = [
    ("", _("No button")),
    (ButtonKind.REPLY.value, _("Quick reply")),
    (ButtonKind.URL.value, _("Open a page")),
    (ButtonKind.PHONE.value, _("Call a number")),
    (ButtonKind.CODE.value, _("Copy a code")),
]


class TemplateForm(forms.Form):
    """A draft; what the provider takes is its own matter, and said in its words."""

    name = forms.CharField(
        label=_("Name"),
        max_length=512,
        help_text=_("Small letters, digits and _ alone; customers do not see it."),
        widget=forms.TextInput({"placeholder": "order_update", "autocomplete": "off"}),
    )
    language = forms.CharField(
        label=_("Language"),
        max_length=35,
        help_text=_("As the provider writes it, like en_US or es."),
        widget=forms.TextInput({"placeholder": "en_US", "autocomplete": "off"}),
    )
    category = forms.CharField(
        label=_("Category"),
        max_length=64,
        help_text=_("As the provider calls it; it may choose another one."),
        widget=forms.TextInput({"placeholder": "utility", "list": "template-categories"}),
    )
    header_format = forms.ChoiceField(label=_("Header"), choices=FORMATS, required=False)
    header_text = forms.CharField(label=_("Header's text"), max_length=200, required=False)
    body = forms.CharField(
        label=_("Text"),
        max_length=4_096,
        widget=forms.Textarea({"rows": 6, "dir": "auto"}),
    )
    footer = forms.CharField(label=_("Footer"), max_length=200, required=False)

    def __init__(self, data: Mapping[str, str] | None = None) -> None:
        super().__init__(data)
        # What is wrong with the examples, by the names of the parameters.
        self.example_errors: dict[str, list[str]] = {}
        for place in BUTTONS:
            fields: dict[str, forms.Field] = {
                "kind": forms.ChoiceField(label=_("Button"), choices=KINDS, required=False),
                "text": forms.CharField(label=_("Label"), max_length=80, required=False),
                "value": forms.CharField(
                    label=_("Address or number"), max_length=2_000, required=False
                ),
            }
            for name, field in fields.items():
                self.fields[f"button_{place}_{name}"] = field

    def rows(self) -> list[list[forms.BoundField]]:
        """The buttons' fields, a row each."""
        names = ("kind", "text", "value")
        return [[self[f"button_{place}_{name}"] for name in names] for place in BUTTONS]

    def draft(self) -> TemplateDraft:
        """What is typed, whether or not it makes sense yet."""
        self.is_valid()
        given = self.cleaned_data
        kind = given.get("header_format", "")
        text = given.get("header_text", "") if kind == TEXT else ""
        return TemplateDraft(
            name=given.get("name", ""),
            language=given.get("language", ""),
            category=given.get("category", ""),
            body=given.get("body", ""),
            header=TemplateHeader(kind, text) if kind else None,
            footer=given.get("footer", ""),
            buttons=tuple(self._buttons(given)),
            examples=tuple(self.examples().items()),
        )

    def examples(self) -> dict[str, str]:
        """What was typed as examples, by the names of the parameters."""
        found = {
            name.removeprefix(EXAMPLE): str(value).strip()[:1_000]
            for name, value in self.data.items()
            if name.startswith(EXAMPLE)
        }
        return {name: value for name, value in found.items() if value}

    def refuse(self, error: ValidationError) -> None:
        """Show errors by the draft's paths where they belong."""
        places = self._places()
        for path, words in error.message_dict.items():
            parts = path.split(".")
            if parts[0] == "buttons" and len(parts) == 3 and parts[1].isdigit():
                path = f"button_{places[int(parts[1])]}_{parts[2]}"
            elif path == "header":
                path = "header_text"
            elif parts[0] == "examples":
                self.example_errors[parts[1]] = words
                continue
            self.add_error(path if path in self.fields else None, words)

    def _places(self) -> Sequence[int]:
        return [place for place in BUTTONS if self.cleaned_data.get(f"button_{place}_kind")]

    def _buttons(self, given: Mapping[str, Any]) -> Sequence[TemplateButton]:
        return [
            TemplateButton(
                ButtonKind(given[f"button_{place}_kind"]),
                given.get(f"button_{place}_text", ""),
                given.get(f"button_{place}_value", ""),
            )
            for place in self._places()
        ]


@dataclass(frozen=True, slots=True)
class Example:
    """A parameter, what was typed for it, and what is wrong with that."""

    name: str
    value: str
    errors: Sequence[str]


def example_fields(form: TemplateForm) -> list[Example]:
    """One for each parameter there is now."""
    given = form.examples()
    return [
        Example(name, given.get(name, ""), form.example_errors.get(name, ()))
        for name in draft_parameters(form.draft())
    ]
