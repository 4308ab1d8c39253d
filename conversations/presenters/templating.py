"""A template that an agent chooses and fills in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from contacts.models import Contact
from contacts.rendering import MissingValue, compile_template, variables
from conversations.models import Conversation
from gateway.content.templates import ButtonKind, ProviderTemplate
from gateway.models import StoredTemplate
from gateway.pages.shown_template import ShownTemplate, shown_template
from gateway.templates.filling import needs, needs_file
from gateway.templates.model import Standing

MOST = 100


@dataclass(frozen=True, slots=True)
class Field:
    """A value to give; ``path`` as in stored content."""

    path: str
    label: str


@dataclass(frozen=True, slots=True)
class Suggested:
    """Something known of the contact."""

    name: str
    value: str


def choices(conversation: Conversation, words: str) -> Sequence[ShownTemplate]:
    """Those that can be sent here, in the contact's language first; ``words``: a search."""
    rows = StoredTemplate.objects.filter(
        channel=conversation.reply_channel, status=Standing.APPROVED
    ).order_by("name", "language", "id")
    language = conversation.contact.language
    wanted = words.casefold().split()
    found = [
        row
        for row in rows
        if all(word in f"{row.name} {row.language} {row.body}".casefold() for word in wanted)
    ]
    found.sort(key=lambda row: not (language and row.language.startswith(language)))
    return [shown_template(row) for row in found[:MOST]]


def fields(template: ProviderTemplate) -> list[Field]:
    """The values it takes, but for what nobody needs to say by hand."""
    wanted = [need for need in needs(template) if not need.optional]
    return [Field(need.path, _label(template, need.path, need.name)) for need in wanted]


def file_kind(template: ProviderTemplate) -> str:
    """The family of the header's file; empty for none."""
    return needs_file(template.header)


def suggestions(contact: Contact) -> list[Suggested]:
    """What is known of the contact, to be put in."""
    found = []
    for name, label in variables(contact.workspace).items():
        try:
            value = compile_template(contact.workspace, f"{{{{ {name} }}}}").render(contact)
        except MissingValue:
            continue
        found.append(Suggested(label, value))
    return found


def values_in(data: Mapping[str, str], template: ProviderTemplate) -> dict[str, str]:
    """What was typed, by path."""
    return {need.path: data.get(need.path, "").strip() for need in needs(template)}


def _label(template: ProviderTemplate, path: str, name: str) -> str:
    if not path.startswith("buttons."):
        parameter = f"{{{{{name}}}}}"
        return f"{_('Header')} {parameter}" if path.startswith("header_values.") else parameter
    button = template.buttons[int(path.partition(".")[2])]
    return f"{button.text}: {button.value}" if button.kind == ButtonKind.URL else button.text
