"""Files over HTTP: for members of their workspace, and for whoever has a signed link."""

from typing import cast
from uuid import UUID

from django.http import Http404, HttpResponse
from django.http.request import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from gateway.media.links import Expired, Forged, open_token
from gateway.media.models import StoredFile
from gateway.media.responses import file_response


@require_safe
@require(Ability.INBOX)
def show(request: MemberRequest, file_uid: UUID) -> HttpResponse:
    """A file of the member's workspace; ``?download`` never shows it in the browser."""
    row = get_scoped(StoredFile, request.member.workspace_id, uid=file_uid)
    return cast(HttpResponse, file_response(row, download="download" in request.GET))


@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """A file by its signed link; 410 when its time is over, 404 for no link of ours."""
    try:
        pk = open_token(token)
    except Expired:
        return _over(request)
    except Forged as error:
        raise Http404("No such link.") from error
    row = StoredFile.objects.filter(pk=pk).first()
    if row is None:
        return _over(request)
    response = file_response(row)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "410.html", status=410)
