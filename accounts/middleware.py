"""Attaches the member (user + workspace) and the reader's language to each request."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation

from accounts.members import chosen_member, own_memberships

GetResponse = Callable[[HttpRequest], HttpResponse]


class MemberMiddleware:
    """Set ``request.member``: the membership this session acts as, or None.

    Looked up on every request, so access ends with the membership, not with the session.
    ``request.memberships`` are all the person may choose from.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        memberships = own_memberships(request)
        request.memberships = memberships  # type: ignore[attr-defined]
        request.member = chosen_member(request, memberships)  # type: ignore[attr-defined]
        return self.get_response(request)


class LanguageMiddleware:
    """The person's own language wins over the browser's; without a person the browser's counts."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        member = getattr(request, "member", None)
        if member is not None:
            language = member.user.language or member.workspace.language
            translation.activate(language)
            request.LANGUAGE_CODE = language
            timezone.activate(member.workspace.timezone)
        try:
            response = self.get_response(request)
        finally:
            timezone.deactivate()
        return response


class ErrorPageMiddleware:
    """The product's own 403 and 404 pages also with DEBUG, as everybody sees them who tries it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Show the page for what a view refused or did not find; other errors are Django's."""
        if not settings.DEBUG:
            return None
        if isinstance(error, Http404):
            return render(request, "404.html", status=404)
        if isinstance(error, PermissionDenied):
            return render(request, "403.html", status=403)
        return None
