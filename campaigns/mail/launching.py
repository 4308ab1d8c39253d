"""A campaign's mail: composed for a look, kept as a letter by a launch, said to each line."""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.models import Workspace
from campaigns.mail.composing import Composed, Slot, compose
from campaigns.mail.draft import MailDraft
from campaigns.mail.model import MailSettings
from campaigns.mail.tokens import Purpose, token
from campaigns.models import Campaign
from contacts.models import Contact
from contacts.rendering import Compiler, Template
from gateway.content.reading import LETTER
from gateway.letters.filling import Filling, letter_of
from gateway.letters.model import Letter
from gateway.models import Channel
from gateway.registry import adapters

MEDIUM = "email"
LONGEST_WORDS = 300


def mail_of(campaign: Campaign) -> MailDraft | None:
    """Its mail; a plain text on an e-mail channel is one as well. None: it is no mail."""
    if campaign.mail is not None:
        return MailDraft.of(campaign.mail)
    if campaign.content is None and campaign.channel is not None and by_mail(campaign):
        return MailDraft(text=campaign.text)
    return None


def by_mail(campaign: Campaign) -> bool:
    """Whether its channel sends mail."""
    return campaign.channel is not None and sends_mail(campaign.channel)


def sends_mail(channel: Channel) -> bool:
    """Whether it is a mailbox."""
    return channel.kind in adapters() and adapters()[channel.kind].medium == MEDIUM


def tracks_by_default(workspace: Workspace) -> bool:
    """Whether campaigns count who opens and clicks where they do not say."""
    row = MailSettings.objects.filter(workspace=workspace).first()
    return MailSettings().tracks if row is None else row.tracks


def tracked(campaign: Campaign) -> bool:
    """Whether this one does."""
    if campaign.tracks is None:
        return tracks_by_default(campaign.workspace)
    return campaign.tracks


def composed(campaign: Campaign) -> Composed:
    """As the draft stands; ValidationError by ``mail.html`` and so on."""
    draft = mail_of(campaign) or MailDraft()
    return compose(campaign.workspace, draft, tracks=tracked(campaign))


def make_letter(campaign: Campaign) -> None:
    """Freeze what it says, if it is a mail; not saved. ValidationError as above."""
    if mail_of(campaign) is None:
        return
    campaign.tracks = tracked(campaign)
    found = composed(campaign)
    letter = Letter.objects.create(workspace_id=campaign.workspace_id, parts=found.parts)
    campaign.made = {"letter": letter.pk, "slots": found.slots, "links": found.links}


class MailSayer:
    """Fills a campaign's letter for anybody; MissingValue where there is nothing to say."""

    def __init__(self, campaign: Campaign) -> None:
        if campaign.made is not None:
            self.letter: int = campaign.made["letter"]
            self.filling: Filling = letter_of(self.letter)
            slots: Sequence[Slot] = [(name, words) for name, words in campaign.made["slots"]]
        else:
            found = composed(campaign)
            self.letter, self.filling, slots = 0, found.filling, found.slots
        compiler = Compiler(campaign.workspace)
        self.templates: list[Template] = [compiler.compile(_written(slot)) for slot in slots]
        self.slots = slots

    def values(self, contact: Contact | None, line_id: int) -> list[str]:
        """What fills the gaps; without a contact the variables as they are written."""
        if contact is None:
            said = [_written(slot) for slot in self.slots]
        else:
            said = [template.render(contact) for template in self.templates]
        tokens = (token(line_id, purpose) for purpose in (Purpose.UNSUBSCRIBE, Purpose.TRACK))
        return [*said, *tokens]

    def words(self, values: Sequence[str]) -> str:
        """The mail in one line: its subject, else how it begins."""
        subject = self.filling.say("subject", values) or self.filling.say("text", values)
        return subject.strip().split("\n", 1)[0].strip()[:LONGEST_WORDS]

    def content(self, values: Sequence[str]) -> Mapping[str, Any]:
        """What a delivery keeps of it."""
        return {LETTER: {"id": self.letter, "values": values}}


def _written(slot: Slot) -> str:
    name, words = slot
    return f"{{{{ {name} }}}}" if words is None else f"{{{{ {name}|{words} }}}}"
