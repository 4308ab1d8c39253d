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
        WHEN row_number() OVER (PARTITION BY c.id, s.reason IS NULL ORDER BY a.id) > 1
            THEN 'duplicate'
        ELSE ''
    END AS reason
FROM ({segment}) AS c
LEFT JOIN contacts_address a ON a.contact_id = c.id AND a.kind = %s
LEFT JOIN gateway_suppression s
    ON s.workspace_id = %s AND s.medium = %s AND s.address = a.value
"""
# In the order of contacts. ``uuidv7`` grows with time, so a million of them fill the unique index
# from one end.
FREEZE = """
INSERT INTO campaigns_recipient
    (workspace_id, campaign_id, contact_id, address, uid, state, reason)
SELECT %s, %s, line.contact_id, line.address, uuidv7(),
    CASE WHEN line.reason = '' THEN 'pending' ELSE 'skipped' END, line.reason
FROM ({lines}) AS line
ORDER BY line.contact_id
"""
FORECAST = "SELECT line.reason, count(*) FROM ({lines}) AS line GROUP BY 1 ORDER BY 2 DESC"


def freeze(campaign: Campaign) -> int:
    """Write the ledger of a campaign from its segment as it is now; returns the number of lines.

    ValidationError when the segment's filter no longer makes sense.
    """
    lines, parameters = _lines(campaign)
    with connection.cursor() as cursor:
        cursor.execute(
            FREEZE.format(lines=lines), [campaign.workspace_id, campaign.pk, *parameters]
        )
        return int(cursor.rowcount)


def forecast(campaign: Campaign) -> dict[str, int]:
    """How many lines freezing would write now, by reason; '' counts those that get a message."""
    lines, parameters = _lines(campaign)
    with connection.cursor() as cursor:
        cursor.execute(FORECAST.format(lines=lines), parameters)
        return dict(cursor.fetchall())


def _lines(campaign: Campaign) -> tuple[str, list[Any]]:
    adapter = adapter_class(given(campaign.channel).kind)
    chosen = contacts_matching(campaign.workspace, given(campaign.segment).filter).order_by()
    segment, parameters = chosen.values("id", "blocked").query.sql_with_params()
    tail = [adapter.address_kind, campaign.workspace_id, adapter.medium]
    return LINES.format(segment=segment), [*parameters, *tail]
