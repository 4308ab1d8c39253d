"""The ledgers' lines of a contact that is merged away belong to the one that stays.

Nobody gets a campaign at two addresses, so a second line that still waits is skipped. Campaigns
are held meanwhile, in the order of their ids, as whoever hands lines over holds them.
"""

from collections import Counter
from collections.abc import Sequence

from django.db import connection

from campaigns.audience import wait_for_freezes
from campaigns.mail.tracking import move_events
from campaigns.models import Campaign, Recipient, SkipReason
from campaigns.progress import campaign_changed

MOVE = """
UPDATE campaigns_recipient AS r SET contact_id = %s
WHERE r.campaign_id = ANY(%s) AND r.contact_id = %s
AND NOT EXISTS (SELECT 1 FROM campaigns_recipient AS t WHERE t.contact_id = %s
                AND t.campaign_id = r.campaign_id AND t.address = r.address)
"""
# A line without address would be there twice; one is enough.
DROP = """
DELETE FROM campaigns_recipient WHERE campaign_id = ANY(%s) AND contact_id = %s
RETURNING campaign_id, reason
"""
# One message is enough: what has been handed over counts, then the first line that waits.
SKIP_DOUBLES = """
UPDATE campaigns_recipient AS r SET reason = 'duplicate' FROM campaigns_campaign AS c
WHERE c.id = ANY(%s) AND c.status IN ('sending', 'paused')
AND r.campaign_id = c.id AND r.contact_id = %s AND r.reason = '' AND r.id > c.handed_to
AND EXISTS (SELECT 1 FROM campaigns_recipient AS t
            WHERE t.contact_id = r.contact_id AND t.campaign_id = r.campaign_id
            AND t.reason = '' AND t.id < r.id)
RETURNING r.campaign_id
"""


def receive_merging(*, keep_id: int, other_id: int, workspace_id: int) -> None:
    """Give ``keep`` the lines of ``other``, in the transaction that merges them."""
    wait_for_freezes(workspace_id)
    move_events(keep_id=keep_id, other_id=other_id)
    held = _hold(workspace_id, other_id)
    if not held:
        return
    ids = [campaign.pk for campaign in held]
    with connection.cursor() as cursor:
        cursor.execute(MOVE, [keep_id, ids, other_id, keep_id])
        cursor.execute(DROP, [ids, other_id])
        dropped = Counter(cursor.fetchall())
        cursor.execute(SKIP_DOUBLES, [ids, keep_id])
        doubles = Counter(campaign_id for (campaign_id,) in cursor.fetchall())
    _count(held, dropped, doubles)


def _hold(workspace_id: int, contact_id: int) -> list[Campaign]:
    """The campaigns that have lines of a contact, locked."""
    lines = Recipient.objects.filter(contact=contact_id).order_by()
    ids = list(lines.values_list("campaign", flat=True).distinct())
    rows = Campaign.objects.in_workspace(workspace_id).filter(pk__in=ids).order_by("id")
    return list(rows.select_for_update(no_key=True))


def _count(
    held: Sequence[Campaign], dropped: Counter[tuple[int, str]], doubles: Counter[int]
) -> None:
    changed = {campaign_id for campaign_id, _reason in dropped} | set(doubles)
    campaigns = [campaign for campaign in held if campaign.pk in changed]
    for campaign in campaigns:
        for (campaign_id, reason), count in dropped.items():
            if campaign_id == campaign.pk:
                campaign.lines[reason] -= count
        if campaign.pk in doubles:
            campaign.move_lines(doubles[campaign.pk], SkipReason.DUPLICATE.value)
        campaign_changed(campaign)
    Campaign.objects.bulk_update(campaigns, ["lines"])
