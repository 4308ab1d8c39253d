"""What the links in a campaign's mail lead to: for everybody who has them, without a log-in.

Programs fetch links before people do, so a GET changes nothing that matters: it shows a page, or
counts. Only a POST unsubscribes; a mail program's one click (RFC 8058) comes without cookies and
gets no redirect, and the token is what allows it, so nothing is gained by forging a request.
"""

from base64 import b64decode
from typing import TypeVar

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirectBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.mail.leaving import ONE_CLICK, PAGE, Standing, come_back, leave, masked, standing_of
from campaigns.mail.model import MailEvent
from campaigns.mail.tokens import TEST, Forged, Purpose, line_of
from campaigns.mail.tracking import address_of, counts, note, tracked_line
from campaigns.models import Recipient

Answer = TypeVar("Answer", bound=HttpResponseBase)
PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


class Found(HttpResponseRedirectBase):
    """To an address that a marketer put into the mail."""

    status_code = 302
    allowed_schemes = ["http", "https"]


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """The page; a POST leaves the list, or takes that back (``do=undo``).

    404 for no link of ours.
    """
    try:
        standing = standing_of(token)
        if request.method == "POST" and standing.line is not None:
            _do(request, standing.line)
            standing = standing_of(token)
    except Forged as error:
        raise Http404("No such link.") from error
    return _quiet(render(request, "campaigns/mail/unsubscribe.html", _context(request, standing)))


@never_cache
@require_safe
def click(request: HttpRequest, token: str, link: int) -> HttpResponseBase:
    """Onwards to one of the mail's links, which is counted; 404 for any other."""
    try:
        line = tracked_line(token)
        response = Found(address_of(line, link))
    except Forged as error:
        raise Http404("No such link.") from error
    if counts(request, line):
        note(line, MailEvent.Kind.CLICKED, link)
    return _quiet(response)


@never_cache
@require_safe
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """A picture of one point that nobody sees; that it was fetched is counted."""
    try:
        if line_of(token, Purpose.TRACK) != TEST:
            line = tracked_line(token)
            if counts(request, line):
                note(line, MailEvent.Kind.OPENED)
    except Forged as error:
        raise Http404("No such picture.") from error
    return _quiet(HttpResponse(PIXEL, content_type="image/gif"))


def _do(request: HttpRequest, line: Recipient) -> None:
    if request.POST.get("do") == "undo":
        come_back(line)
    else:
        leave(line, source=PAGE if "do" in request.POST else ONE_CLICK)


def _context(request: HttpRequest, standing: Standing) -> dict[str, object]:
    line = standing.line
    return {
        "standing": standing,
        "workspace": line.campaign.workspace.name if line else "",
        "address": masked(line.address) if line else "",
        "undone": request.POST.get("do") == "undo" and not standing.left,
    }


def _quiet(response: Answer) -> Answer:
    """Nobody learns the token from a page it leads to, and no search engine keeps it."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
