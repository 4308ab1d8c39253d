"""The ledger as CSV, streamed, with cells that no spreadsheet takes for a formula."""

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from campaigns.ledger import PORTION, Ledger
from campaigns.mail.model import MailEvent
from campaigns.mail.tracking import done_by
from campaigns.presenters import Line, lines
from gateway.quiet.places import Rule

# What makes a spreadsheet take a cell for a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

# What people do with a mail, first of all times: columns of their own.
DONE = {kind.value: kind.label for kind in MailEvent.Kind}


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, value: str) -> str:
        return value


def cell(value: Any) -> str:
    """A value as a cell that is text and nothing else."""
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def csv_rows(ledger: Ledger) -> Iterator[str]:
    """The file line by line; the ledger is read in portions, so memory does not grow."""
    writer = csv.writer(_Echo())
    heads = [_("Contact"), _("Name"), _("Address"), _("State"), _("Reason"), _("Time")]
    done = list(DONE.values()) if ledger.campaign.made else []
    yield "\ufeff"
    yield writer.writerow([*heads, _("Answered"), *map(str, done)])
    found = lines(ledger, Rule.of(ledger.campaign.workspace))
    while portion := list(islice(found, PORTION)):
        yield from map(writer.writerow, _cells(ledger, portion))


def _cells(ledger: Ledger, portion: Sequence[Line]) -> Iterator[list[Any]]:
    campaign = ledger.campaign
    done = done_by(campaign, [one.recipient.pk for one in portion]) if campaign.made else None
    for line in portion:
        recipient = line.recipient
        cells = [
            recipient.contact_id,
            cell(line.contact.name) if line.contact else "",
            cell(recipient.address),
            cell(line.outcome_name),
            cell(" ".join(part for part in (line.why, line.detail) if part)),
            line.at.isoformat() if line.at else "",
            recipient.replied_at.isoformat() if recipient.replied_at else "",
        ]
        if done is not None:
            theirs = done.get(recipient.pk, {})
            times = (theirs[kind].first_at if kind in theirs else None for kind in DONE)
            cells += [at.isoformat() if at else "" for at in times]
        yield cells
