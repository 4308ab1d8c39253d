"""A mail as it came, for a sandboxed frame: nothing in it runs, and nothing is fetched unasked."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from accounts.members import MemberRequest
from accounts.scoping import get_scoped
from conversations.models import Message, MessageMail
from conversations.views.access import inbox_view, message_of
from gateway.media.links import link
from gateway.media.models import FileState, MessageFile
from gateway.safe_html import SafeHtml, Unshowable, safe_html

# The frame has no origin and no cookies. What it may do is open a link in a tab of its own.
POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';"
    " style-src 'unsafe-inline'; img-src 'self' data:{pictures}; frame-ancestors 'self';"
    " base-uri 'none'; form-action 'none'"
)
DAYS = 1  # for which the pictures of an open page can be fetched


@require_safe
@inbox_view
@xframe_options_sameorigin
def mail(request: MemberRequest, pk: int, message_pk: int) -> HttpResponse:
    """The HTML of a mail; ``?pictures`` lets it fetch those that lie elsewhere.

    404 where it has none. It is shown as text where a browser would choke on its HTML.
    """
    message = message_of(request, pk, message_pk)
    found = get_scoped(MessageMail, request.member.workspace_id, message=message)
    if not found.html:
        raise Http404("The mail has no HTML.")
    remote = "pictures" in request.GET
    try:
        shown: SafeHtml | None = safe_html(found.html, pictures=_pictures(message), remote=remote)
    except Unshowable:
        shown = None
    context = {"mail": found, "message": message, "shown": shown}
    response = render(request, "conversations/mail_frame.html", context)
    pictures = " https: http:" if remote and shown else ""
    response["Content-Security-Policy"] = POLICY.format(pictures=pictures)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _pictures(message: Message) -> dict[str, str]:
    """Links to the files that the HTML shows, by their content ids.

    Signed ones, as a frame without an origin brings no cookies.
    """
    names = {
        place: one["content_id"]
        for place, one in enumerate(message.attachments)
        if one.get("content_id")
    }
    if not names:
        return {}
    rows = MessageFile.objects.filter(
        workspace_id=message.workspace_id, message_uid=message.uid, state=FileState.STORED
    )
    return {
        names[row.place]: link(row.file_id, days=DAYS)
        for row in rows
        if row.place in names and row.file_id
    }
