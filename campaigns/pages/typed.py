"""What a step of the editor has been given: as fields to save, and as a draft to be looked at."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from accounts.members import MemberRequest
from accounts.scoping import get_scoped
from campaigns.behind import Wish, set_fallback
from campaigns.mail.draft import read_mail
from campaigns.models import Behind, Campaign
from campaigns.pages.behind_form import read_wish
from campaigns.pages.mail_typed import MAIL, typed_mail, typed_tracks
from campaigns.pages.template_form import TEMPLATE, typed_template
from campaigns.services import LONGEST_DRAFT
from contacts.models import Segment
from contacts.rich import read_draft
from gateway.content.reading import write
from gateway.models import Channel
from gateway.pages.builder import is_blank, parsed
from gateway.templates.using import draft_with_template

RICH = "rich"


def row(request: MemberRequest, model: type[Any], name: str) -> Any:
    """The row of this workspace whose id was sent; None without one, 404 for a stranger's."""
    value = request.POST.get(name) or request.GET.get(name)
    return get_scoped(model, request.member.workspace_id, pk=value) if value else None


def fields_of(request: MemberRequest, step: str) -> dict[str, Any]:
    """The fields a step sends; ValidationError by field."""
    data = request.POST
    if step == "who":
        return {"name": data.get("name", ""), "segment": row(request, Segment, "segment")}
    if step == "what":
        return _saying(data, request.member.workspace_id)
    if step == "where":
        channel = row(request, Channel, "channel")
        return {"channel": channel, "fallback": read_wish(data, channel)}
    return {}


def unsaved(request: MemberRequest, campaign: Campaign) -> Campaign:
    """The draft as it would be with what is typed; ValidationError by path for its content."""
    said = _said(request.POST, campaign)
    content, mail = said["content"], said["mail"]
    if content is not None:
        content = _checked(campaign, content)
    draft = Campaign(
        workspace=campaign.workspace,
        segment=campaign.segment,
        channel=row(request, Channel, "channel") or campaign.channel,
        text=said["text"].replace("\x00", "")[:LONGEST_DRAFT].strip(),
        content=content,
        mail=None if mail is None else read_mail(mail).written(),
        tracks=said.get("tracks"),
        fallback_by=campaign.fallback_by,
        fallback_channel=campaign.fallback_channel,
        fallback_after_s=campaign.fallback_after_s,
        fallback_success=campaign.fallback_success,
    )
    if "fallback_by" in request.POST:
        _try_wish(draft, request.POST)
    return draft


def _said(data: Mapping[str, str], campaign: Campaign) -> dict[str, Any]:
    if "text" in data or "mode" in data:
        return _saying(data, campaign.workspace_id)
    return {name: getattr(campaign, name) for name in ("text", "content", "mail", "tracks")}


def _saying(data: Mapping[str, str], workspace_id: int) -> dict[str, Any]:
    """A text, content or a mail; what nothing has been put into is an empty text."""
    nothing: dict[str, Any] = {"text": "", "content": None, "mail": None}
    if data.get("mode") == MAIL:
        return nothing | {"mail": typed_mail(data), "tracks": typed_tracks(data)}
    if data.get("mode") == TEMPLATE:
        return nothing | {"content": typed_template(data, workspace_id)}
    if data.get("mode") != RICH:
        return nothing | {"text": data.get("text", "")}
    value = parsed(data.get("content", ""))
    return nothing | {"content": None if is_blank(value) else value}


def _checked(campaign: Campaign, content: Mapping[str, Any]) -> dict[str, Any]:
    try:
        read = read_draft(campaign.workspace, content)
        workspace = campaign.workspace_id
        return write(
            draft_with_template(
                read, workspace_id=workspace, channel=campaign.channel, lenient=True
            )
        )
    except ValidationError as error:
        found = error.message_dict
        raise ValidationError(
            {f"content.{name}": words for name, words in found.items()}
        ) from error


def _try_wish(draft: Campaign, data: Mapping[str, str]) -> None:
    """While it is being chosen it may not make sense yet; then the channel's word is shown."""
    wish: Wish = Behind.CHANNEL
    try:
        wish = read_wish(data, draft.channel)
        set_fallback(draft, wish)
    except ValidationError:
        set_fallback(draft, Behind.CHANNEL)
