"""Follows what becomes of campaigns: deliveries that move on, and people who answer."""

from collections.abc import Sequence
from datetime import timedelta

from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone

from campaigns.models import Campaign, Recipient, line_id
from campaigns.pace import EXPAND, room_below
from conversations import realtime
from conversations.hooks import Inbound
from gateway.events import DeliveryChange
from gateway.models import Priority
from gateway.sql import with_values
from gateway.wake import wake

# An answer within this time counts as one to the last campaign the person got.
REPLY_WINDOW = timedelta(days=7)

# The last message of a campaign that each person has got there. Its uid names the line, also where
# another channel took over.
REACHED = """
WITH answered (contact, channel) AS (VALUES {values})
SELECT last.message_uid FROM answered v CROSS JOIN LATERAL (
    SELECT d.message_uid, d.id FROM contacts_address a
    CROSS JOIN LATERAL (
        SELECT d.message_uid, d.id FROM gateway_delivery d
        WHERE d.channel_id = v.channel::uuid AND d.address = a.value AND d.batch_id IS NOT NULL
          AND d.state IN ('sent', 'delivered', 'read', 'unknown', 'replaced') AND d.created_at > %s
        ORDER BY d.id DESC LIMIT 1) d
    WHERE a.contact_id = v.contact::bigint
    ORDER BY d.id DESC LIMIT 1) last
"""
# Somebody waits for their morning, and few for anything else. Those that are due are counted by
# the outbox's own index: "+ 0" keeps PostgreSQL from looking through the million that are not.
BESIDE_HELD = f"""(
    EXISTS (SELECT FROM gateway_delivery h WHERE h.batch_id = {{batch}} AND h.state = 'queued'
            AND h.held_until IS NOT NULL)
    AND NOT EXISTS (
        SELECT FROM gateway_batch b JOIN campaigns_campaign k ON k.batch_id = b.id
        JOIN gateway_delivery d ON d.channel_id = k.channel_id
            AND d.priority = {Priority.BULK.value} AND d.batch_id + 0 = b.id
        WHERE b.id = {{batch}} AND d.state = 'queued' AND d.due_at <= statement_timestamp()
        OFFSET %(most)s))"""  # noqa: S608 - constants only
ROOM_BESIDE_HELD = f"SELECT {BESIDE_HELD.format(batch='%(batch)s')}"
# A batch may send, has lines left, and few of them in the outbox.
CAMPAIGNS = f"""
SELECT c.id, c.workspace_id, c.status = 'sending' AND c.handed_to < c.last_line
    AND (NOT EXISTS (SELECT FROM gateway_delivery d
                     WHERE d.batch_id = c.batch_id AND d.state = 'queued' OFFSET %(most)s)
         OR {BESIDE_HELD.format(batch="c.batch_id")})
FROM campaigns_campaign c WHERE c.batch_id = ANY(%(batches)s)
"""  # noqa: S608 - constants only


def receive_changes(batch: Sequence[DeliveryChange]) -> None:
    """Show new states of campaigns' deliveries, and hand over more where there is room."""
    batches = {change.batch_id for change in batch if change.batch_id is not None}
    if not batches:
        return
    with connection.cursor() as cursor:
        cursor.execute(CAMPAIGNS, {"most": room_below(), "batches": list(batches)})
        found = cursor.fetchall()
    for pk, workspace_id, hungry in found:
        tell_changed(pk, workspace_id)
        if hungry:
            wake(EXPAND, str(pk), campaign_id=pk)


def receive_inbound(conversations: Sequence[Inbound]) -> None:
    """Note who answered a campaign: the last one that reached them on that channel."""
    now = timezone.now()
    pairs = {(item.contact_id, str(item.channel_id)) for item in conversations}
    reached = with_values(REACHED, sorted(pairs), [now - REPLY_WINDOW], fetch=True)
    if not reached:
        return
    lines = Recipient.objects.filter(pk__in=[line_id(uid) for (uid,) in reached], replied_at=None)
    ids = set(lines.values_list("campaign", flat=True))
    if ids:
        lines.update(replied_at=now)
        for campaign in Campaign.objects.filter(pk__in=ids):
            campaign_changed(campaign)


def campaign_changed(campaign: Campaign) -> None:
    """As ``tell_changed``."""
    tell_changed(campaign.pk, campaign.workspace_id)


def tell_changed(campaign_id: int, workspace_id: int) -> None:
    """Tell browsers after commit, at most once a second per campaign; pages refetch the numbers.

    What falls into the same second is told by the next sweep, so the last change is never missed.
    """

    def tell() -> None:
        if _first_this_second(campaign_id):
            _tell(campaign_id, workspace_id)

    transaction.on_commit(tell, robust=True)


def tell_held_back() -> None:
    """Tell browsers what was held back because something had just been told."""
    ended = timezone.now() - REPLY_WINDOW
    rows = Campaign.objects.exclude(launched_at=None).exclude(finished_at__lt=ended)
    known = dict(rows.order_by("-id").values_list("id", "workspace_id")[:1_000])
    held = cache.get_many([_held(pk) for pk in known])
    cache.delete_many(held)
    for pk in held.values():
        _tell(pk, known[pk])


def _tell(campaign_id: int, workspace_id: int) -> None:
    realtime.publish(workspace_id, {"kind": "campaign.changed", "campaign": campaign_id})


def _held(campaign_id: int) -> str:
    return f"campaign-held-back:{campaign_id}"


def _first_this_second(campaign_id: int) -> bool:
    if cache.add(f"campaign-told:{campaign_id}", 1, timeout=1):
        return True
    cache.set(_held(campaign_id), campaign_id, timeout=600)
    return False
