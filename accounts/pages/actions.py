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
    "outbox": _("Outbox"),
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
    "workspace.quiet_hours": _("Quiet hours changed"),
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
    "channel.prices_changed": _("Prices of a channel changed"),
    "channel.paused": _("Channel paused"),
    "channel.resumed": _("Channel resumed"),
    "channel.tested": _("Test message sent"),
    "inbound.replayed": _("Inbound requests replayed"),
    "outbox.requeued": _("Messages sent again"),
    "outbox.cancelled": _("Waiting messages cancelled"),
    "contact.created": _("Contact added"),
    "contact.updated": _("Contact changed"),
    "contact.deleted": _("Contact deleted"),
    "contact.merged": _("Contacts merged"),
    "contact.blocked": _("Contact blocked"),
    "contact.unblocked": _("Contact unblocked"),
    "consent.granted": _("Opt-in noted"),
    "consent.withdrawn": _("Opt-out noted"),
    "label.created": _("Label added"),
    "label.updated": _("Label changed"),
    "label.deleted": _("Label deleted"),
    "attribute.created": _("Attribute added"),
    "attribute.updated": _("Attribute changed"),
    "attribute.deleted": _("Attribute deleted"),
    "segment.created": _("Segment added"),
    "segment.updated": _("Segment changed"),
    "segment.deleted": _("Segment deleted"),
    "campaign.created": _("Campaign added"),
    "campaign.updated": _("Campaign changed"),
    "campaign.deleted": _("Campaign deleted"),
    "campaign.launched": _("Campaign launched"),
    "campaign.paused": _("Campaign paused"),
    "campaign.sending": _("Campaign resumed"),
    "campaign.resumed": _("Campaign resumed"),
    "campaign.cancelled": _("Campaign cancelled"),
    "suppression.added": _("Address suppressed"),
    "suppression.removed": _("Address taken off the suppression list"),
    "mail_template.created": _("Mail template added"),
    "mail_template.updated": _("Mail template changed"),
    "mail_template.archived": _("Mail template archived"),
    "mail_template.restored": _("Mail template taken out of the archive"),
    "mail_settings.updated": _("Counting of opened mails changed"),
    "hashtag_chat.created": _("Hashtag chat added"),
    "hashtag_chat.updated": _("Hashtag chat changed"),
    "hashtag_chat.cancelled": _("Hashtag chat cancelled"),
    "hashtag_chat.deleted": _("Hashtag chat deleted"),
    "hashtag_chat.asked": _("Question asked at once"),
}


def describe(action: str) -> str:
    """The action in the reader's language."""
    return str(ACTIONS.get(action, action))


def details(data: dict[str, Any]) -> str:
    """What the entry adds to its action and target, in a short line."""
    if data.keys() >= {"before", "after"}:
        return f"{data['before']} → {data['after']}"
    pairs = [
        f"{DETAILS[name]}: {_short(value)}"
        for name, value in data.items()
        if name in DETAILS and value not in ("", None, [])
    ]
    return " · ".join(pairs)[:300]


# What is said of an entry's data; ids and what the target's name tells already are left out.
DETAILS: dict[str, str | Promise] = {
    "role": _("role"),
    "capacity": _("capacity"),
    "prefix": _("begins with"),
    "fields": _("fields"),
    "count": _("number"),
    "recipients": _("recipients"),
    "source": _("source"),
    "medium": _("medium"),
    "to": _("to"),
    "hours": _("hours"),
}


def _short(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value[:8])
    return str(value)[:80]
