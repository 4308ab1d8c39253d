"""How a mail looks, for the frames beside the editor: narrow and wide, on a ground of their own."""

from dataclasses import dataclass
from hashlib import sha256

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpResponse

from campaigns.mail.draft import CLIPPED_AT
from campaigns.mail.launching import mail_of
from campaigns.mail.trial import as_mail
from campaigns.models import Campaign
from contacts.models import Contact

# The frame has no origin and no cookies, and nothing in it runs. Pictures are the marketer's own.
POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';"
    " style-src 'unsafe-inline'; img-src https: http: data:; font-src https: data:;"
    " frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
KEPT_S = 3_600  # for which frames of what is typed can be fetched


@dataclass(frozen=True, slots=True)
class MailLook:
    """A mail as one contact gets it. ``look`` names its HTML for ``kept_look``; empty: text only.

    ``problem`` says why they would not get it. ``bytes`` of its HTML.
    """

    subject: str = ""
    preheader: str = ""
    text: str = ""
    look: str = ""
    bytes: int = 0
    problem: str = ""

    @property
    def clipped(self) -> bool:
        """Whether Gmail shows only the beginning."""
        return self.bytes > CLIPPED_AT

    @property
    def kilobytes(self) -> int:
        """Its size, rounded up."""
        return -(-self.bytes // 1_000)


def look_at(draft: Campaign, contact: Contact | None) -> MailLook | None:
    """The mail of a draft that may not be saved; None when it says nothing by mail."""
    mail = mail_of(draft)
    if mail is None:
        return None
    # Whoever looks does not count.
    draft.tracks = False
    problem = ""
    try:
        text, said = as_mail(draft, contact)
    except ValidationError as error:
        problem = " ".join(error.messages)
        try:
            text, said = as_mail(draft, None)
        except ValidationError:
            return MailLook(mail.subject, mail.preheader, mail.text, problem=problem)
    return MailLook(
        subject=said.subject,
        preheader=mail.preheader,
        text=text,
        look=_keep(draft.workspace_id, said.html) if said.html else "",
        bytes=len(said.html.encode()),
        problem=problem,
    )


def kept_look(workspace_id: int, look: str) -> str:
    """The HTML that a look names; empty when it is over."""
    return str(cache.get(_key(workspace_id, look), "")) if look.isalnum() else ""


def frame(html: str) -> HttpResponse:
    """The HTML as it is, where it can do nothing to our own pages."""
    response = HttpResponse(html.replace("<head>", '<head><base target="_blank">', 1))
    response["Content-Security-Policy"] = POLICY
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


def _keep(workspace_id: int, html: str) -> str:
    look = sha256(html.encode()).hexdigest()[:32]
    cache.set(_key(workspace_id, look), html, KEPT_S)
    return look


def _key(workspace_id: int, look: str) -> str:
    return f"mail-look:{workspace_id}:{look}"
