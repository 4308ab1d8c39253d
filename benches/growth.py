"""How cost grows with what is there: 10,000, 100,000 and 1,000,000 people.

For each size a workspace of its own, all in one database, in one process and one connection:

- freeze: a row of the ledger, when a campaign to all of them is launched
- hand-over, claim, settle: a recipient, when half of them have got the campaign's message before;
  a text is written and queued, taken to be sent, and written as sent
- drain: an inbound request of somebody known, until the message stands in a conversation

All in microseconds a row. ``…_growth`` is the cost at 1,000,000 against that at 10,000.
"""

import logging
import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benches import latency
from benches.campaign import make_campaign, make_people, settle_tables
from benches.ground import fresh_database
from benches.result import Result

if TYPE_CHECKING:
    from accounts.models import Workspace
    from campaigns.models import Campaign

SIZES = (10_000, 100_000, 1_000_000)
ROUNDS, WARM = 10, 1
INBOUND = 2_000

SENT = """
INSERT INTO gateway_delivery
    (workspace_id, uid, channel_id, message_uid, batch_id, medium, address, content, cost,
     priority, marketing, state, due_at, attempts, asks, error_class, error_code, error_text,
     created_at, attempted_at, sent_at, external_id)
SELECT workspace_id, uid, %(channel)s, uid, %(batch)s, 'sms', address,
    jsonb_build_object('text', 'A message of the usual length to somebody, number ' || id),
    1, 50, true, 'sent', now(), 1, 0, '', '', '', now(), now(), now(), 'SM' || md5(id::text)
FROM (SELECT r.*, (%(half)s || lpad(to_hex(r.id), 15, '0'))::uuid AS uid
      FROM campaigns_recipient r WHERE r.campaign_id = %(campaign)s AND r.id <= %(middle)s
      ORDER BY r.id) AS line
"""


def run() -> Result:
    """All sizes, the smallest first."""
    result = Result()
    fresh_database()
    logging.disable(logging.INFO)
    for size in SIZES:
        measure(result, size)
    small, large = SIZES[0], SIZES[-1]
    for name in ("freeze", "hand_over", "claim", "settle", "drain"):
        figures = result.figures
        result.ratios[f"{name}_growth"] = (
            figures[f"{name}_us_{large}"] / figures[f"{name}_us_{small}"]
        )
    return result


def measure(result: Result, size: int) -> None:
    """Everything at one size."""
    from campaigns.services import launch

    workspace = make_people(size)
    settle_tables()
    campaign = make_campaign(workspace)
    freezing = seconds(lambda: launch(campaign=campaign, member=None))
    figures = result.figures
    figures[f"freeze_us_{size}"] = freezing / size * 1e6
    campaign.refresh_from_db()
    send_half(campaign)
    costs = go_on(campaign)
    for name, values in costs.items():
        figures[f"{name}_us_{size}"] = statistics.median(values[WARM:])
    figures[f"drain_us_{size}"] = drain(workspace, size)


def send_half(campaign: "Campaign") -> None:
    """As if half of them had got it."""
    from django.db import connection

    from campaigns.models import Campaign, Recipient, line_uid

    lines = Recipient.objects.filter(campaign=campaign).order_by("id")
    middle = (lines.values_list("id", flat=True)[0] + campaign.last_line) // 2
    with connection.cursor() as cursor:
        cursor.execute(
            SENT,
            {
                "half": line_uid(campaign, 0).hex[:17],
                "channel": campaign.channel_id,
                "batch": campaign.batch_id,
                "campaign": campaign.pk,
                "middle": middle,
            },
        )
        cursor.execute("VACUUM ANALYZE gateway_delivery")
    Campaign.objects.filter(pk=campaign.pk).update(handed_to=middle)


def go_on(campaign: "Campaign") -> dict[str, list[float]]:
    """What the next ones cost; each batch is on its way before the next is handed over."""
    from campaigns.expansion import expand_batch
    from gateway.models import Bucket
    from gateway.outbox.claim import claim
    from gateway.outbox.places import Load
    from gateway.outbox.settle import Outcome, settle

    costs: dict[str, list[float]] = {"hand_over": [], "claim": [], "settle": []}
    for _ in range(ROUNDS):
        with timed(costs["hand_over"]) as done:
            done.append(expand_batch(campaign.pk))
        while True:
            Bucket.objects.filter(pk=campaign.channel_id).update(tokens=400)
            with timed(costs["claim"]) as done:
                rows = claim(Load()).rows
                done.append(len(rows))
            if not rows:
                break
            outcomes = [Outcome(row, external_id=f"SM{uuid.uuid4().hex}") for row in rows]
            with timed(costs["settle"]) as done:
                settle(outcomes)
                done.append(len(rows))
    return costs


@contextmanager
def timed(costs: list[float]) -> Iterator[list[int]]:
    """Note the microseconds a row; the block says how many rows there were, if any."""
    done: list[int] = []
    started = time.perf_counter()
    yield done
    if done[0]:
        costs.append((time.perf_counter() - started) / done[0] * 1e6)


def drain(workspace: "Workspace", size: int) -> float:
    """Microseconds a stored request of people of this workspace."""
    from django.conf import settings
    from django.test import Client

    from contacts.models import Address
    from gateway.channels import create_channel
    from gateway.drain import drain_batch

    channel = create_channel(
        workspace=workspace,
        member=None,
        kind="twilio_sms",
        name=uuid.uuid4().hex,
        config={
            "account_sid": latency.SID,
            "auth_token": latency.TOKEN,
            "from_number": latency.NUMBER,
        },
        rate_per_second=100.0,
    )
    path = f"/webhooks/{channel.pk}/"
    first = (
        Address.objects.filter(workspace=workspace).order_by("id").values_list("id", flat=True)[0]
    )
    client = Client(headers={"host": urlsplit(settings.PUBLIC_URL).netloc})
    for place in random.Random(7).sample(range(size), INBOUND):
        value = Address.objects.values_list("value", flat=True).get(pk=first + place)
        body, headers = latency.signed(f"{settings.PUBLIC_URL}{path}", value, "Some words")
        answer = client.post(path, body, content_type=headers.pop("Content-Type"), headers=headers)
        assert answer.status_code == 200, answer.status_code
    costs = []
    while True:
        started = time.perf_counter()
        count = drain_batch()
        if not count:
            break
        costs.append((time.perf_counter() - started) / count * 1e6)
    return statistics.median(costs)


def seconds(work: Callable[[], object]) -> float:
    """How long something takes, once."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
