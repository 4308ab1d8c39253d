"""Hands a campaign's recipients over to the outbox, a batch at a time.

Each batch is one transaction with a fixed number of statements. It holds the campaign's row, so
one worker at a time hands over; the others turn away. Lines are taken in the order of their ids,
above the mark the last batch left, and the new mark commits together with their deliveries: a
killed worker leaves all or nothing of a batch, a doubled task goes on after it. And should a line
ever be taken again, its delivery's uid is the same and unique. So nobody gets a campaign twice and
nobody is missed.
"""

from collections import Counter
from collections.abc import Sequence

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from campaigns import pace
from campaigns.behind import fallback_of
from campaigns.models import Campaign, CampaignStatus, Recipient, SkipReason, given
from campaigns.progress import ROOM_BESIDE_HELD, campaign_changed
from campaigns.writing import Waiting, write_lines
from gateway.errors import SendError
from gateway.models import Delivery
from gateway.outbox.queue import queue_bulk
from gateway.quiet.places import Rule
from gateway.reach.asking import can_ask, fresh, reach_of
from gateway.sql import update_from_values
from gateway.states import State
from gateway.wake import wake

logger = structlog.get_logger(__name__)

# Of so many lines it is asked at once whom the channel reaches.
ASK_AHEAD = 10_000
CHANNELS = ("channel__fallback_channel", "fallback_channel")

# Nothing waits, nothing is queued and nothing is on its way: the campaign is done.
FINISH = """
UPDATE campaigns_campaign AS c SET status = 'finished', finished_at = %s, updated_at = %s
WHERE c.status = 'sending' AND c.handed_to >= c.last_line
  AND NOT EXISTS (SELECT 1 FROM gateway_delivery d
                  WHERE d.batch_id = c.batch_id AND d.state IN ('queued', 'sending'))
RETURNING c.id
"""


def wake_expansion(campaign_id: int) -> None:
    """Let a worker hand over more of a campaign once this transaction has committed."""
    wake(pace.EXPAND, str(campaign_id), campaign_id=campaign_id)


def expand(campaign_id: int, *, batches: int = 40) -> int:
    """Hand over up to ``batches`` batches; returns how many recipients were settled or queued."""
    done = 0
    for _ in range(batches):
        ask_ahead(campaign_id)
        count = expand_batch(campaign_id)
        done += count
        if not count:
            break
    return done


def ask_ahead(campaign_id: int) -> None:
    """Whom the channel does not reach, where another takes over: asked for many at a time.

    Without an answer everybody is tried, and the other channel takes over a little later.
    """
    row = Campaign.objects.select_related(*CHANNELS).get(pk=campaign_id)
    if row.status != CampaignStatus.SENDING or row.channel is None:
        return
    if fallback_of(row) is None or not can_ask(row.channel):
        return
    waiting = Recipient.objects.filter(
        campaign=row, id__gt=row.handed_to, id__lte=row.last_line, reason=""
    )
    addresses = list(waiting.order_by("id").values_list("address", flat=True)[:ASK_AHEAD])
    if not set(addresses[: pace.BATCH]) - fresh(row.channel, addresses[: pace.BATCH]).keys():
        return
    try:
        reach_of(row.channel, addresses)
    except SendError as error:
        logger.warning("reach not known", campaign=campaign_id, reason=error.name)


@transaction.atomic
def expand_batch(campaign_id: int) -> int:
    """One batch of a campaign; 0 when it is not sending, nobody is left, or enough is queued.

    0 as well when another worker is at it.
    """
    campaign = _hold(campaign_id)
    if campaign is None or not _has_room(campaign):
        return 0
    lines = _next_lines(campaign)
    written = write_lines(campaign, lines)
    if written.items:
        queue_bulk(
            channel=given(campaign.channel),
            batch=given(campaign.batch),
            items=written.items,
            fallback=fallback_of(campaign),
            rule=Rule.of(campaign.workspace),
        )
    _skip(campaign, written.skipped)
    campaign.handed += len(written.items)
    campaign.handed_to = lines[-1].id if lines else campaign.last_line
    campaign.save(update_fields=["handed", "handed_to", "lines"])
    campaign_changed(campaign)
    return len(lines)


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
    rows = Campaign.objects.filter(status=CampaignStatus.SENDING, handed_to__lt=F("last_line"))
    return list(rows.order_by("id").values_list("id", flat=True))


def _hold(campaign_id: int) -> Campaign | None:
    """The row, locked, while it is sending and has lines left. Pausing waits for this lock."""
    free = Campaign.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    waiting = free.filter(status=CampaignStatus.SENDING, handed_to__lt=F("last_line"))
    rows = waiting.select_related("workspace__quiet_hours", *CHANNELS, "batch")
    return rows.filter(pk=campaign_id).first()


def _has_room(campaign: Campaign) -> bool:
    """Whether a whole batch fits below the look-ahead; who waits for their morning takes no room.

    Those are asked for only where somebody does.
    """
    queued = Delivery.objects.filter(batch=campaign.batch_id, state=State.QUEUED)
    if queued[: pace.room_below() + 1].count() <= pace.room_below():
        return True
    with connection.cursor() as cursor:
        cursor.execute(ROOM_BESIDE_HELD, {"batch": campaign.batch_id, "most": pace.room_below()})
        return bool(cursor.fetchone()[0])


def _next_lines(campaign: Campaign) -> list[Waiting]:
    rows = Recipient.objects.filter(
        campaign=campaign, id__gt=campaign.handed_to, id__lte=campaign.last_line, reason=""
    )
    found = rows.order_by("id").values_list("id", "contact_id", "address")[: pace.BATCH]
    return [Waiting(*row) for row in found]


def _skip(campaign: Campaign, skipped: Sequence[tuple[int, SkipReason]]) -> None:
    update_from_values(
        Recipient, {"id": "bigint", "reason": "text"}, [(pk, why.value) for pk, why in skipped]
    )
    for why, count in Counter(why for _pk, why in skipped).items():
        campaign.move_lines(count, why.value)
