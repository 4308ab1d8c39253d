"""Reads campaigns: numbers counted from the ledger, and the ledger itself."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Max, Q, QuerySet

from accounts.models import Workspace
from campaigns.models import Campaign, Recipient, RecipientState, SkipReason
from gateway.models import Delivery
from gateway.states import State

# What people ask the ledger for, as (ledger's state, delivery's states).
OUTCOMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "pending": (RecipientState.PENDING, ()),
    "queued": (RecipientState.QUEUED, (State.QUEUED, State.SENDING)),
    "sent": (RecipientState.QUEUED, (State.SENT,)),
    "delivered": (RecipientState.QUEUED, (State.DELIVERED,)),
    "read": (RecipientState.QUEUED, (State.READ,)),
    "failed": (RecipientState.QUEUED, (State.FAILED,)),
    "unknown": (RecipientState.QUEUED, (State.UNKNOWN,)),
    "expired": (RecipientState.QUEUED, (State.EXPIRED,)),
    "cancelled": (RecipientState.QUEUED, (State.CANCELLED,)),
    "skipped": (RecipientState.SKIPPED, ()),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How many lines of a ledger stand where. ``states`` and ``skipped`` count lines by word."""

    states: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    replied: int = 0

    @property
    def total(self) -> int:
        """All lines."""
        return sum(self.states.values()) + self.skipped_total

    @property
    def skipped_total(self) -> int:
        """Lines that were never to be sent."""
        return sum(self.skipped.values())

    @property
    def audience(self) -> int:
        """Lines that get a message, or should have."""
        return sum(self.states.values())

    @property
    def sent(self) -> int:
        """Accepted by the provider, whatever came after."""
        return self._sum(State.SENT, State.DELIVERED, State.READ)

    @property
    def delivered(self) -> int:
        """On the person's device."""
        return self._sum(State.DELIVERED, State.READ)

    @property
    def read(self) -> int:
        """Read, as far as the channel says so."""
        return self._sum(State.READ)

    @property
    def failed(self) -> int:
        """Tried and not delivered, or not known."""
        return self._sum(State.FAILED, State.EXPIRED, State.UNKNOWN, State.CANCELLED)

    @property
    def waiting(self) -> int:
        """Still to be sent."""
        return self._sum("pending", State.QUEUED, State.SENDING)

    @property
    def settled(self) -> int:
        """Lines of the audience with an outcome."""
        return self.audience - self.waiting

    @property
    def percent(self) -> int:
        """Share of the audience that is settled; 100 only when all is."""
        return self.settled * 100 // self.audience if self.audience else 100

    def _sum(self, *words: str) -> int:
        return sum(self.states.get(str(word), 0) for word in words)


def progress(campaign: Campaign) -> Progress:
    """The numbers of one campaign."""
    return progress_of([campaign])[campaign.pk]


def progress_of(campaigns: Collection[Campaign]) -> dict[int, Progress]:
    """The numbers of many campaigns in three statements, from indexes alone.

    A handed-over line stands where its delivery stands, and a campaign's deliveries are those of
    its batch; so both are counted apart and never joined.
    """
    ids = [campaign.pk for campaign in campaigns]
    by_batch = {campaign.batch_id: campaign.pk for campaign in campaigns if campaign.batch_id}
    states: dict[int, dict[str, int]] = {pk: {} for pk in ids}
    skipped: dict[int, dict[str, int]] = {pk: {} for pk in ids}
    lines = Recipient.objects.filter(campaign__in=ids).exclude(state=RecipientState.QUEUED)
    for pk, state, reason, count in (
        lines.order_by().values_list("campaign", "state", "reason").annotate(Count("id"))
    ):
        if state == RecipientState.SKIPPED:
            skipped[pk][reason] = count
        else:
            states[pk][state] = count
    # A delivery that was replaced by a fallback is followed by that one, in the same batch.
    deliveries = (
        Delivery.objects.filter(batch__in=by_batch).exclude(state=State.REPLACED).order_by()
    )
    for batch_id, state, count in deliveries.values_list("batch", "state").annotate(Count("id")):
        states[by_batch[batch_id]][state] = count
    answered = Recipient.objects.filter(campaign__in=ids, replied_at__isnull=False).order_by()
    replied = dict(answered.values_list("campaign").annotate(Count("id")))
    return {pk: Progress(states[pk], skipped[pk], replied.get(pk, 0)) for pk in ids}


def failures(campaign: Campaign) -> Sequence[tuple[str, str, str, int]]:
    """Why deliveries failed, the most common first: (class, code, the provider's words, count)."""
    rows = Delivery.objects.filter(batch=campaign.batch_id, state=State.FAILED).order_by()
    grouped = rows.values_list("error_class", "error_code")
    counted = grouped.annotate(words=Max("error_text"), count=Count("id"))
    return list(counted.order_by("-count")[:10])


def ledger(
    campaign: Campaign, *, outcome: str = "", reason: str = "", replied: bool = False
) -> QuerySet[Recipient]:
    """Lines of the ledger with contact and delivery, in the order of the audience.

    ``outcome`` is one of OUTCOMES, ``reason`` a SkipReason; anything else selects everything.
    """
    rows = Recipient.objects.filter(campaign=campaign).select_related("contact", "delivery")
    if outcome in OUTCOMES:
        state, deliveries = OUTCOMES[outcome]
        condition = Q(state=state)
        if deliveries:
            condition &= Q(delivery__state__in=deliveries)
        rows = rows.filter(condition)
    if reason in SkipReason.values:
        rows = rows.filter(state=RecipientState.SKIPPED, reason=reason)
    if replied:
        rows = rows.filter(replied_at__isnull=False)
    return rows.order_by("id")


def list_campaigns(workspace: Workspace) -> QuerySet[Campaign]:
    """The workspace's campaigns with what a list row shows, newest first."""
    rows: QuerySet[Campaign] = Campaign.objects.in_workspace(workspace)
    return rows.select_related("channel", "segment", "created_by__user").order_by("-id")
