"""Attaches the member (user + workspace) and the reader's language to each request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
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
