"""What each line of a ledger gets: the campaign's text or content, as its contact is told it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from django.core.exceptions import ValidationError

from campaigns.mail.launching import MailSayer, mail_of
from campaigns.mail.tokens import TEST
from campaigns.models import Campaign, SkipReason, given, line_uid
from contacts.models import Contact
from contacts.rendering import MissingValue, compile_template
from contacts.rich import ValueTooLong, ValueUnfit, compile_content
from gateway.content.model import Adapted, Content
from gateway.content.options import offered
from gateway.content.reading import OPTIONS, write
from gateway.content.shows import Shows
from gateway.content.single import in_one
from gateway.media.attaching import files_in, with_files
from gateway.models import Channel
from gateway.outbox.queue import BulkItem
from gateway.registry import adapter_for, capabilities_of

# What a text may be made of.
SPOKEN = ("id", "name", "language", "country", "timezone", "attributes", "blocked")


class Waiting(NamedTuple):
    """A line whose turn it is."""

    id: int
    contact_id: int
    address: str


@dataclass(frozen=True, slots=True)
class Written:
    """What a batch of lines gets: messages, and who gets none for which reason."""

    items: Sequence[BulkItem]
    skipped: Sequence[tuple[int, SkipReason]]


class Said(NamedTuple):
    """One message: its words, and what is stored of it where it is more than words."""

    text: str
    content: Mapping[str, Any] | None = None


class Writer(Protocol):
    """Says a campaign's message to anybody."""

    def said(self, contact: Contact, address: str, line_id: int = TEST) -> Said | SkipReason:
        """The message for a contact at an address, or why there is none."""


def write_lines(campaign: Campaign, lines: Sequence[Waiting]) -> Written:
    """The messages of a batch; a fixed number of statements."""
    try:
        writer = writer_of(campaign)
    except ValidationError:
        # An attribute was deleted since the launch: it can no longer be said to anybody.
        return Written([], [(line.id, SkipReason.NO_TEXT) for line in lines])
    contacts = _contacts(lines)
    items: list[BulkItem] = []
    skipped: list[tuple[int, SkipReason]] = []
    for line in lines:
        contact = contacts.get(line.contact_id)
        said = _said(writer, contact, line)
        if isinstance(said, SkipReason):
            skipped.append((line.id, said))
        else:
            zone = contact.timezone if contact else ""
            items.append(BulkItem(line_uid(campaign, line.id), line.address, *said, zone=zone))
    return Written(items, skipped)


def writer_of(campaign: Campaign) -> Writer:
    """The campaign's own; ValidationError when a variable or a file of it is gone."""
    if mail_of(campaign) is not None:
        return MailWriter(campaign)
    if campaign.content is not None:
        return RichWriter(campaign, given(campaign.channel))
    return TextWriter(campaign, given(campaign.channel))


def _contacts(lines: Sequence[Waiting]) -> Mapping[int, Contact]:
    rows = Contact.objects.filter(pk__in=[line.contact_id for line in lines])
    return {contact.pk: contact for contact in rows.only(*SPOKEN)}


def _said(writer: Writer, contact: Contact | None, line: Waiting) -> Said | SkipReason:
    if contact is None:
        return SkipReason.DELETED
    if contact.blocked:
        return SkipReason.BLOCKED
    return writer.said(contact, line.address, line.id)


class TextWriter:
    """A text, on whatever channel."""

    def __init__(self, campaign: Campaign, channel: Channel) -> None:
        self.template = compile_template(campaign.workspace, campaign.text)
        self.limit = capabilities_of(channel).max_text

    def said(self, contact: Contact, address: str, line_id: int = TEST) -> Said | SkipReason:
        """The text with the contact's values."""
        try:
            text = self.template.render(contact)
        except MissingValue:
            return SkipReason.NO_TEXT
        if not text:
            return SkipReason.NO_TEXT
        return Said(text) if len(text) <= self.limit else SkipReason.TOO_LONG


class MailWriter:
    """A mail: what its letter says to this person, and a way out of the list."""

    def __init__(self, campaign: Campaign) -> None:
        self.sayer = MailSayer(campaign)

    def said(self, contact: Contact, address: str, line_id: int = TEST) -> Said | SkipReason:
        """The subject, and the values for the rest."""
        try:
            values = self.sayer.values(contact, line_id)
        except MissingValue:
            return SkipReason.NO_TEXT
        words = self.sayer.words(values)
        return Said(words, self.sayer.content(values)) if words else SkipReason.NO_TEXT


class RichWriter:
    """Rich content, adapted to one message of the channel."""

    def __init__(self, campaign: Campaign, channel: Channel) -> None:
        self.template = compile_content(campaign.workspace, campaign.content or {})
        self.files = files_in(self.template.sample(), campaign.workspace_id)
        with_files(self.template.sample(), self.files)
        self.adapter = adapter_for(channel)
        # Without variables it is the same for all whom the channel shows the same.
        self.known: list[tuple[Shows, Said | SkipReason]] = []

    def said(self, contact: Contact, address: str, line_id: int = TEST) -> Said | SkipReason:
        """The content with the contact's values, as one message to that address."""
        shows = self.adapter.shows(address)
        if not self.template.same_for_all:
            return self._said(contact, shows)
        for known, said in self.known:
            if known == shows:
                return said
        self.known.append((shows, self._said(contact, shows)))
        return self.known[-1][1]

    def content(self, contact: Contact) -> Content:
        """As the contact is told it, whatever the channel; raises as RichTemplate.render."""
        return with_files(self.template.render(contact), self.files)

    def _said(self, contact: Contact, shows: Shows) -> Said | SkipReason:
        try:
            adapted = in_one(self.content(contact), shows)
        except MissingValue:
            return SkipReason.NO_TEXT
        except ValueTooLong:
            return SkipReason.TOO_LONG
        except ValueUnfit:
            return SkipReason.BAD_VALUE
        return stored(adapted) if adapted is not None else SkipReason.TOO_LONG


def stored(adapted: Adapted) -> Said:
    """One message as the outbox keeps it, with what it offers by number."""
    (part,) = adapted.parts
    content = write(part)
    if adapted.options:
        content[OPTIONS] = offered(adapted.options)
    return Said(part.text, content)
