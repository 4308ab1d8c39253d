"""Who is there: the socket says so, a setting by hand wins, silence means offline after a grace."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Member, Role
from conversations import realtime
from conversations.voice.lease import give_back_all
from routing.models import Agent, Presence
from routing.waiting import wake_routing

# Browsers beat every 20 seconds; two missed beats and some slack.
GRACE = timedelta(seconds=45)
DEFAULT_CAPACITY = {Role.AGENT: 10}
MAX_CAPACITY = 1000


def agent_of(member: Member) -> Agent:
    """The member's row in routing, made when first needed. Only agents get chats by default."""
    agent, _created = Agent.objects.get_or_create(
        member=member,
        defaults={
            "workspace_id": member.workspace_id,
            "capacity": DEFAULT_CAPACITY.get(Role(member.role), 0),
        },
    )
    return agent


def receive_presence(*, member_id: int, connected: bool) -> None:
    """A socket of the member has connected or beaten (True), or is gone (False).

    Leaving changes nothing by itself: another tab may be open, or the page is reloading.
    """
    if connected and not _seen_again(member_id):
        _arrive(member_id)


def _seen_again(member_id: int) -> bool:
    """Note a beat of somebody whose status it does not change; one statement for nearly all."""
    settled = Q(manual="", status=Presence.ONLINE) | ~Q(manual="")
    agent = Agent.objects.filter(settled, member=member_id)
    return agent.update(seen_at=timezone.now()) == 1


@transaction.atomic
def _arrive(member_id: int) -> None:
    member = Member.objects.get(pk=member_id)
    agent_of(member)
    agent = Agent.objects.select_for_update().get(member=member)
    agent.seen_at = timezone.now()
    _settle(agent)


def _settle(agent: Agent) -> None:
    """Save a locked agent with the status that counts now; tell who needs to know."""
    before = agent.status
    there = agent.seen_at is not None and agent.seen_at > timezone.now() - GRACE
    agent.status = agent.manual or (Presence.ONLINE if there else Presence.OFFLINE)
    agent.save()
    if agent.status != before:
        realtime.publish(agent.workspace_id, realtime.agent_changed(agent.member_id, agent.status))
        if agent.status == Presence.ONLINE:
            wake_routing(agent.workspace_id)
        elif agent.status == Presence.OFFLINE:
            give_back_all(agent.member_id)


@transaction.atomic
def set_manual(*, member: Member, presence: str) -> Agent:
    """Set a member's status by hand; "" lets the socket decide. ValidationError if unknown."""
    if presence not in {"", *Presence.values}:
        raise ValidationError({"status": _("Choose online, away or offline.")})
    agent_of(member)
    agent = Agent.objects.select_for_update().get(member=member)
    agent.manual = presence
    _settle(agent)
    return agent


@transaction.atomic
def set_capacity(*, member: Member, capacity: int, by: Member | None) -> Agent:
    """How many open conversations routing may give them at once; 0 means none."""
    if isinstance(capacity, bool) or capacity not in range(MAX_CAPACITY + 1):
        raise ValidationError(
            {"capacity": _("The capacity is a whole number from 0 to %d.") % MAX_CAPACITY}
        )
    agent_of(member)
    agent = Agent.objects.select_for_update().get(member=member)
    agent.capacity = capacity
    agent.save(update_fields=["capacity"])
    record(
        workspace=member.workspace_id,
        member=by,
        action="agent.capacity",
        target=member,
        capacity=capacity,
    )
    realtime.publish(agent.workspace_id, realtime.agent_changed(member.pk, agent.status))
    wake_routing(agent.workspace_id)
    return agent


def expire_presence() -> int:
    """Those not heard from within the grace are offline; for the sweep. Returns how many."""
    silent = Agent.objects.filter(
        manual="", status=Presence.ONLINE, seen_at__lt=timezone.now() - GRACE
    )
    count = 0
    for pk in silent.values_list("pk", flat=True):
        with transaction.atomic():
            agent = Agent.objects.select_for_update().get(pk=pk)
            _settle(agent)
            count += agent.status == Presence.OFFLINE
    return count
