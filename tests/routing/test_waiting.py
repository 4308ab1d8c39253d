"""Routing: to the online agent with the smallest load, never over capacity, whoever routes."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Member
from conversations.models import Conversation, Kind, Message, Status
from conversations.services import assign, reopen, resolve, send_message, wake_up
from conversations.tasks import sweep
from gateway.models import Channel
from routing.models import Agent, Assignment, Presence
from routing.presence import GRACE, expire_presence, receive_presence, set_manual
from routing.reasons import explain
from routing.waiting import route_workspace
from tests import builders
from tests.gateway import twilio
from tests.gateway.test_door import drain_all
from tests.routing.build import agent, loads, waiting

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_smallest_load_gets_it_and_the_reason_can_be_read() -> None:
    channel = builders.channel()
    busy, free = agent(channel.workspace), agent(channel.workspace)
    for _ in range(2):
        builders.conversation(channel, assignee=busy)
    waiting(channel, 1)
    assert route_workspace(channel.workspace_id) == 1
    assert loads() == {busy.pk: 2, free.pk: 1}
    given = Assignment.objects.get()
    assert given.member == free
    assert "0" in explain(given.reason)
    note = Message.objects.get(kind=Kind.ACTIVITY)
    assert note.data["member_name"] == free.name


def test_ties_go_to_the_one_idle_longest() -> None:
    channel = builders.channel()
    _first, second = agent(channel.workspace), agent(channel.workspace)
    Agent.objects.filter(member=second).update(idle_since=timezone.now() - timedelta(hours=1))
    waiting(channel, 1)
    route_workspace(channel.workspace_id)
    assert Conversation.objects.get().assignee == second


def test_nobody_over_capacity_and_the_rest_waits() -> None:
    channel = builders.channel()
    one, two = agent(channel.workspace, 2), agent(channel.workspace, 1)
    waiting(channel, 5)
    assert route_workspace(channel.workspace_id) == 3
    assert loads() == {one.pk: 2, two.pk: 1, None: 2}
    first = Conversation.objects.filter(assignee=None).order_by("queued_at").first()
    assert first == Conversation.objects.order_by("id")[3]


@pytest.mark.parametrize("status", [Presence.AWAY, Presence.OFFLINE])
def test_only_who_is_online(status: str) -> None:
    channel = builders.channel()
    agent(channel.workspace, status=status)
    agent(builders.workspace())
    waiting(channel, 1)
    assert route_workspace(channel.workspace_id) == 0


def test_a_message_to_an_offline_agent_goes_back_to_the_queue() -> None:
    channel = builders.channel()
    gone = agent(channel.workspace)
    twilio.post(channel, twilio.inbound_fields(channel, "+14155550100", "Hi"))
    drain_all()
    route_workspace(channel.workspace_id)
    set_manual(member=gone, presence=Presence.OFFLINE)
    twilio.post(channel, twilio.inbound_fields(channel, "+14155550100", "Still there?"))
    drain_all()
    conversation = Conversation.objects.get()
    assert conversation.assignee is None
    assert conversation.queued_at is not None
    newest = Assignment.objects.latest("id")
    assert gone.name in explain(newest.reason)


def test_a_message_in_a_pending_conversation_of_an_offline_agent_is_queued_too() -> None:
    channel = builders.channel()
    gone = agent(channel.workspace, status=Presence.OFFLINE)
    pending = builders.conversation(channel, assignee=gone, status=Status.PENDING)
    number = pending.address.value
    twilio.post(channel, twilio.inbound_fields(channel, number, "Well?"))
    drain_all()
    pending.refresh_from_db()
    assert (pending.status, pending.assignee) == (Status.OPEN, None)
    assert pending.queued_at is not None


def snoozed(channel: Channel, assignee: Member, minutes: int = -1) -> Conversation:
    """A snoozed conversation that wakes up in so many minutes."""
    until = timezone.now() + timedelta(minutes=minutes)
    return builders.conversation(
        channel, assignee=assignee, status=Status.SNOOZED, snoozed_until=until
    )


def test_what_wakes_up_does_not_stay_with_an_agent_who_is_offline() -> None:
    channel = builders.channel()
    gone = agent(channel.workspace, status=Presence.OFFLINE)
    there = agent(channel.workspace, status=Presence.AWAY)
    lost, kept = snoozed(channel, gone), snoozed(channel, there)
    sweep()
    lost.refresh_from_db()
    kept.refresh_from_db()
    assert (lost.status, lost.assignee) == (Status.OPEN, None)
    assert lost.queued_at is not None
    assert gone.name in explain(Assignment.objects.get(conversation=lost).reason)
    assert (kept.status, kept.assignee) == (Status.OPEN, there)


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.SNOOZED, Status.PENDING])
def test_what_a_colleague_opens_does_not_stay_with_an_agent_who_is_offline(status: Status) -> None:
    channel = builders.channel()
    gone, there = (agent(channel.workspace, status=s) for s in (Presence.OFFLINE, Presence.AWAY))
    lost, own, kept = (
        builders.conversation(channel, assignee=who, status=status) for who in (gone, gone, there)
    )
    returned = reopen(conversation=lost, by=there)
    reopen(conversation=own, by=gone)
    reopen(conversation=kept, by=gone)
    for row in (lost, own, kept):
        row.refresh_from_db()
    assert [row.status for row in (lost, own, kept)] == [Status.OPEN] * 3
    assert [row.assignee for row in (lost, own, kept)] == [None, gone, there]
    assert lost.queued_at is not None
    assert (returned.assignee, returned.version) == (None, lost.version)
    assert Assignment.objects.get().conversation == lost


@pytest.mark.parametrize("status", [Status.OPEN, Status.PENDING, Status.RESOLVED])
def test_who_answers_for_somebody_who_is_offline_takes_over(status: Status) -> None:
    channel = builders.channel()
    gone, there = agent(channel.workspace, status=Presence.OFFLINE), agent(channel.workspace)
    conversation = builders.conversation(channel, assignee=gone, status=status)
    send_message(conversation=conversation, author=there, text="I am here for Ana.")
    conversation.refresh_from_db()
    assert (conversation.status, conversation.assignee) == (Status.OPEN, there)
    assert Assignment.objects.get().reason == {"code": "replied"}


@pytest.mark.parametrize(
    ("holder", "author"),
    [
        (Presence.ONLINE, Presence.ONLINE),
        (Presence.AWAY, Presence.ONLINE),
        (Presence.OFFLINE, Presence.OFFLINE),  # a program that writes in a member's name
        (Presence.OFFLINE, None),
    ],
)
def test_an_answer_alone_takes_nothing_away(holder: Presence, author: Presence | None) -> None:
    channel = builders.channel()
    held_by = agent(channel.workspace, status=holder)
    writer = agent(channel.workspace, status=author) if author else None
    conversation = builders.conversation(channel, assignee=held_by)
    send_message(conversation=conversation, author=writer, text="By the way")
    conversation.refresh_from_db()
    assert conversation.assignee == held_by
    assert not Assignment.objects.exists()


def test_what_somebody_has_moved_on_does_not_wake_up() -> None:
    channel = builders.channel()
    there = agent(channel.workspace)
    read_by_the_sweep = snoozed(channel, there)
    Conversation.objects.update(snoozed_until=timezone.now() + timedelta(hours=1))
    wake_up(conversation=read_by_the_sweep)
    assert Conversation.objects.get().status == Status.SNOOZED
    resolve(conversation=read_by_the_sweep, by=there)
    wake_up(conversation=read_by_the_sweep)
    assert Conversation.objects.get().status == Status.RESOLVED


def test_a_message_to_an_online_agent_stays() -> None:
    channel = builders.channel()
    there = agent(channel.workspace)
    twilio.post(channel, twilio.inbound_fields(channel, "+14155550100", "Hi"))
    drain_all()
    route_workspace(channel.workspace_id)
    twilio.post(channel, twilio.inbound_fields(channel, "+14155550100", "More"))
    drain_all()
    assert Conversation.objects.get().assignee == there


def test_presence_follows_the_socket_and_a_hand_wins() -> None:
    member = builders.member()
    receive_presence(member_id=member.pk, connected=True)
    assert Agent.objects.get().status == Presence.ONLINE
    receive_presence(member_id=member.pk, connected=False)
    assert expire_presence() == 0
    Agent.objects.update(seen_at=timezone.now() - GRACE - timedelta(seconds=1))
    assert expire_presence() == 1
    assert Agent.objects.get().status == Presence.OFFLINE
    set_manual(member=member, presence=Presence.AWAY)
    receive_presence(member_id=member.pk, connected=True)
    assert Agent.objects.get().status == Presence.AWAY
    set_manual(member=member, presence="")
    assert Agent.objects.get().status == Presence.ONLINE


def test_a_beat_that_changes_nothing_is_one_statement(django_assert_num_queries: Any) -> None:
    member = builders.member()
    receive_presence(member_id=member.pk, connected=True)
    before = Agent.objects.get()
    with django_assert_num_queries(1):
        receive_presence(member_id=member.pk, connected=True)
    after = Agent.objects.get()
    assert after.status == Presence.ONLINE
    assert before.seen_at is not None
    assert after.seen_at is not None
    assert after.seen_at > before.seen_at


def test_resolving_and_assigning_leave_a_trace() -> None:
    channel = builders.channel()
    one = agent(channel.workspace)
    conversation = builders.conversation(channel)
    assign(conversation=conversation, member=one, by=one)
    resolve(conversation=conversation, by=one)
    conversation.refresh_from_db()
    assert conversation.status == Status.RESOLVED
    assert Assignment.objects.get().assigned_by == one
