"""Unsubscribing by the link of a campaign's mail, and taking it back on the same page."""

from dataclasses import dataclass

from django.db import transaction

from campaigns.mail.launching import MEDIUM
from campaigns.mail.model import MailEvent
from campaigns.mail.tokens import TEST, Forged, Purpose, line_of
from campaigns.mail.tracking import note
from campaigns.models import Recipient
from campaigns.progress import campaign_changed
from contacts.consent import opt_in, opt_out
from contacts.models import Address, Contact
from gateway.addresses import EMAIL
from gateway.models import Suppression
from gateway.suppression import lift, suppress

LONGEST_NAME = 120
# How it was said: by a button of the mail program (RFC 8058), or on the page.
ONE_CLICK, PAGE = "one_click", "unsubscribe_page"
OURS = (ONE_CLICK, PAGE)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose list it is, and whether the address is off it; ``undoable``: said by such a link.

    ``line`` None: a test.
    """

    line: Recipient | None
    left: bool = False
    undoable: bool = False


def standing_of(token: str) -> Standing:
    """How things stand with a link's address; Forged when it is no link of ours."""
    line_id = line_of(token, Purpose.UNSUBSCRIBE)
    if line_id == TEST:
        return Standing(None)
    lines = Recipient.objects.select_related("campaign__workspace", "campaign__channel")
    line = lines.filter(pk=line_id).first()
    if line is None or not line.address:
        raise Forged
    entry = _entry(line)
    # What bounces or is blocked gets no mail either, but nobody has unsubscribed it.
    opted_out = entry is not None and entry.reason == Suppression.Reason.OPTED_OUT
    undoable = entry is not None and opted_out and entry.source in OURS
    return Standing(line, opted_out, undoable)


@transaction.atomic
def leave(line: Recipient, *, source: str) -> None:
    """No more campaigns by mail to the line's address; a second time changes nothing."""
    entry = _entry(line)
    if entry is not None and entry.reason == Suppression.Reason.OPTED_OUT:
        return
    said = _words(line)
    address = _address(line)
    if address is not None:
        opt_out(address=address, medium=MEDIUM, source=source, evidence=said)
    else:
        suppress(
            workspace_id=line.workspace_id,
            medium=MEDIUM,
            address=line.address,
            reason=Suppression.Reason.OPTED_OUT,
            source=source,
            evidence=said,
        )
    if Contact.objects.filter(pk=line.contact_id).exists():
        note(line, MailEvent.Kind.UNSUBSCRIBED)
    campaign_changed(line.campaign)


@transaction.atomic
def come_back(line: Recipient) -> None:
    """It was a mistake: the address gets campaigns again, if such a link took it off the list."""
    entry = _entry(line, lock=True)
    if entry is None or entry.source not in OURS:
        return
    address = _address(line)
    if address is not None:
        opt_in(address=address, medium=MEDIUM, source=PAGE, evidence=_words(line))
    else:
        lift(workspace_id=line.workspace_id, medium=MEDIUM, address=line.address)
    MailEvent.objects.filter(
        campaign=line.campaign, kind=MailEvent.Kind.UNSUBSCRIBED, line=line.pk
    ).delete()
    campaign_changed(line.campaign)


def masked(address: str) -> str:
    """Enough to know one's own address by: ``m•••@c•••.example``."""
    name, _at, domain = address.rpartition("@")
    host, dot, top = domain.rpartition(".")
    return f"{name[:1]}•••@{host[:1]}•••{dot}{top}"


def _entry(line: Recipient, *, lock: bool = False) -> Suppression | None:
    rows = Suppression.objects.select_for_update() if lock else Suppression.objects.all()
    return rows.filter(workspace_id=line.workspace_id, medium=MEDIUM, address=line.address).first()


def _address(line: Recipient) -> Address | None:
    return Address.objects.filter(
        workspace_id=line.workspace_id, kind=EMAIL, value=line.address
    ).first()


def _words(line: Recipient) -> str:
    """What the contact's page shows of it."""
    return line.campaign.name[:LONGEST_NAME]
