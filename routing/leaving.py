"""What becomes of the conversations of somebody whose membership has ended."""

from accounts.models import Member
from conversations.models import Conversation, Status
from conversations.services import assign
from routing.models import Agent, Presence
from routing.reasons import MEMBER_LEFT


def receive_member_ended(member: Member) -> None:
    """Give what the member held back to the queue, in the transaction that ends the membership.

    Open conversations wait for an agent from now on; put-aside ones keep their status.
    """
    Agent.objects.filter(member=member).update(status=Presence.OFFLINE, manual="")
    held = Conversation.objects.filter(assignee=member).exclude(status=Status.RESOLVED)
    reason = {"code": MEMBER_LEFT, "agent": member.name}
    for conversation in held.order_by("id"):
        assign(conversation=conversation, member=None, by=None, reason=reason)
