"""The ledger as CSV, streamed, with cells that no spreadsheet takes for a formula."""

import csv
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from campaigns.ledger import Ledger
from campaigns.presenters import lines
from gateway.quiet.places import Rule

# What makes a spreadsheet take a cell for a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


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
    yield "\ufeff"
    yield writer.writerow(
        [_("Contact"), _("Name"), _("Address"), _("State"), _("Reason"), _("Time"), _("Answered")]
    )
    for line in lines(ledger, Rule.of(ledger.campaign.workspace)):
        recipient = line.recipient
        yield writer.writerow(
            [
                recipient.contact_id,
                cell(line.contact.name) if line.contact else "",
                cell(recipient.address),
                cell(line.outcome_name),
                cell(" ".join(part for part in (line.why, line.detail) if part)),
                line.at.isoformat() if line.at else "",
                recipient.replied_at.isoformat() if recipient.replied_at else "",
            ]
        )
