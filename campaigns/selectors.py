"""Reads campaigns: numbers of the ledger, why sends failed, the list."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.cache import cache
from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Now

from accounts.models import Workspace
from campaigns.models import Campaign, CampaignStatus, Recipient, SkipReason
from gateway.fallback.model import FURTHER_PARTS
from gateway.models import Delivery
from gateway.prices.selectors import Cost, spent
from gateway.states import State

COST_KEPT_S = 60


@dataclass(frozen=True, slots=True)
class Progress:
    """How many lines of a ledger stand where. ``states`` and ``skipped`` count lines by word.

    ``held``: of those that are queued, how many wait for the end of quiet hours.
    """

    states: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    replied: int = 0
    held: int = 0

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
    """The numbers of many campaigns in two statements, from indexes alone; one more each with
    fallbacks, and with messages in the queue.

    The lines of the frozen ledger are counted when they are written. A handed-over line stands
    where its delivery stands, and a campaign's deliveries are those of its batch.
    """
    by_batch = {campaign.batch_id: campaign.pk for campaign in campaigns if campaign.batch_id}
    states: dict[int, dict[str, int]] = {campaign.pk: {} for campaign in campaigns}
    deliveries = Delivery.objects.filter(batch__in=by_batch).order_by()
    for batch_id, state, count in deliveries.values_list("batch", "state").annotate(Count("id")):
        states[by_batch[batch_id]][state] = count
    # A delivery that was replaced is followed by that one, in the same batch.
    replaced = [batch for batch, pk in by_batch.items() if states[pk].pop(State.REPLACED, 0)]
    for batch_id, state, count in _beside(replaced) if replaced else ():
        states[by_batch[batch_id]][state] -= count
    answered = Recipient.objects.filter(campaign__in=states, replied_at__isnull=False).order_by()
    replied = dict(answered.values_list("campaign").annotate(Count("id")))
    held = _held([batch for batch, pk in by_batch.items() if states[pk].get(State.QUEUED)])
    return {
        campaign.pk: _progress(
            campaign,
            states[campaign.pk],
            replied.get(campaign.pk, 0),
            held.get(campaign.batch_id or 0, 0),
        )
        for campaign in campaigns
    }


def _held(batch_ids: Collection[int]) -> dict[int, int]:
    """How many of each batch wait for the end of quiet hours."""
    if not batch_ids:
        return {}
    rows = Delivery.objects.filter(batch__in=batch_ids, state=State.QUEUED, held_until__gt=Now())
    return dict(rows.order_by().values_list("batch").annotate(Count("id")))


def _beside(batch_ids: Collection[int]) -> QuerySet[Delivery, tuple[int, str, int]]:
    """Replacements that are no line's: further parts, and those of what arrived after all."""
    rows = Delivery.objects.filter(batch__in=batch_ids, replaces__isnull=False)
    beside = rows.filter(Q(part__gte=FURTHER_PARTS) | ~Q(replaces__state=State.REPLACED))
    counted = beside.exclude(state=State.REPLACED).order_by()
    return counted.values_list("batch", "state").annotate(Count("id"))


def _progress(campaign: Campaign, states: dict[str, int], replied: int, held: int) -> Progress:
    skipped = {reason: count for reason, count in campaign.lines.items() if reason and count}
    if campaign.waiting and campaign.status == CampaignStatus.CANCELLED:
        skipped[SkipReason.CANCELLED.value] = campaign.waiting
    elif campaign.waiting:
        states["pending"] = campaign.waiting
    return Progress(states, skipped, replied, held)


def failures(campaign: Campaign) -> Sequence[tuple[str, str, str, int]]:
    """Why deliveries failed, the most common first: (class, code, the provider's words, count)."""
    rows = Delivery.objects.filter(batch=campaign.batch_id, state=State.FAILED).order_by()
    grouped = rows.values_list("error_class", "error_code")
    counted = grouped.annotate(words=Max("error_text"), count=Count("id"))
    return list(counted.order_by("-count")[:10])


def costs_so_far(campaign: Campaign) -> list[Cost]:
    """What the providers took of a campaign costs, by currency; none without prices.

    It reads every delivery, so what was found is kept for a minute.
    """
    if campaign.batch is None:
        return []
    key = f"campaign-cost-{campaign.batch_id}"
    found: list[Cost] | None = cache.get(key)
    if found is None:
        found = spent(campaign.batch)
        cache.set(key, found, COST_KEPT_S)
    return found


def list_campaigns(workspace: Workspace) -> QuerySet[Campaign]:
    """The workspace's campaigns with what a list row shows, newest first."""
    rows: QuerySet[Campaign] = Campaign.objects.in_workspace(workspace)
    return rows.select_related("channel", "segment", "created_by__user").order_by("-id")
