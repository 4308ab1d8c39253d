"""A person's own settings and the choice of workspace."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import services
from accounts.forms import PreferencesForm
from accounts.members import SESSION_KEY, MemberRequest
from accounts.models import User


@login_required
@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Show the person's name and language, or change the ones that are posted."""
    user = cast(User, request.user)
    if request.method == "GET":
        form = PreferencesForm.of(user, translation.get_language())
        return render(request, "account/preferences.html", {"form": form})
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        return render(request, "account/preferences.html", {"form": form}, status=422)
    given = {key: value for key, value in form.cleaned_data.items() if value}
    services.update_profile(user=user, **given)
    return _saved(request, user)


def _saved(request: HttpRequest, user: User) -> HttpResponse:
    language = user.language or translation.get_language()
    with translation.override(language):
        messages.success(request, _("Your settings were saved."))
    response = _back(request)
    # The log-in page, which does not know the person, then speaks their language too.
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.SESSION_COOKIE_AGE,
        samesite="Lax",
        secure=settings.HTTPS,
    )
    return response


@login_required
@require_POST
def choose_workspace(request: MemberRequest) -> HttpResponse:
    """Act in another of the person's own workspaces from now on."""
    chosen = {str(member.workspace_id): member for member in request.memberships}.get(
        request.POST.get("workspace", "")
    )
    if chosen is None:
        raise Http404
    request.session[SESSION_KEY] = chosen.workspace_id
    return _to(request, settings.LOGIN_REDIRECT_URL)


def _back(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("next", "")
    if not target or not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        target = request.path
    return _to(request, target)


def _to(request: HttpRequest, target: str) -> HttpResponse:
    # htmx follows a redirect inside the page; a new language or workspace changes all of it.
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": target})
    return redirect(target)
