"""Who may answer in public, as the composer says it."""

from dataclasses import dataclass
from enum import StrEnum

from accounts.models import Member
from conversations.models import Conversation
from conversations.voice.lease import holder


class Mode(StrEnum):
    """What "send" does: publish, ask a colleague to approve, or suggest."""

    REPLY = "reply"
    APPROVE = "approve"
    SUGGEST = "suggest"


@dataclass(frozen=True, slots=True)
class Voice:
    """``owner`` is empty while nobody owns the next answer; ``mine``: this member does."""

    mode: Mode
    owner: str
    mine: bool
    approval: bool


def voice(conversation: Conversation, member: Member) -> Voice | None:
    """None where the conversation is not public."""
    if not conversation.public:
        return None
    lease = holder(conversation)
    mine = lease is not None and lease.member_id == member.pk
    approval = conversation.channel.public_approval
    mode = Mode.APPROVE if approval else Mode.REPLY
    if lease is not None and not mine:
        mode = Mode.SUGGEST
    return Voice(mode, lease.member.name if lease else "", mine, approval)
