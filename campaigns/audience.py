"""Freezes a campaign's audience: one INSERT … SELECT writes the whole ledger."""

from typing import Any

from django.db import connection

from campaigns.models import Campaign, given
from contacts.segments import contacts_matching
from gateway.registry import adapter_class

# One line per contact and address of the channel's kind. The first address that may be used has no
# reason against it; whoever has none gets one line that says so.
LINES = """
SELECT c.id AS contact_id, coalesce(a.value, '') AS address,
    CASE
        WHEN c.blocked THEN 'blocked'
        WHEN a.id IS NULL THEN 'no_address'
        WHEN s.reason IS NOT NULL THEN s.reason
        WHEN a.id > min(a.id) FILTER (WHERE s.reason IS NULL) OVER (PARTITION BY c.id)
            THEN 'duplicate'
        ELSE ''
    END AS reason
FROM ({segment}) AS c
LEFT JOIN contacts_address a ON a.contact_id = c.id AND a.kind = %s
LEFT JOIN gateway_suppression s
    ON s.workspace_id = %s AND s.medium = %s AND s.address = a.value
"""
# In the order of contacts: that is what the block index over contacts lives on.
FREEZE = """
INSERT INTO campaigns_recipient (workspace_id, campaign_id, contact_id, address, reason)
SELECT %s, %s, line.contact_id, line.address, line.reason
FROM ({lines}) AS line
ORDER BY line.contact_id
"""
# Ids grow, so what has just been written lies above what was there before. Only the lines with a
# reason are counted; they have an index, and the others are the rest.
BEFORE = "SELECT coalesce(max(id), 0) FROM campaigns_recipient"
SPAN = """
SELECT
    (SELECT id FROM campaigns_recipient WHERE campaign_id = %(campaign)s AND id > %(before)s
     ORDER BY id LIMIT 1),
    (SELECT id FROM campaigns_recipient WHERE campaign_id = %(campaign)s AND id > %(before)s
     ORDER BY id DESC LIMIT 1)
"""
LEFT_OUT = """
SELECT reason, count(*) FROM campaigns_recipient
WHERE campaign_id = %s AND reason <> '' GROUP BY reason
"""

# By a hash, which is as good as chance and gives the same people the next time.
FORECAST = """
WITH line AS MATERIALIZED ({lines}),
sample AS (
    SELECT contact_id, address FROM line WHERE reason = ''
    ORDER BY hashint8(contact_id), contact_id LIMIT %s)
(SELECT reason, count(*), NULL::bigint, NULL::text FROM line GROUP BY 1 ORDER BY 2 DESC)
UNION ALL SELECT NULL, NULL, contact_id, address FROM sample
"""
# Of whom prices and lengths are looked at, where there are more.
SAMPLE = 1_000

# Merging two contacts waits for a freeze in its workspace, and a freeze for merges under way: the
# ledger never names a contact that went while it was written. Key: (FREEZING, workspace).
FREEZING = 0x6366
LOCK = "SELECT pg_advisory_xact_lock(%s, %s)"
LOCK_SHARED = "SELECT pg_advisory_xact_lock_shared(%s, %s)"


def freeze(campaign: Campaign) -> int:
    """Write the ledger of a campaign from its segment as it is now; returns the number of lines.

    The campaign's row is saved with the span and the counts of its lines. ValidationError when the
    segment's filter no longer makes sense.
    """
    lines, parameters = _lines(campaign)
    workspace_id = campaign.workspace_id
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [FREEZING, _key(workspace_id)])
        cursor.execute(BEFORE)
        (before,) = cursor.fetchone()
        cursor.execute(FREEZE.format(lines=lines), [workspace_id, campaign.pk, *parameters])
        count = int(cursor.rowcount)
        if not count:
            return 0
        cursor.execute(SPAN, {"campaign": campaign.pk, "before": before})
        campaign.first_line, campaign.last_line = cursor.fetchone()
        cursor.execute(LEFT_OUT, [campaign.pk])
        left_out = dict(cursor.fetchall())
    campaign.lines = {"": count - sum(left_out.values()), **left_out}
    # Where nobody gets a message, nothing is left to hand over.
    campaign.handed_to = campaign.first_line - 1 if campaign.lines[""] else campaign.last_line
    campaign.save(update_fields=["lines", "first_line", "last_line", "handed_to"])
    return count


def wait_for_freezes(workspace_id: int) -> None:
    """Let launches of a workspace end, and others wait, until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SHARED, [FREEZING, _key(workspace_id)])


def forecast(campaign: Campaign) -> tuple[dict[str, int], list[tuple[int, str]]]:
    """How many lines freezing would write now, by reason; '' counts those that get a message.

    With a sample of those: (contact, address), at most SAMPLE.
    """
    lines, parameters = _lines(campaign)
    with connection.cursor() as cursor:
        cursor.execute(FORECAST.format(lines=lines), [*parameters, SAMPLE])
        rows = cursor.fetchall()
    counts = {reason: count for reason, count, _contact, _address in rows if reason is not None}
    sample = [(contact, address) for reason, _count, contact, address in rows if reason is None]
    return counts, sample


def _lines(campaign: Campaign) -> tuple[str, list[Any]]:
    adapter = adapter_class(given(campaign.channel).kind)
    chosen = contacts_matching(campaign.workspace, given(campaign.segment).filter).order_by()
    segment, parameters = chosen.values("id", "blocked").query.sql_with_params()
    tail = [adapter.address_kind, campaign.workspace_id, adapter.medium]
    return LINES.format(segment=segment), [*parameters, *tail]


def _key(workspace_id: int) -> int:
    """As the lock wants it: four bytes, signed. Workspaces that share one only wait a little."""
    return workspace_id & 0x7FFFFFFF
