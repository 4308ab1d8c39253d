"""Makes a letter of a mail that was typed: once for a campaign, whoever gets it."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import Workspace
from campaigns.mail import html as made
from campaigns.mail.draft import MailDraft
from contacts.rendering import MOST_VARIABLES, VARIABLE, Compiler, Variable
from gateway.letters.filling import Filling, Way
from gateway.safe_html import Unshowable, check_shape

UNSUBSCRIBE_URL = "unsubscribe_url"
UNSUBSCRIBE = re.compile(r"\{\{\s*unsubscribe_url\s*\}\}")
# A value is part of an address where this stands before it.
IN_ADDRESS = re.compile(r"""(?:\b(?:href|src|background)="[^"<>]+|https?://[^\s"'<>()\[\]]+)$""")
WEB = re.compile(r"https?://[^/?#\s]+", re.IGNORECASE)
LONGEST_ADDRESS = 2_000
PARTS = ("subject", "text", "html", "unsubscribe_url")

Slot = tuple[str, str | None]  # a variable's name, and what is said without a value


@dataclass(frozen=True, slots=True)
class Composed:
    """A letter's ``parts``, the variables that fill it in their order, and the counted ``links``.

    After the variables come two values more: the tokens to unsubscribe and to track. ``text``: the
    text part as it was typed or made. Each link is a list of parts as well.
    """

    parts: Mapping[str, Sequence[Any]]
    slots: Sequence[Slot]
    links: Sequence[Sequence[Any]]
    text: str = ""

    @property
    def filling(self) -> Filling:
        """To be filled."""
        return Filling.of(self.parts)


def compose(workspace: Workspace, draft: MailDraft, *, tracks: bool) -> Composed:
    """The letter; ValidationError by ``mail.html`` and so on where it makes no sense."""
    return _Composer(workspace, tracks).compose(draft)


@dataclass
class _Composer:
    """Gaps are marks while the HTML is worked on: ``oc`` + what nobody knows + number + ``x``."""

    workspace: Workspace
    tracks: bool
    nonce: str = field(default_factory=lambda: secrets.token_hex(6))
    slots: list[Slot] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.compiler = Compiler(self.workspace)
        self.marks = re.compile(rf"oc{self.nonce}n(\d+|u|t)x")
        public = settings.PUBLIC_URL
        self.leave = f"{public}{reverse('mail-unsubscribe', args=[self.mark('u')])}"
        self.open = f"{public}{reverse('mail-open', args=[self.mark('t')])}"

    def mark(self, what: int | str) -> str:
        """What holds a gap open."""
        return f"oc{self.nonce}n{what}x"

    def compose(self, draft: MailDraft) -> Composed:
        """See above."""
        errors: dict[str, str] = {}
        said: dict[str, str] = {}
        plain = draft.text or (self._plain(draft.html) if draft.html else "")
        for name, source in (
            ("subject", draft.subject),
            ("preheader", draft.preheader),
            ("html", draft.html),
            ("text", plain),
        ):
            try:
                said[name] = self._marked(source, html=name == "html")
            except ValidationError as error:
                # What is made of the HTML has its mistakes.
                place = "html" if name == "text" and not draft.text else name
                errors.setdefault(f"mail.{place}", " ".join(error.messages))
        if errors:
            raise ValidationError(errors)
        with override(self.workspace.language):
            said["text"] = self._text(said["text"])
            said["html"] = self._html(said["html"], said["preheader"]) if draft.html else ""
        said["unsubscribe_url"] = self.leave
        return Composed(
            parts={name: self._split(said[name], html=name == "html") for name in PARTS},
            slots=self.slots,
            links=[self._split(link, html=False) for link in self.links],
            text=plain,
        )

    def _plain(self, html: str) -> str:
        try:
            check_shape(html)
        except Unshowable:
            return ""  # told with the HTML
        return made.text_of(html)

    def _marked(self, source: str, *, html: bool = False) -> str:
        """With a mark in place of each variable; ValidationError for one that there is not."""
        if html:
            try:
                check_shape(source)
            except Unshowable as error:
                words = _("This HTML is too deeply nested or has too many attributes.")
                raise ValidationError(words) from error
        pieces = VARIABLE.split(UNSUBSCRIBE.sub(self.leave, source))
        if len(pieces) > 2 * MOST_VARIABLES:
            words = _("At most %(count)d variables in one text.")
            raise ValidationError(words % {"count": MOST_VARIABLES})
        for place, piece in enumerate(pieces):
            if place % 2:
                pieces[place] = self.mark(self._slot(unescape(piece) if html else piece))
            elif "{{" in piece or ("}}" in piece and not html):  # styles may end so
                raise ValidationError(
                    _("A variable is not closed; write it like %(example)s.")
                    % {"example": "{{ first_name|there }}"}
                )
        return "".join(pieces)

    def _slot(self, inside: str) -> int:
        [variable] = self.compiler.compile(f"{{{{{inside}}}}}").parts
        assert isinstance(variable, Variable)  # noqa: S101 - that is what stands in braces
        slot = (variable.name, variable.fallback)
        if slot not in self.slots:
            self.slots.append(slot)
        return self.slots.index(slot)

    def _text(self, text: str) -> str:
        if self.mark("u") in text:
            return text
        return f"{text}\n\n-- \n{self._why()}\n{_('Unsubscribe')}: {self.leave}"

    def _html(self, source: str, preheader: str) -> str:
        html = made.inlined(source)
        if self.tracks:
            html = made.with_links(html, self._counted)
        html = made.with_preheader(html, preheader)
        if self.mark("u") not in html:
            html = made.with_footer(html, words=self._why(), link=_("Unsubscribe"), url=self.leave)
        return made.with_pixel(html, self.open) if self.tracks else html

    def _why(self) -> str:
        return _("You get this mail because you are on a list of %(name)s.") % {
            "name": self.workspace.name
        }

    def _counted(self, link: str) -> str:
        """The address that counts a click; a link to no certain web site stays as it is."""
        link = link.strip()
        site = WEB.match(link)
        if site is None or self.marks.search(site[0]) or self.mark("u") in link:
            return link
        if link not in self.links:
            self.links.append(link)
        place = self.links.index(link)
        path = reverse("mail-click", args=[self.mark("t"), place])
        return f"{settings.PUBLIC_URL}{path}"

    def _split(self, said: str, *, html: bool) -> list[Any]:
        """Words and gaps."""
        pieces: list[Any] = self.marks.split(said)
        before = ""
        for place in range(1, len(pieces), 2):
            before = (before + pieces[place - 1])[-LONGEST_ADDRESS:]
            pieces[place] = self._gap(pieces[place], before, html=html)
            before += "x"
        return [piece for piece in pieces if piece != ""]

    def _gap(self, what: str, before: str, *, html: bool) -> list[Any]:
        if not what.isdigit():
            return [len(self.slots) + (what == "t"), Way.PLAIN.value]
        if IN_ADDRESS.search(before):
            return [int(what), Way.URL.value]
        return [int(what), (Way.HTML if html else Way.PLAIN).value]
