"""Campaigns: a million people frozen, handed over and sent to, paused, and nobody lost or doubled.

- freeze: launching to 1,000,000 contacts whom two conditions select, against one bare INSERT …
  SELECT of as many rows from the same contacts into a table of the same columns with its key
- drain: 30,000 of a campaign's recipients, handed over and sent by the processes as the product
  runs them, from the launch to the last arrival at a provider that answers after 5 ms; the limit
  is aiohttp alone, posting to the same sink in the same run
- memory: the largest worker process while an audience of 10,000 and one of 1,000,000 is sent to
- pause: from the service's call in the midst of the large one to the last arrival
"""

import os
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import psutil

from benches.bare_sender import NUMBER, SID, TOKEN, best_rate
from benches.ground import fresh_database, running, worker
from benches.result import Result
from benches.sink import Sink, running_sink

if TYPE_CHECKING:
    from accounts.models import Workspace
    from campaigns.models import Campaign
    from gateway.models import Channel

PEOPLE = 1_000_000
SOME = 30_000
FEW = 10_000
LATENCY_MS = 5
AT_ONCE = (25, 50, 100, 200)
# How long the large campaign is sent before it is paused.
SENDING_SECONDS = 20.0
PATIENCE_SECONDS = 120.0
TEXT = "Hi {{ first_name|there }}! {{ attributes.tier }} members save 20 % until Sunday."

CONTACTS = """
INSERT INTO contacts_contact
    (workspace_id, name, language, timezone, country, gender, attributes, blocked, created_at,
     updated_at)
SELECT %s, 'Person ' || n, 'en', '', 'ES', '', jsonb_build_object('tier', 'Gold'), false, now(),
    now()
FROM generate_series(1, %s) AS n
"""
ADDRESSES = """
INSERT INTO contacts_address (workspace_id, contact_id, kind, value, created_at)
SELECT workspace_id, id, 'phone', '+1' || lpad(id::text, 10, '0'), now() FROM contacts_contact
WHERE workspace_id = %s
"""
# Indexes for searches take long to fill row by row, and no part of this searches.
SEARCHES = ("contact_name_search", "address_value_search")
BARE_TABLE = """
CREATE TABLE bare_recipient (
    LIKE campaigns_recipient INCLUDING IDENTITY INCLUDING DEFAULTS, PRIMARY KEY (id))
"""
BARE_INSERT = """
INSERT INTO bare_recipient (workspace_id, campaign_id, contact_id, address, reason)
SELECT c.workspace_id, 1, c.id, a.value, ''
FROM contacts_contact c JOIN contacts_address a ON a.contact_id = c.id
WHERE c.workspace_id = %s
"""


def run() -> Result:
    """All parts on one database and one sink."""
    result = Result()
    with running_sink(LATENCY_MS) as sink:
        os.environ["SIMULATOR_URL"] = sink.url
        fresh_database()
        many, some, few = make_people(PEOPLE), make_people(SOME), make_people(FEW)
        settle_tables()
        bare = best_rate(sink.url, at_once=AT_ONCE, count=20_000)
        processes = worker("outbound", "outbound,campaigns,maintenance", 2)
        with running(
            processes, ["celery", "-q", "-A", "omnichannel", "beat", "--pidfile="]
        ) as pids:
            time.sleep(3)
            small = measure_sending(sink, few, FEW, pids)
            sent = measure_sending(sink, some, SOME, pids)
            result.figures["bare_aiohttp_per_s"] = bare
            result.figures["sent_per_s"] = sent["per_s"]
            result.ratios["drain_vs_bare_aiohttp"] = sent["per_s"] / bare
            result.figures["lost"] = small["lost"] + sent["lost"]
            result.figures["doubled"] = small["doubled"] + sent["doubled"]
            measure_large(result, sink, many, pids)
        result.figures["rss_growth_mb"] = result.figures["rss_mb"] - small["rss_mb"]
    return result


def measure_sending(
    sink: Sink, workspace: "Workspace", people: int, pids: list[int]
) -> dict[str, float]:
    """A whole campaign, from its launch to the last arrival."""
    from campaigns.services import launch

    campaign = make_campaign(workspace)
    sink.reset()
    started = time.monotonic()
    launch(campaign=campaign, member=None)
    rss = 0.0

    def over() -> bool:
        nonlocal rss
        rss = max(rss, largest(pids))
        return sink.count() >= people

    wait_until(over, f"{people} arrivals")
    wait_until(lambda: handed_and_settled(campaign), "the last outcome")
    took = max(sink.moments()) - started
    doubled = sink.duplicates()
    return {
        "per_s": people / took,
        "rss_mb": rss,
        "doubled": doubled,
        "lost": people - (sink.count() - doubled),
    }


def measure_large(result: Result, sink: Sink, workspace: "Workspace", pids: list[int]) -> None:
    """Freeze a million, send for a while, pause, cancel; the ledger adds up."""
    from campaigns.models import Campaign
    from campaigns.selectors import progress
    from campaigns.services import cancel, launch, pause

    figures = result.figures
    bare_s = measure_bare(workspace)
    campaign = make_campaign(workspace)
    sink.reset()
    started = time.monotonic()
    launch(campaign=campaign, member=None)
    figures["bare_insert_select_s"] = bare_s
    figures["freeze_s"] = time.monotonic() - started
    result.ratios["freeze_vs_bare_insert_select"] = bare_s / figures["freeze_s"]
    until, rss = time.monotonic() + SENDING_SECONDS, 0.0
    while time.monotonic() < until:
        rss = max(rss, largest(pids))
        time.sleep(0.2)
    figures["rss_mb"] = rss
    figures["numbers_ms"] = milliseconds(lambda: progress(campaign))
    paused = time.monotonic()
    pause(campaign=campaign, member=None)
    time.sleep(3)
    figures["pause_s"] = max(0.0, max(sink.moments()) - paused)
    campaign = Campaign.objects.get(pk=campaign.pk)
    figures["cancel_ms"] = milliseconds(lambda: cancel(campaign=campaign, member=None))
    numbers = progress(Campaign.objects.get(pk=campaign.pk))
    arrived = sink.count()
    doubled = sink.duplicates()
    figures["doubled"] += doubled
    figures["lost"] += abs(numbers.sent - (arrived - doubled)) + abs(numbers.total - PEOPLE)


def measure_bare(workspace: "Workspace") -> float:
    """Seconds of the statement alone, its own commit included; the better of two."""
    from django.db import connection

    took = []
    with connection.cursor() as cursor:
        for _ in range(2):
            cursor.execute(BARE_TABLE)
            started = time.monotonic()
            cursor.execute(BARE_INSERT, [workspace.pk])
            took.append(time.monotonic() - started)
            assert cursor.rowcount == PEOPLE
            cursor.execute("DROP TABLE bare_recipient")
    return min(took)


def make_people(count: int) -> "Workspace":
    """A workspace with so many contacts, each with a phone number."""
    from django.db import connection, transaction

    from accounts.models import Workspace
    from contacts.attributes import create_definition

    name = uuid.uuid4().hex[:12]
    workspace = Workspace.objects.create(name=name, slug=name)
    create_definition(workspace=workspace, member=None, key="tier", name="Tier", type="text")
    with transaction.atomic(), connection.cursor() as cursor:
        for index in SEARCHES:
            cursor.execute(f"DROP INDEX IF EXISTS {index}")
        cursor.execute(CONTACTS, [workspace.pk, count])
        cursor.execute(ADDRESSES, [workspace.pk])
    return workspace


def settle_tables() -> None:
    """What autovacuum does by itself after a while."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table in ("contacts_contact", "contacts_address"):
            cursor.execute(f"VACUUM ANALYZE {table}")


def make_campaign(workspace: "Workspace") -> "Campaign":
    """A draft to everybody in Spain who has a tier."""
    from campaigns.services import create
    from contacts.segments.services import create_segment

    conditions = [
        {"field": "country", "op": "is", "value": "ES"},
        {"field": "attributes.tier", "op": "is_not_empty"},
    ]
    segment = create_segment(
        workspace=workspace,
        member=None,
        name=uuid.uuid4().hex,
        filter={"match": "all", "conditions": conditions},
    )
    channel = make_channel(workspace)
    return create(
        workspace=workspace, member=None, name="Bench", channel=channel, segment=segment, text=TEXT
    )


def make_channel(workspace: "Workspace") -> "Channel":
    """A channel that is limited by nothing but the machine."""
    from gateway.channels import create_channel

    return create_channel(
        workspace=workspace,
        member=None,
        kind="twilio_sms",
        name=uuid.uuid4().hex,
        config={"account_sid": SID, "auth_token": TOKEN, "from_number": NUMBER},
        rate_per_second=10_000.0,
    )


def handed_and_settled(campaign: "Campaign") -> bool:
    """Nothing is queued or on its way any more."""
    from gateway.models import Delivery
    from gateway.states import PENDING

    return not Delivery.objects.filter(batch=campaign.batch_id, state__in=PENDING).exists()


def largest(pids: list[int]) -> float:
    """Resident megabytes of the largest process among these and their children."""
    found = 0.0
    for pid in pids:
        for process in _family(pid):
            try:
                found = max(found, process.memory_info().rss / 1e6)
            except psutil.NoSuchProcess:
                continue
    return found


def _family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def milliseconds(work: Callable[[], object]) -> float:
    """How long something takes, once."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def wait_until(done: Callable[[], bool], what: str) -> None:
    """Look every 50 ms; TimeoutError when it takes too long."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > until:
            raise TimeoutError(f"Waited in vain for {what}.")
        time.sleep(0.05)
