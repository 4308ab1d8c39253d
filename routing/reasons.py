"""Why a conversation went where it did: codes with numbers, put into words when read."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

LEAST_LOAD = "least_load"
IDLE_LONGEST = "idle_longest"
AGENT_OFFLINE = "agent_offline"
OFFLINE = "offline"
MEMBER_LEFT = "member_left"


def explain(reason: dict[str, Any]) -> str:
    """The reason in the reader's language; empty for codes that need no words."""
    code = reason.get("code")
    if code == LEAST_LOAD:
        return _("fewest open chats (%(load)s of %(capacity)s)") % reason + _among(reason)
    if code == IDLE_LONGEST:
        return _(
            "as few open chats as others (%(load)s of %(capacity)s), and idle longest"
        ) % reason + _among(reason)
    if code == AGENT_OFFLINE:
        return _("%(agent)s is offline and the customer wrote") % reason
    if code == OFFLINE:
        return _("%(agent)s is offline") % reason
    if code == MEMBER_LEFT:
        return _("%(agent)s is no longer a member") % reason
    if code == "replied":
        return _("answered first")
    return ""


def _among(reason: dict[str, Any]) -> str:
    count = int(reason.get("candidates", 0))
    return " " + ngettext("among %d available agent", "among %d available agents", count) % count
