"""Forms of the contact pages: they read and show; contacts.services checks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from contacts.attributes import definitions
from contacts.fields import countries, languages, reader_language, zones
from contacts.labels import COLORS
from contacts.models import AttributeDefinition, AttributeType, Contact, Gender, Label

KINDS = {"phone": _("Phone number"), "email": _("E-mail address")}
NOT_KNOWN = ("", _("Not known"))
COLOR_NAMES = {
    "grey": _("Grey"),
    "blue": _("Blue"),
    "violet": _("Violet"),
    "pink": _("Pink"),
    "red": _("Red"),
    "orange": _("Orange"),
    "yellow": _("Yellow"),
    "green": _("Green"),
    "teal": _("Teal"),
}


def place_errors(form: forms.Form, error: ValidationError) -> None:
    """Put a service's errors beside the fields they are about, the others on top."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, messages in error.message_dict.items():
        for message in messages:
            form.add_error(name if name in form.fields else None, message)


@dataclass(frozen=True, slots=True)
class AddressRow:
    """A line of the address editor."""

    kind: str = "phone"
    value: str = ""
    errors: Sequence[str] = ()


class ContactForm(forms.Form):
    """A contact's fields, attributes and labels; addresses are rows beside the form."""

    name = forms.CharField(label=_("Name"), required=False, max_length=200)
    language = forms.ChoiceField(label=_("Language"), required=False)
    country = forms.ChoiceField(label=_("Country"), required=False)
    timezone = forms.ChoiceField(label=_("Time zone"), required=False)
    gender = forms.ChoiceField(
        label=_("Gender"), required=False, choices=[NOT_KNOWN, *Gender.choices]
    )
    birth_date = forms.CharField(
        label=_("Birth date"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown = reader_language()
        self._choose("language", languages(shown))
        self._choose("country", countries(shown))
        self._choose("timezone", {name: name for name in sorted(zones())})
        self.labels = list(Label.objects.in_workspace(workspace).order_by("name"))
        self.definitions = definitions(workspace)
        for key, definition in self.definitions.items():
            self.fields[f"attributes.{key}"] = _attribute_field(definition)

    @classmethod
    def of(cls, contact: Contact) -> "ContactForm":
        """Filled with what is."""
        initial = {
            "name": contact.name,
            "language": contact.language,
            "country": contact.country,
            "timezone": contact.timezone,
            "gender": contact.gender,
            "birth_date": contact.birth_date.isoformat() if contact.birth_date else "",
        }
        for key, value in contact.attributes.items():
            shown = str(value).lower() if isinstance(value, bool) else value
            initial[f"attributes.{key}"] = shown
        form = cls(workspace=contact.workspace, initial=initial)
        form.initial["labels"] = {label.pk for label in contact.labels.all()}
        return form

    @property
    def attribute_fields(self) -> list[forms.BoundField]:
        """The fields of custom attributes."""
        return [self[f"attributes.{key}"] for key in self.definitions]

    @property
    def chosen_labels(self) -> set[int]:
        """Ids of the ticked labels."""
        if not self.is_bound:
            found: set[int] = self.initial.get("labels", set())
            return found
        values = self.data.getlist("labels") if isinstance(self.data, QueryDict) else []
        return {int(value) for value in values if value.isascii() and value.isdigit()}

    def values(self) -> dict[str, Any]:
        """What the services take as ``fields``; needs a valid form."""
        fields: dict[str, Any] = {}
        attributes: dict[str, Any] = {}
        for name, value in self.cleaned_data.items():
            if name.startswith("attributes."):
                attributes[name.removeprefix("attributes.")] = _typed(value)
            else:
                fields[name] = value
        return fields | {"attributes": attributes, "labels": sorted(self.chosen_labels)}

    def _choose(self, name: str, choices: Mapping[str, str]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = [NOT_KNOWN, *choices.items()]


def _attribute_field(definition: AttributeDefinition) -> forms.Field:
    label = definition.name
    if definition.type == AttributeType.CHOICE:
        choices = [NOT_KNOWN, *((choice, choice) for choice in definition.choices)]
        return forms.ChoiceField(label=label, required=False, choices=choices)
    if definition.type == AttributeType.BOOLEAN:
        choices = [NOT_KNOWN, ("true", _("Yes")), ("false", _("No"))]
        return forms.ChoiceField(label=label, required=False, choices=choices)
    if definition.type == AttributeType.DATE:
        date_input = forms.DateInput(attrs={"type": "date"})
        return forms.CharField(label=label, required=False, widget=date_input)
    if definition.type == AttributeType.NUMBER:
        number_input = forms.TextInput(attrs={"inputmode": "decimal"})
        return forms.CharField(label=label, required=False, widget=number_input)
    return forms.CharField(label=label, required=False, max_length=500)


def _typed(value: str) -> Any:
    return {"true": True, "false": False, "": None}.get(value, value)


def address_rows(
    data: QueryDict, errors: Mapping[str, Sequence[str]] | None = None
) -> list[AddressRow]:
    """The lines of the address editor as they were sent, with their errors."""
    errors = errors or {}
    pairs = zip(data.getlist("address_kind"), data.getlist("address_value"), strict=False)
    rows: list[AddressRow] = []
    place = 0
    for kind, value in pairs:
        filled = bool(value.strip())
        found = errors.get(f"addresses[{place}]", ()) if filled else ()
        rows.append(AddressRow(kind if kind in KINDS else "phone", value, found))
        place += filled
    return rows


def address_pairs(data: QueryDict) -> list[tuple[str, str]]:
    """The addresses that were sent, as (kind, value); empty lines are left out."""
    pairs = zip(data.getlist("address_kind"), data.getlist("address_value"), strict=False)
    return [(kind, value) for kind, value in pairs if value.strip()]


class LabelForm(forms.Form):
    """A label's name and colour."""

    name = forms.CharField(label=_("Name"), max_length=60)
    color = forms.ChoiceField(
        label=_("Colour"), choices=[(color, COLOR_NAMES[color]) for color in COLORS]
    )


class AttributeForm(forms.Form):
    """A custom attribute; key and type are fixed once it exists."""

    name = forms.CharField(label=_("Name"), max_length=100)
    key = forms.CharField(
        label=_("Key"),
        max_length=60,
        help_text=_("As texts and the API call it: small letters, digits and _."),
    )
    type = forms.ChoiceField(label=_("Type"), choices=AttributeType.choices)
    choices = forms.CharField(
        label=_("Choices"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Only for the type “Choice”: one on each line."),
    )

    def __init__(
        self, *args: Any, definition: AttributeDefinition | None = None, **kwargs: Any
    ) -> None:
        if definition is not None:
            kwargs["initial"] = {
                "name": definition.name,
                "choices": "\n".join(definition.choices),
            }
        super().__init__(*args, **kwargs)
        if definition is not None:
            del self.fields["key"], self.fields["type"]
            if definition.type != AttributeType.CHOICE:
                del self.fields["choices"]

    def words(self) -> list[str]:
        """The choices, one a line."""
        return str(self.cleaned_data.get("choices", "")).splitlines()
