"""Many routers at once: nobody over capacity, nothing twice, nobody left waiting."""

import multiprocessing
import random
import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from conversations.hooks import Inbound
from conversations.models import Conversation, Kind, Message
from gateway.models import Channel
from routing import waiting as routing
from routing.assigning import assign_batch
from routing.models import Agent, Assignment, Presence
from routing.presence import set_capacity, set_manual
from routing.tasks import sweep
from routing.waiting import load_by_member, receive_inbound, route_workspace
from tests import builders
from tests.gateway import twilio
from tests.gateway.test_door import drain_all
from tests.gateway.test_drain import in_parallel
from tests.routing.build import agent, loads, waiting

pytestmark = pytest.mark.django_db(transaction=True)


def statements(work: Callable[[], object]) -> list[str]:
    """What it sends to the database, begin and commit left out."""
    with CaptureQueriesContext(connection) as captured:
        work()
    texts = [query["sql"] for query in captured]
    return [text for text in texts if text.strip() not in {"BEGIN", "COMMIT"}]


def test_the_number_of_statements_does_not_grow() -> None:
    counts = {}
    for size in (1, 100, 500):
        channel = builders.channel()
        for _ in range(3):
            agent(channel.workspace, 400)
        waiting(channel, size)
        counts[size] = len(statements(partial(route_workspace, channel.workspace_id)))
        assert Assignment.objects.filter(workspace=channel.workspace).count() == size
    assert counts == {1: 5, 100: 5, 500: 5}


def inbound(conversation: Conversation) -> Inbound:
    """As the drain tells that the customer has written."""
    return Inbound(
        conversation_id=conversation.pk,
        workspace_id=conversation.workspace_id,
        contact_id=conversation.contact_id,
        channel_id=str(conversation.channel_id),
        address="",
        assignee_id=conversation.assignee_id,
        reopened=False,
    )


@pytest.mark.parametrize(
    ("holder", "count"), [(None, 0), (Presence.ONLINE, 1), (Presence.AWAY, 1), ("offline", 3)]
)
@pytest.mark.parametrize("size", [1, 20])
def test_what_the_drain_pays_does_not_grow(holder: str | None, count: int, size: int) -> None:
    channel = builders.channel()
    held = [agent(channel.workspace, status=holder) if holder else None for _ in range(size)]
    rows = [inbound(builders.conversation(channel, assignee=member)) for member in held]
    assert len(statements(lambda: receive_inbound(conversations=rows))) == count


def test_only_what_waits_wakes_routing(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[int] = []
    monkeypatch.setattr(routing, "wake_routing", woken.append)
    channel, other = builders.channel(), builders.channel()
    there = agent(channel.workspace)
    receive_inbound(conversations=[inbound(builders.conversation(channel, assignee=there))])
    assert woken == []
    receive_inbound(conversations=[inbound(builders.conversation(one)) for one in (channel, other)])
    assert sorted(woken) == sorted([channel.workspace_id, other.workspace_id])


def test_who_finds_the_workspace_taken_leaves_and_is_not_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    channel = builders.channel()
    agent(channel.workspace)
    left: list[int] = []

    def come_too_late() -> None:
        waiting(channel, 1)
        left.append(route_workspace(channel.workspace_id))
        connections.close_all()

    def hold_the_turn(workspace_id: int) -> int | None:
        """The first batch ends only after somebody else has written, and asked in vain."""
        with transaction.atomic():
            count = assign_batch(workspace_id)
            if threading.current_thread() is threading.main_thread() and not left:
                other = threading.Thread(target=come_too_late)
                other.start()
                other.join(20)
        return count

    monkeypatch.setattr(routing, "assign_batch", hold_the_turn)
    assert route_workspace(channel.workspace_id) == 1
    assert left == [0]
    assert Conversation.objects.get().assignee is not None


def _route(workspace_id: int, start: object) -> None:
    connections.close_all()
    start.wait()  # type: ignore[attr-defined]
    while Conversation.objects.filter(workspace=workspace_id, assignee=None).exists():
        route_workspace(workspace_id)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_eight_router_processes_fill_ten_agents_exactly() -> None:
    channel = builders.channel()
    members = [agent(channel.workspace, 40) for _ in range(10)]
    waiting(channel, 400)
    connections.close_all()
    context = multiprocessing.get_context("fork")
    start = context.Event()
    routers = [context.Process(target=_route, args=(channel.workspace_id, start)) for _ in range(8)]
    for router in routers:
        router.start()
    start.set()
    for router in routers:
        router.join(60)
        assert router.exitcode == 0
    assert loads() == {member.pk: 40 for member in members}
    assert_nothing_twice(400)


def assert_nothing_twice(count: int) -> None:
    """So many conversations were given away, once each, and each thread says so once."""
    given = list(Assignment.objects.values_list("conversation", flat=True))
    noted = list(Message.objects.filter(kind=Kind.ACTIVITY).values_list("conversation", flat=True))
    assert len(given) == len(set(given)) == count
    assert sorted(noted) == sorted(given)


class Crowd:
    """A workspace in which everything happens at once, for a number of rounds."""

    ROUNDS = 25
    MOST = 6

    def __init__(self) -> None:
        self.channel: Channel = builders.channel()
        ws = self.channel.workspace
        self.steady = [agent(ws, 5) for _ in range(6)]
        self.fickle = [agent(ws, self.MOST) for _ in range(6)]
        self.away = agent(ws, 50, Presence.AWAY)
        self.dice = random.Random(7)

    def route(self) -> None:
        """A router."""
        for _ in range(self.ROUNDS):
            route_workspace(self.channel.workspace_id)

    def write(self) -> None:
        """New customers."""
        for _ in range(self.ROUNDS):
            waiting(self.channel, 2)
            route_workspace(self.channel.workspace_id)

    def come_and_go(self) -> None:
        """Agents who go offline and come back."""
        for _ in range(self.ROUNDS):
            presence = self.dice.choice([Presence.ONLINE, Presence.OFFLINE])
            set_manual(member=self.dice.choice(self.fickle), presence=presence)

    def resize(self) -> None:
        """Capacities that change."""
        for _ in range(self.ROUNDS):
            member = self.dice.choice(self.fickle)
            set_capacity(member=member, capacity=self.dice.randint(0, self.MOST), by=None)


def test_routers_while_agents_leave_capacities_change_and_customers_write() -> None:
    crowd = Crowd()
    everything = [crowd.route] * 4 + [crowd.write] * 2 + [crowd.come_and_go, crowd.resize]
    in_parallel(8, lambda place: everything[place]())
    sweep()
    route_workspace(crowd.channel.workspace_id)

    held = load_by_member([agent.member_id for agent in Agent.objects.all()])
    assert crowd.away.pk not in held
    assert all(held.get(member.pk, 0) <= 5 for member in crowd.steady)
    assert all(held.get(member.pk, 0) <= crowd.MOST for member in crowd.fickle)
    reasons = [given.reason for given in Assignment.objects.all()]
    assert all(reason["load"] < reason["capacity"] for reason in reasons)
    assert_nothing_twice(sum(held.values()))
    free = [
        one
        for one in Agent.objects.filter(status=Presence.ONLINE)
        if held.get(one.member_id, 0) < one.capacity
    ]
    queued = Conversation.objects.filter(assignee=None).count()
    assert queued + sum(held.values()) == 2 * 2 * Crowd.ROUNDS
    assert not (free and queued)


def test_routers_and_drains_never_wait_for_each_other_in_a_circle() -> None:
    channel = builders.channel()
    members = [agent(channel.workspace, 4) for _ in range(6)]
    numbers = [f"+1415555{n:04d}" for n in range(20)]
    dice = random.Random(7)

    def write(place: int) -> None:
        for n in range(6):
            for number in dice.sample(numbers, 10):
                fields = twilio.inbound_fields(channel, number, f"{place} {n}")
                assert twilio.post(channel, fields).status_code == 200
            drain_all()

    def route(place: int) -> None:
        for _ in range(30):
            route_workspace(channel.workspace_id)

    def come_and_go(place: int) -> None:
        for _ in range(30):
            presence = dice.choice([Presence.ONLINE, Presence.OFFLINE])
            set_manual(member=dice.choice(members[:3]), presence=presence)

    everything = [write] * 3 + [route] * 4 + [come_and_go]
    in_parallel(8, lambda place: everything[place](place))
    drain_all()
    route_workspace(channel.workspace_id)
    held = load_by_member([member.pk for member in members])
    assert all(load <= 4 for load in held.values())
    queued = Conversation.objects.filter(assignee=None, queued_at__isnull=False)
    assert queued.count() + sum(held.values()) == Conversation.objects.count()
    # What is given and taken back alternates, whatever happened at once.
    for conversation in Conversation.objects.all():
        steps = [step.member_id is not None for step in conversation.assignments.order_by("id")]
        assert steps == [n % 2 == 0 for n in range(len(steps))]
        assert (conversation.assignee_id is not None) == (len(steps) % 2 == 1)
