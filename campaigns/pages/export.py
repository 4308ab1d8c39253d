"""The ledger as CSV, streamed, with cells that no spreadsheet takes for a formula."""

import csv
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from campaigns.models import Recipient
from campaigns.presenters import lines

CHUNK = 2_000
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


def csv_rows(rows: QuerySet[Recipient]) -> Iterator[str]:
    """The file line by line; reads the ledger in chunks by id, so memory does not grow."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    yield writer.writerow(
        [_("Contact"), _("Name"), _("Address"), _("State"), _("Reason"), _("Time"), _("Answered")]
    )
    last = 0
    while chunk := list(rows.filter(id__gt=last)[:CHUNK]):
        last = chunk[-1].pk
        for line in lines(chunk):
            recipient = line.recipient
            yield writer.writerow(
                [
                    recipient.contact_id,
                    cell(recipient.contact.name),
                    cell(recipient.address),
                    cell(line.outcome_name),
                    cell(" ".join(part for part in (line.why, line.detail) if part)),
                    line.at.isoformat() if line.at else "",
                    recipient.replied_at.isoformat() if recipient.replied_at else "",
                ]
            )
