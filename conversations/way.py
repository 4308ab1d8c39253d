"""The way a message takes out of a conversation."""

from dataclasses import dataclass
from typing import Self

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from gateway.content.model import Content
from gateway.events import About
from gateway.fallback.policy import Policy, policy_of
from gateway.models import Channel
from gateway.windows.looking import standing


@dataclass(frozen=True, slots=True)
class Way:
    """The channel a message leaves on, and what takes over what does not arrive (None: nothing)."""

    channel: Channel
    fallback: Policy | None

    @classmethod
    def of(cls, channel: Channel) -> Self:
        """With the fallback that the channel names."""
        return cls(channel, policy_of(channel))


def refuse_closed(content: Content, way: Way, address: str, about: About) -> None:
    """ValidationError naming ``text`` for what the channel would not take now.

    Templates always go, and so does what is public or what another channel would take over.
    """
    if content.template is not None or way.fallback is not None or about.public:
        return
    window = standing(way.channel, address, person=about.person)
    if window is None or window.open:
        return
    if window.until is None:
        words = _("%(channel)s takes free text only once this person has written; use a template.")
    elif window.left == 0:
        words = _("%(channel)s takes no more messages until this person writes again.")
    else:
        words = _("The time to answer freely is over on %(channel)s; use a template.")
    raise ValidationError({"text": words % {"channel": way.channel.name}})
