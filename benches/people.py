"""Workspaces full of people for benches; it is not their making that is measured."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.models import Member, Workspace
    from gateway.models import Channel

numbers = itertools.count(1)


def make_workspace() -> "Workspace":
    """An empty workspace."""
    from accounts.models import Workspace

    number = next(numbers)
    return Workspace.objects.create(name=f"Bench {number}", slug=f"bench-{number}")


def make_members(workspace: "Workspace", count: int) -> list["Member"]:
    """People who answer customers."""
    from accounts.models import Member, Role, User

    # Nobody can log in with an empty password; sessions are made where a bench needs them.
    users = User.objects.bulk_create(
        User(email=f"person-{n}@example.com", name=f"Person {n}")
        for n in itertools.islice(numbers, count)
    )
    return Member.objects.bulk_create(
        Member(workspace=workspace, user=user, role=Role.AGENT) for user in users
    )


def make_agents(workspace: "Workspace", count: int, *, capacity: int, small: int) -> None:
    """Online agents; every tenth has a small capacity."""
    from routing.models import Agent, Presence

    Agent.objects.bulk_create(
        Agent(
            workspace=workspace,
            member=member,
            capacity=capacity if place % 10 else small,
            status=Presence.ONLINE,
            manual=Presence.ONLINE,
        )
        for place, member in enumerate(make_members(workspace, count))
    )


def make_channel(workspace: "Workspace") -> "Channel":
    """A channel on which nothing is sent."""
    from gateway.models import Channel
    from gateway.secrets import seal

    return Channel.objects.create(
        workspace=workspace,
        kind="twilio_sms",
        name="Bench",
        address="+14155550000",
        config=seal({}),
    )


def make_waiting(channel: "Channel", count: int) -> None:
    """Customers who want an agent, each since another moment."""
    from contacts.models import Address, Contact
    from conversations.models import Conversation

    now = datetime.now(UTC)
    contacts = Contact.objects.bulk_create(
        Contact(workspace=channel.workspace, name=f"Customer {n}")
        for n in itertools.islice(numbers, count)
    )
    addresses = Address.objects.bulk_create(
        Address(workspace=channel.workspace, contact=one, kind="phone", value=f"+1415{one.pk:07d}")
        for one in contacts
    )
    Conversation.objects.bulk_create(
        Conversation(
            workspace=channel.workspace,
            contact_id=address.contact_id,
            channel=channel,
            address=address,
            queued_at=now - timedelta(seconds=random.random() * 3600),
            last_message_at=now,
            created_at=now,
        )
        for address in addresses
    )
