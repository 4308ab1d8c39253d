"""A mail as the editor and the page of a saved one ask for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.members import MemberRequest
from campaigns.mail.draft import LIMITS, LONGEST_HTML, MailDraft
from campaigns.mail.html import text_of
from campaigns.mail.launching import MEDIUM, by_mail, tracks_by_default
from campaigns.mail.saved import beginnings
from campaigns.models import Campaign
from gateway.models import Channel
from gateway.registry import adapters
from gateway.safe_html import Unshowable, check_shape

MAIL = "mail"
TRACKS = {"on": True, "off": False}


def typed_mail(data: Mapping[str, str]) -> dict[str, str]:
    """What was sent of a mail; unknown to nobody, checked by the services."""
    return {name: data.get(f"mail-{name}", "") for name in LIMITS}


def typed_tracks(data: Mapping[str, str]) -> bool | None:
    """Whether it counts; None: as the workspace has it."""
    return TRACKS.get(data.get("mail-tracks", ""))


def text_of_typed(html: str) -> str:
    """The text part of typed HTML; empty where it is too odd to be read."""
    html = html.replace("\x00", "")[:LONGEST_HTML]
    try:
        check_shape(html)
    except Unshowable:
        return ""
    return text_of(html)


def mail_fields(
    request: MemberRequest, campaign: Campaign, errors: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """What ``_mail.html`` needs, as typed, else as saved; nothing where there is no mailbox."""
    if campaign.mail is None and not has_mailbox(campaign.workspace_id):
        return {"has_mail": False}
    sent = request.POST.get("mode") == MAIL
    typed = typed_mail(request.POST) if sent else None
    tracks = typed_tracks(request.POST) if sent else campaign.tracks
    return {
        "has_mail": True,
        "mail": typed or MailDraft.of(campaign.mail),
        "mail_tracks": {True: "on", False: "off"}.get(tracks, "") if tracks is not None else "",
        "mail_tracks_default": tracks_by_default(campaign.workspace),
        "mail_errors": {
            name: [
                *errors.get(f"mail.{name}", ()),
                *(errors.get("mail", ()) if name == "html" else ()),
            ]
            for name in LIMITS
        },
        "beginnings": beginnings(campaign.workspace),
        "mail_channel": campaign.channel is None or by_mail(campaign),
    }


def has_mailbox(workspace_id: int) -> bool:
    """Whether a channel of the workspace sends mail."""
    kinds = [kind for kind, adapter in adapters().items() if adapter.medium == MEDIUM]
    return Channel.objects.in_workspace(workspace_id).filter(kind__in=kinds).exists()
