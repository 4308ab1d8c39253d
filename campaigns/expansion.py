"""Hands a campaign's recipients over to the outbox, a batch at a time.

Each batch is one transaction with a fixed number of statements: recipients are claimed with SKIP
LOCKED, their texts rendered, deliveries queued and the ledger updated together. A killed worker
leaves either all or nothing of a batch; a doubled task finds the rows taken; and a recipient's uid
is its delivery's, which is unique. So nobody gets a campaign twice and nobody is missed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from campaigns.models import Campaign, CampaignStatus, Recipient, RecipientState, SkipReason, given
from campaigns.progress import campaign_changed
from contacts.rendering import MissingValue, Template, compile_template
from gateway.models import Delivery
from gateway.outbox.queue import BulkItem, queue_bulk
from gateway.registry import adapter_class
from gateway.sql import update_from_values
from gateway.states import State
from gateway.wake import wake

EXPAND = "campaigns.tasks.expand"
BATCH = 500
# Queued deliveries of one campaign in the outbox at most, so that pausing has little to hold back.
LOOK_AHEAD = 2_000

# Sharing lock: expanders do not wait for each other, but pause, cancel and launch do for them.
RUNNING = """
SELECT id FROM campaigns_campaign WHERE id = %s AND status = 'sending' FOR SHARE
"""
# Nothing waits, nothing is queued and nothing is on its way: the campaign is done.
FINISH = """
UPDATE campaigns_campaign AS c SET status = 'finished', finished_at = %s, updated_at = %s
WHERE c.status = 'sending'
  AND NOT EXISTS (SELECT 1 FROM campaigns_recipient r
                  WHERE r.campaign_id = c.id AND r.state = 'pending')
  AND NOT EXISTS (SELECT 1 FROM gateway_delivery d
                  WHERE d.batch_id = c.batch_id AND d.state IN ('queued', 'sending'))
RETURNING c.id
"""


@dataclass(frozen=True, slots=True)
class Texts:
    """What a batch of recipients gets: messages, and who gets none for which reason."""

    items: Sequence[BulkItem]
    skipped: Sequence[tuple[int, SkipReason]]


def wake_expansion(campaign_id: int) -> None:
    """Let a worker hand over more of a campaign once this transaction has committed."""
    wake(EXPAND, str(campaign_id), campaign_id=campaign_id)


def expand(campaign_id: int, *, batches: int = 40) -> int:
    """Hand over up to ``batches`` batches; returns how many recipients were settled or queued."""
    done = 0
    for _ in range(batches):
        count = expand_batch(campaign_id)
        done += count
        if not count:
            break
    return done


@transaction.atomic
def expand_batch(campaign_id: int) -> int:
    """One batch of a campaign; 0 when it is not sending, has nobody left, or enough is queued."""
    with connection.cursor() as cursor:
        cursor.execute(RUNNING, [campaign_id])
        if cursor.fetchone() is None:
            return 0
    campaign = Campaign.objects.select_related("workspace", "channel", "batch").get(pk=campaign_id)
    rows = _claim(campaign)
    if not rows:
        return 0
    texts = _write(campaign, rows)
    deliveries: dict[UUID, int] = {}
    if texts.items:
        deliveries = queue_bulk(
            channel=given(campaign.channel), batch=given(campaign.batch), items=texts.items
        )
    _note(rows, deliveries, texts.skipped)
    campaign_changed(campaign)
    return len(rows)


def finish_settled() -> list[Campaign]:
    """Mark as finished the campaigns that have nobody left to reach; returns them."""
    now = timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(FINISH, [now, now])
            ids = [pk for (pk,) in cursor.fetchall()]
        finished = list(Campaign.objects.filter(pk__in=ids)) if ids else []
        for campaign in finished:
            campaign_changed(campaign)
    return finished


def campaigns_to_continue() -> list[int]:
    """Campaigns that still have recipients to hand over."""
    pending = Recipient.objects.filter(campaign=OuterRef("pk"), state=RecipientState.PENDING)
    rows = Campaign.objects.filter(Exists(pending), status=CampaignStatus.SENDING)
    return list(rows.order_by("id").values_list("id", flat=True))


def _claim(campaign: Campaign) -> list[Recipient]:
    queued = Delivery.objects.filter(batch=given(campaign.batch), state=State.QUEUED).count()
    room = min(BATCH, LOOK_AHEAD - queued)
    if room <= 0:
        return []
    # The empty reason lets the index that counts also give the order.
    rows = Recipient.objects.filter(campaign=campaign, state=RecipientState.PENDING, reason="")
    rows = rows.select_for_update(skip_locked=True, of=("self",)).select_related("contact")
    return list(rows.order_by("id")[:room])


def _write(campaign: Campaign, rows: Sequence[Recipient]) -> Texts:
    limit = adapter_class(given(campaign.channel).kind).capabilities.max_text
    try:
        template = compile_template(campaign.workspace, campaign.text)
    except ValidationError:
        # An attribute was deleted since the launch: the text can no longer be said to anybody.
        return Texts([], [(row.pk, SkipReason.NO_TEXT) for row in rows])
    items: list[BulkItem] = []
    skipped: list[tuple[int, SkipReason]] = []
    for row in rows:
        text = _text(template, row, limit)
        if isinstance(text, SkipReason):
            skipped.append((row.pk, text))
        else:
            items.append(BulkItem(row.uid, row.address, text))
    return Texts(items, skipped)


def _text(template: Template, row: Recipient, limit: int) -> str | SkipReason:
    if row.contact.blocked:
        return SkipReason.BLOCKED
    try:
        text = template.render(row.contact)
    except MissingValue:
        return SkipReason.NO_TEXT
    if not text:
        return SkipReason.NO_TEXT
    return text if len(text) <= limit else SkipReason.TOO_LONG


def _note(
    rows: Sequence[Recipient],
    deliveries: Mapping[UUID, int],
    skipped: Sequence[tuple[int, SkipReason]],
) -> None:
    queued = [(row.pk, deliveries[row.uid]) for row in rows if row.uid in deliveries]
    update_from_values(
        Recipient,
        {"id": "bigint", "state": "text", "reason": "text", "delivery_id": "bigint"},
        [
            *((pk, RecipientState.QUEUED.value, "", delivery) for pk, delivery in queued),
            *((pk, RecipientState.SKIPPED.value, why.value, None) for pk, why in skipped),
        ],
    )
