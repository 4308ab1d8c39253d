"""The draft that a page is about, and the contact whom it is looked at as."""

from django.core.exceptions import ValidationError
from django.http import Http404

from accounts.members import MemberRequest
from accounts.scoping import get_scoped
from campaigns.models import Campaign, CampaignStatus
from campaigns.pages.typed import row
from contacts.models import Contact
from contacts.segments import contacts_matching

ROWS = Campaign.objects.select_related(
    *("workspace__quiet_hours", "channel__fallback_channel", "fallback_channel", "segment"),
    "created_by__user",
)


def draft_or_404(request: MemberRequest, campaign_id: int) -> Campaign:
    """The draft of this workspace; what is launched is no draft."""
    campaign = get_scoped(ROWS, request.member.workspace_id, pk=campaign_id)
    if campaign.status != CampaignStatus.DRAFT:
        raise Http404("This campaign is launched.")
    return campaign


def chosen_contact(request: MemberRequest, campaign: Campaign) -> Contact | None:
    """The contact to preview as: the chosen one, else the newest of the segment or workspace."""
    chosen: Contact | None = row(request, Contact, "contact")
    if chosen is not None:
        return chosen
    everybody = Contact.objects.in_workspace(campaign.workspace_id)
    if campaign.segment is None:
        return everybody.exclude(name="").order_by("-id").first()
    try:
        matching = contacts_matching(campaign.workspace, campaign.segment.filter)
    except ValidationError:
        return None
    return matching.order_by("-id").first()
