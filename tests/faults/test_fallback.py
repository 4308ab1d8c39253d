"""A campaign by RCS with SMS behind it, against the simulator: everybody gets it exactly once.

Half of the phones take RCS, some are off, withdrawals cross with deliveries, reports come late,
twice and in disorder, and the delivering worker is killed twice. What counts is what the phones
have shown. ``FALLBACK_PEOPLE`` sets how many people there are.
"""

import json
import os
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from campaigns.ledger import Ledger
from campaigns.models import Campaign
from contacts.models import Address
from embedded.ports import free_port
from gateway.fallback.model import Fallback, Stage, Success
from gateway.fallback.story import story
from gateway.models import Channel, Delivery
from gateway.states import PENDING, State
from tests import builders
from tests.campaigns import build
from tests.faults.stack import forget_wakeups, let_leases_end, let_questions_be_due
from tests.payloads.google_rcs.exhibit import AGENT, config
from tests.processes import Processes, until

pytestmark = pytest.mark.slow

PEOPLE = int(os.environ.get("FALLBACK_PEOPLE", "300"))
OFFLINE_EVERY = 20
WAIT_S = 5
MESSY = {
    "revoke_race": 0.3,
    "revoke_failed": 0.2,
    "duplicate": 0.2,
    "reorder": 0.2,
    "late_status_s": 1,
}


class World:
    """The product's workers and the simulator they talk to."""

    def __init__(self, processes: Processes, simulator: str) -> None:
        self.processes, self.simulator = processes, simulator

    def post(self, path: str, body: Any) -> None:
        """A control call."""
        request = urllib.request.Request(f"{self.simulator}{path}", json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def sent(self, provider: str) -> list[dict[str, Any]]:
        """What a provider has accepted."""
        url = f"{self.simulator}/sent?provider={provider}&limit=200000"
        with urllib.request.urlopen(url, timeout=60) as answer:
            found: list[dict[str, Any]] = json.load(answer)["messages"]
        return found

    def shown(self) -> Counter[str]:
        """How often each phone has shown the message, on whichever way."""
        time.sleep(0.3)  # all of it is a lot to tell
        rcs = [one["to"] for one in self.sent("google_rcs") if one["displayed"]]
        sms = [one["to"] for one in self.sent("twilio") if one["displayed"]]
        return Counter(rcs) + Counter(sms)

    def outbound(self) -> None:
        """The worker that is killed."""
        self.processes.worker("outbound", ["outbound"])


@pytest.fixture
def world(transactional_db: None, door: Processes) -> Iterator[World]:
    """Web and beat, workers, and a simulator that misbehaves."""
    forget_wakeups()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with Processes(
        DJANGO_SETTINGS_MODULE="tests.faults.settings",
        SIMULATOR_URL=url,
        PUBLIC_URL=door.url,
        FALLBACK_QUIET_SECONDS="10",
    ) as made:
        made.start("simulator", "manage", "simulator", "--port", str(port))
        yield World(made, url)


def pair() -> tuple[Channel, Channel]:
    """RCS with SMS behind it."""
    workspace = builders.workspace()
    sms = builders.channel(workspace, rate_per_second=1000.0)
    rcs = builders.channel(
        workspace,
        config=config(),
        kind="google_rcs",
        address=AGENT,
        rate_per_second=1000.0,
        fallback_channel=sms,
        fallback_after_s=WAIT_S,
        fallback_success=Success.DELIVERED,
    )
    return rcs, sms


def test_everybody_gets_it_once_whatever_happens(world: World) -> None:
    rcs, _sms = pair()
    build.people(rcs.workspace, PEOPLE)
    numbers = sorted(
        Address.objects.filter(workspace=rcs.workspace).values_list("value", flat=True)
    )
    until(lambda: is_up(world), "the simulator never answers")
    world.post("/faults", {"provider": "google_rcs", **MESSY})
    capable = numbers[::2]
    offline = capable[:: OFFLINE_EVERY // 2]
    for number in capable:
        world.post("/phones", {"number": number, "rcs": True, "online": number not in offline})
    campaign = build.launched(rcs.workspace, channel=rcs)
    world.processes.worker("inbound", ["inbound", "routing"])
    world.processes.worker("background", ["campaigns", "maintenance"], 2)
    world.outbound()
    for share in (0.2, 0.5):
        until(lambda: len(world.shown()) >= PEOPLE * share, "nothing arrives", 300)  # noqa: B023
        world.processes.kill("outbound")
        let_leases_end()
        world.outbound()
    until(lambda: settled(campaign), "it never settles", 600)
    for number in offline:
        world.post("/phones", {"number": number, "online": True})
    until(lambda: len(world.shown()) == PEOPLE, "somebody has not got it", 120)
    until(lambda: settled(campaign), "it never settles", 120)
    assert Counter(world.shown().values()) == {1: PEOPLE}
    campaign.refresh_from_db()
    every_line_is_explained(campaign)
    said = the_ledger_tells_it(campaign)
    assert said.total() == PEOPLE
    print(*(f"{count:>6} {words}" for words, count in said.most_common()), sep="\n")


def is_up(world: World) -> bool:
    """Whether the simulator answers."""
    try:
        return world.sent("google_rcs") == []
    except OSError:
        return False


def settled(campaign: Campaign) -> bool:
    """Nothing is queued, under way or undecided; what dead workers held has been looked at."""
    let_leases_end(idle_seconds=5)
    let_questions_be_due()
    batch = campaign.batch_id
    if Delivery.objects.filter(batch=batch, state__in=[*PENDING, State.UNKNOWN]).exists():
        return False
    if Delivery.objects.filter(batch=batch, replaces=None).count() < PEOPLE:
        return False
    return not Fallback.objects.filter(delivery__batch=batch).exclude(stage=Stage.DONE).exists()


def every_line_is_explained(campaign: Campaign) -> None:
    """Each person has one delivery that counts, and what was replaced says by what and why."""
    first = Delivery.objects.filter(batch=campaign.batch_id, replaces=None)
    assert first.count() == PEOPLE
    for row in first.select_related("fallback"):
        replacements = list(row.replacements.all())
        if row.state == State.REPLACED:
            assert [one.part for one in replacements] == [0]
            assert row.fallback.verdict
            assert row.fallback.decided_at is not None
            assert row.fallback.decided_at <= timezone.now()
        else:
            assert row.state in {State.DELIVERED, State.READ}
            assert all(one.state == State.REPLACED for one in replacements)


def the_ledger_tells_it(campaign: Campaign) -> Counter[str]:
    """Each line of the ledger has arrived, and says it when another channel took over; how often
    each thing was said.
    """
    said: Counter[str] = Counter()
    for entry in Ledger(campaign):
        assert entry.delivery is not None
        assert entry.state in {State.DELIVERED, State.READ}
        words = story(entry.fallback) if entry.fallback else ""
        assert words or entry.delivery.replaces_id is None
        said[words or "Arrived at once."] += 1
    return said
