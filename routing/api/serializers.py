"""Agents as the API shows them."""

from rest_framework import serializers

from accounts.models import Member, Role
from accounts.rest.serializers import StrictSerializer
from routing.models import Agent, Presence
from routing.presence import DEFAULT_CAPACITY, MAX_CAPACITY


class AgentSerializer(serializers.Serializer[Member]):
    """A member as somebody who answers. ``id`` is the member's, ``load`` the open conversations."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True)
    status = serializers.SerializerMethodField()
    capacity = serializers.SerializerMethodField()
    load = serializers.IntegerField(read_only=True)

    def get_status(self, member: Member) -> Presence:
        """Offline for somebody who was never here."""
        agent = agent_of(member)
        return Presence(agent.status) if agent else Presence.OFFLINE

    def get_capacity(self, member: Member) -> int:
        """How many open conversations at most."""
        agent = agent_of(member)
        return agent.capacity if agent else DEFAULT_CAPACITY.get(Role(member.role), 0)


class AgentChange(StrictSerializer):
    """``status`` by hand wins over presence; null leaves it to presence again."""

    status = serializers.ChoiceField(choices=Presence.choices, required=False, allow_null=True)
    capacity = serializers.IntegerField(min_value=0, max_value=MAX_CAPACITY, required=False)


class AgentQuery(serializers.Serializer[Member]):
    """Filters of the list of agents."""

    status = serializers.ChoiceField(choices=Presence.choices, required=False)


def agent_of(member: Member) -> Agent | None:
    """The member's row in routing, loaded with it; None when there is none yet."""
    agent: Agent | None = getattr(member, "agent", None)
    return agent
