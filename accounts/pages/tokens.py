"""The person's own API tokens; a token's text is shown once, right after it was made."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import services
from accounts.members import MemberRequest, require
from accounts.models import ApiToken
from accounts.pages.forms import TokenForm, add_service_errors
from accounts.roles import Ability
from accounts.scoping import get_scoped


@never_cache
@require(Ability.SETTINGS)
@require_http_methods(["GET", "POST"])
def token_list(request: MemberRequest) -> HttpResponse:
    """The tokens that work, and a form for one more."""
    form, plaintext = TokenForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        try:
            _token, plaintext = services.create_token(
                member=request.member, name=form.cleaned_data["name"], by=request.member
            )
            form = TokenForm()
        except ValidationError as error:
            add_service_errors(form, error)
    tokens = request.member.tokens.filter(revoked_at=None).order_by("-id")
    context = {"tokens": tokens, "form": form, "plaintext": plaintext}
    status = 422 if form.errors else 200
    return render(request, "settings/tokens/list.html", context, status=status)


@require(Ability.SETTINGS)
@require_POST
def revoke_token(request: MemberRequest, token_id: int) -> HttpResponse:
    """Make one of the person's own tokens useless at once."""
    token = get_scoped(ApiToken, request.member.workspace_id, pk=token_id, member=request.member)
    services.revoke_token(token=token, by=request.member)
    messages.success(request, _("The token was revoked."))
    return redirect("settings-tokens")
