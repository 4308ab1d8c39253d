"""Reads the ledger: each line with what became of it, a page at a time.

A line says why nothing is sent, and its delivery what became of it otherwise; the delivery's uid
is computed from the line's id. Both are in the same order, so a page costs the same wherever it is
in a ledger of a million lines, and whichever of the two is asked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from campaigns.models import Campaign, CampaignStatus, Recipient, SkipReason, line_id, line_uid
from contacts.models import Contact
from gateway.fallback.model import FURTHER_PARTS, Fallback
from gateway.models import Delivery
from gateway.states import State

# What people ask the ledger for, with the states of deliveries that it means.
OUTCOMES: dict[str, tuple[str, ...]] = {
    "pending": (),
    "queued": (State.QUEUED, State.SENDING),
    "sent": (State.SENT,),
    "delivered": (State.DELIVERED,),
    "read": (State.READ,),
    "failed": (State.FAILED,),
    "unknown": (State.UNKNOWN,),
    "expired": (State.EXPIRED,),
    "cancelled": (State.CANCELLED,),
    "skipped": (),
}
# Where two filters are joined, rows are looked through in portions of this size.
PORTION = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """A line with its contact (None: deleted) and delivery (None: not handed over).

    ``reason`` is one of SkipReason, or empty. Where another channel took over, ``delivery`` is the
    one there, and ``fallback`` says why.
    """

    recipient: Recipient
    contact: Contact | None
    delivery: Delivery | None
    reason: str
    fallback: Fallback | None = None

    @property
    def state(self) -> str:
        """The delivery's, once there is one; else ``skipped`` or ``pending``."""
        if self.delivery is not None:
            return self.delivery.state
        return "skipped" if self.reason else "pending"

    @property
    def reason_text(self) -> str:
        """The reason in words."""
        return str(SkipReason(self.reason).label) if self.reason else ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The lines of a campaign that a filter selects, in the order of the audience.

    ``outcome`` is one of OUTCOMES, ``reason`` a SkipReason; anything else selects everything.
    """

    campaign: Campaign
    outcome: str = ""
    reason: str = ""
    replied: bool = False

    def page(self, limit: int, *, after: int = 0, before: int | None = None) -> list[Entry]:
        """Up to ``limit`` lines above the id ``after``, or the last ones below ``before``."""
        if before is not None:
            return self._entries(self._rows(limit, before, backwards=True)[::-1])
        return self._entries(self._rows(limit, after, backwards=False))

    def __iter__(self) -> Iterator[Entry]:
        """All lines, read in portions, so that memory does not grow."""
        last = 0
        while portion := self.page(PORTION, after=last):
            last = portion[-1].recipient.pk
            yield from portion

    def _rows(self, limit: int, start: int, *, backwards: bool) -> list[Recipient]:
        if self._states:
            return self._delivered_rows(limit, start, backwards=backwards)
        found: list[Recipient] = []
        parts = self._parts()
        for part in reversed(parts) if backwards else parts:
            beyond = part.filter(id__lt=start) if backwards else part.filter(id__gt=start)
            found += beyond.order_by("-id" if backwards else "id")[: limit - len(found)]
        return found

    def _delivered_rows(self, limit: int, start: int, *, backwards: bool) -> list[Recipient]:
        """Lines by their deliveries' states."""
        found: list[Recipient] = []
        wanted = PORTION if self._joined else limit
        while len(found) < limit:
            ids = self._delivered(wanted, start, backwards=backwards)
            found += self._lines().filter(pk__in=ids).order_by("-id" if backwards else "id")
            if len(ids) < wanted:
                break
            start = ids[-1]
        return found[:limit]

    def _delivered(self, limit: int, start: int, *, backwards: bool) -> list[int]:
        """Ids of lines by the state of the delivery that counts, a replacement by its first's."""
        uid = line_uid(self.campaign, min(start, self.campaign.last_line + 1))
        rows = Delivery.objects.filter(batch=self.campaign.batch_id, state__in=self._states)
        found: list[int] = []
        for part, name in (
            (rows.filter(replaces=None), "uid"),
            (rows.filter(replaces__isnull=False, part__lt=FURTHER_PARTS), "replaces__uid"),
        ):
            beyond = part.filter(**{f"{name}__{'lt' if backwards else 'gt'}": uid})
            ordered = beyond.order_by(f"-{name}" if backwards else name)
            found += map(line_id, ordered.values_list(name, flat=True)[:limit])
        return sorted(found, reverse=backwards)[:limit]

    @property
    def _states(self) -> tuple[str, ...]:
        return OUTCOMES.get(self.outcome, ())

    @property
    def _joined(self) -> bool:
        return self.replied or self.reason in SkipReason.values

    def _parts(self) -> list[QuerySet[Recipient]]:
        """What to read one after the other, so that an index leads through each part."""
        rows, mark = self._lines(), self.campaign.handed_to
        if self.outcome == "pending":
            return [] if self._cancelled else [rows.filter(id__gt=mark, reason="")]
        if self.outcome != "skipped":
            return [rows]
        left = rows.exclude(reason="")
        return [left.filter(id__lte=mark), rows.filter(id__gt=mark)] if self._cancelled else [left]

    def _lines(self) -> QuerySet[Recipient]:
        campaign = self.campaign
        rows = Recipient.objects.filter(
            campaign=campaign, id__gte=campaign.first_line, id__lte=campaign.last_line
        )
        if self.replied:
            rows = rows.filter(replied_at__isnull=False)
        if self.reason == SkipReason.CANCELLED:
            stopped = rows.filter(reason="", id__gt=campaign.handed_to)
            return stopped if self._cancelled else rows.none()
        return rows.filter(reason=self.reason) if self.reason in SkipReason.values else rows

    @property
    def _cancelled(self) -> bool:
        return self.campaign.status == CampaignStatus.CANCELLED

    def _entries(self, rows: Sequence[Recipient]) -> list[Entry]:
        contacts = Contact.objects.in_bulk({row.contact_id for row in rows})
        mark = self.campaign.handed_to
        uids = {
            line_uid(self.campaign, row.pk) for row in rows if row.pk <= mark and not row.reason
        }
        found = list(Delivery.objects.filter(uid__in=uids)) if uids else []
        deliveries = {line_id(delivery.uid): delivery for delivery in found}
        fallbacks = _fallbacks(found)
        replacing = _replacing(found)
        return [
            Entry(
                recipient=row,
                contact=contacts.get(row.contact_id),
                delivery=replacing.get(row.pk) or deliveries.get(row.pk),
                reason=self._reason(row),
                fallback=fallbacks.get(row.pk),
            )
            for row in rows
        ]

    def _reason(self, row: Recipient) -> str:
        if not row.reason and self._cancelled and row.pk > self.campaign.handed_to:
            return SkipReason.CANCELLED.value
        return row.reason


def _fallbacks(deliveries: Sequence[Delivery]) -> dict[int, Fallback]:
    """What stands behind these, by line; one statement, none where nothing does."""
    watched = [row.pk for row in deliveries if row.fallback_s is not None]
    if not watched:
        return {}
    rows = Fallback.objects.filter(pk__in=watched).select_related("delivery__channel", "channel")
    return {line_id(row.delivery.uid): row for row in rows}


def _replacing(deliveries: Sequence[Delivery]) -> dict[int, Delivery]:
    """What took over from these, by line; one statement, none where nothing did."""
    replaced = {row.pk: line_id(row.uid) for row in deliveries if row.state == State.REPLACED}
    if not replaced:
        return {}
    rows = Delivery.objects.filter(replaces__in=replaced, part__lt=FURTHER_PARTS)
    return {replaced[row.replaces_id]: row for row in rows if row.replaces_id is not None}
