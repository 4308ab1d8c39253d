"""Words for the audit log's actions; a new action without words here shows its code."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# The part of an action before the dot.
AREAS: dict[str, str | Promise] = {
    "member": _("Members"),
    "user": _("Accounts"),
    "agent": _("Capacity"),
    "team": _("Teams"),
    "token": _("API tokens"),
    "channel": _("Channels"),
    "inbound": _("Inbound trouble"),
    "contact": _("Contacts"),
    "consent": _("Consent"),
    "label": _("Labels"),
    "attribute": _("Attributes"),
    "segment": _("Segments"),
    "campaign": _("Campaigns"),
    "conversation": _("Conversations"),
    "workspace": _("Workspace"),
}

ACTIONS: dict[str, str | Promise] = {
    "workspace.created": _("Workspace created"),
    "member.added": _("Member added"),
    "member.invited": _("Invitation sent again"),
    "member.role_changed": _("Role changed"),
    "member.ended": _("Membership ended"),
    "user.password_changed": _("Password changed"),
    "agent.capacity": _("Capacity changed"),
    "team.created": _("Team added"),
    "team.changed": _("Team changed"),
    "team.deleted": _("Team deleted"),
    "token.created": _("API token created"),
    "token.revoked": _("API token revoked"),
    "channel.created": _("Channel added"),
    "channel.changed": _("Channel changed"),
    "channel.paused": _("Channel paused"),
    "channel.resumed": _("Channel resumed"),
    "channel.tested": _("Test message sent"),
    "inbound.replayed": _("Inbound requests replayed"),
    "contact.created": _("Contact added"),
    "contact.updated": _("Contact changed"),
    "contact.deleted": _("Contact deleted"),
    "contact.merged": _("Contacts merged"),
    "contact.blocked": _("Contact blocked"),
    "contact.unblocked": _("Contact unblocked"),
}


def describe(action: str) -> str:
    """The action in the reader's language."""
    return str(ACTIONS.get(action, action))


def details(data: dict[str, Any]) -> str:
    """What the entry adds, as short pairs; never more than a line."""
    pairs = [f"{name}: {_short(value)}" for name, value in data.items() if value not in ("", None)]
    return " · ".join(pairs)[:300]


def _short(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value[:8])
    return str(value)[:80]
