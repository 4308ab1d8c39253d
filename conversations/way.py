"""The way a message takes out of a conversation."""

from dataclasses import dataclass
from typing import Self

from gateway.fallback.policy import Policy, policy_of
from gateway.models import Channel


@dataclass(frozen=True, slots=True)
class Way:
    """The channel a message leaves on, and what takes over what does not arrive (None: nothing)."""

    channel: Channel
    fallback: Policy | None

    @classmethod
    def of(cls, channel: Channel) -> Self:
        """With the fallback that the channel names."""
        return cls(channel, policy_of(channel))
