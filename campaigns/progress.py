"""Follows what becomes of campaigns: deliveries that move on, and people who answer."""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone

from campaigns.models import Campaign, CampaignStatus
from conversations import realtime
from conversations.hooks import Inbound
from gateway.events import DeliveryChange
from gateway.sql import with_values
from gateway.states import State
from gateway.wake import wake

logger = structlog.get_logger(__name__)

# An answer within this time counts as one to the last campaign the person got.
REPLY_WINDOW = timedelta(days=7)

REPLIED = """
WITH answered (contact, channel) AS (VALUES {values}),
last AS (
    SELECT DISTINCT ON (r.contact_id, c.channel_id) r.id, r.replied_at, r.campaign_id
    FROM answered v
    JOIN campaigns_recipient r ON r.contact_id = v.contact::bigint AND r.state = 'queued'
    JOIN campaigns_campaign c ON c.id = r.campaign_id AND c.channel_id = v.channel::uuid
    JOIN gateway_delivery d ON d.id = r.delivery_id
    WHERE d.state IN ('sent', 'delivered', 'read', 'unknown') AND d.created_at > %s
    ORDER BY r.contact_id, c.channel_id, d.id DESC)
UPDATE campaigns_recipient AS r SET replied_at = %s
FROM last WHERE r.id = last.id AND last.replied_at IS NULL
RETURNING r.campaign_id
"""
# Waits for whoever hands one of the lines over at this moment; from then on they are held.
HOLD = """
SELECT id FROM campaigns_recipient WHERE contact_id IN (%s, %s) AND state = 'pending'
ORDER BY id FOR UPDATE
"""
MOVE = """
UPDATE campaigns_recipient AS r SET contact_id = %s WHERE r.contact_id = %s
AND NOT EXISTS (SELECT 1 FROM campaigns_recipient AS t WHERE t.contact_id = %s
                AND t.campaign_id = r.campaign_id AND t.address = r.address)
"""
# One message is enough: what has been handed over counts, then the first line that waits.
SKIP_DOUBLES = """
UPDATE campaigns_recipient AS r SET state = 'skipped', reason = 'duplicate'
WHERE r.contact_id = %s AND r.state = 'pending'
AND EXISTS (SELECT 1 FROM campaigns_recipient AS t
            WHERE t.contact_id = r.contact_id AND t.campaign_id = r.campaign_id
            AND (t.state = 'queued' OR t.state = 'pending' AND t.id < r.id))
RETURNING r.campaign_id
"""


def receive_changes(batch: Sequence[DeliveryChange]) -> None:
    """Show new states of campaigns' deliveries, and hand over more where some have left."""
    batches = {change.batch_id for change in batch if change.batch_id is not None}
    if not batches:
        return
    left = {change.batch_id for change in batch if change.state != State.QUEUED}
    for campaign in Campaign.objects.filter(batch__in=batches):
        campaign_changed(campaign)
        if campaign.status == CampaignStatus.SENDING and campaign.batch_id in left:
            wake("campaigns.tasks.expand", str(campaign.pk), campaign_id=campaign.pk)


def receive_inbound(conversations: Sequence[Inbound]) -> None:
    """Note who answered a campaign: the last one that reached them on that channel."""
    now = timezone.now()
    pairs = {(item.contact_id, str(item.channel_id)) for item in conversations}
    answered = with_values(REPLIED, sorted(pairs), [now - REPLY_WINDOW, now], fetch=True)
    ids = {campaign_id for (campaign_id,) in answered}
    if ids:
        for campaign in Campaign.objects.filter(pk__in=ids):
            campaign_changed(campaign)


def receive_merging(*, keep_id: int, other_id: int, workspace_id: int) -> None:
    """The ledger lines of a contact that is merged away belong to the one that stays.

    A line without address would be there twice; one is enough. Nobody gets a campaign at two
    addresses, so a second line that still waits is skipped.
    """
    with connection.cursor() as cursor:
        cursor.execute(HOLD, [keep_id, other_id])
        cursor.execute(MOVE, [keep_id, other_id, keep_id])
        cursor.execute(SKIP_DOUBLES, [keep_id])
        skipped = {campaign_id for (campaign_id,) in cursor.fetchall()}
    if skipped:
        for campaign in Campaign.objects.filter(pk__in=skipped):
            campaign_changed(campaign)


def campaign_changed(campaign: Campaign) -> None:
    """Tell browsers after commit, at most once a second per campaign; pages refetch the numbers.

    What falls into the same second is told by the next sweep, so the last change is never missed.
    """
    pk, workspace_id = campaign.pk, campaign.workspace_id

    def tell() -> None:
        if _first_this_second(pk):
            _tell(pk, workspace_id)

    transaction.on_commit(tell, robust=True)


def tell_held_back() -> None:
    """Tell browsers what was held back because something had just been told."""
    ended = timezone.now() - REPLY_WINDOW
    rows = Campaign.objects.exclude(launched_at=None).exclude(finished_at__lt=ended)
    known = dict(rows.order_by("-id").values_list("id", "workspace_id")[:1_000])
    try:
        held = cache.get_many([_held(pk) for pk in known])
        cache.delete_many(held)
    except Exception as error:  # Redis is away: a browser misses a hint, nothing else
        logger.warning("campaign events lost", reason=type(error).__name__)
        return
    for pk in held.values():
        _tell(pk, known[pk])


def _tell(campaign_id: int, workspace_id: int) -> None:
    realtime.publish(workspace_id, {"kind": "campaign.changed", "campaign": campaign_id})


def _held(campaign_id: int) -> str:
    return f"campaign-held-back:{campaign_id}"


def _first_this_second(campaign_id: int) -> bool:
    try:
        if cache.add(f"campaign-told:{campaign_id}", 1, timeout=1):
            return True
        cache.set(_held(campaign_id), campaign_id, timeout=600)
    except Exception as error:  # Redis is away: a browser misses a hint, nothing else
        logger.warning("campaign event lost", reason=type(error).__name__)
    return False
