"""The person's own status switch."""

from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from routing.presence import set_manual


@require_POST
@require(Ability.INBOX)
def own_presence(request: MemberRequest) -> HttpResponse:
    """Set one's own status: online, away, offline, or empty for automatic; answers what counts."""
    try:
        agent = set_manual(member=request.member, presence=request.POST.get("presence", ""))
    except ValidationError as error:
        return JsonResponse({"errors": error.message_dict}, status=400)
    return JsonResponse({"status": agent.status, "manual": agent.manual})
