"""Saved mails of a workspace, and the layouts that come with the product."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Template
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.audit import record
from accounts.models import Member, Workspace
from campaigns.mail.composing import compose
from campaigns.mail.draft import MailDraft, read_mail
from campaigns.mail.model import MailSettings, MailTemplate
from contacts.fields import clean_text

STARTERS = {
    "letter": gettext_lazy("Letter"),
    "offer": gettext_lazy("Offer"),
    "news": gettext_lazy("News"),
}
WORDS = {
    "hello": gettext_lazy("Hello {{ first_name|there }},"),
    "regards": gettext_lazy("Kind regards"),
    "why": gettext_lazy("You get this mail because you are on our list."),
    "unsubscribe": gettext_lazy("Unsubscribe"),
    "letter_first": gettext_lazy("Say in the first sentence why you write."),
    "letter_second": gettext_lazy("Then say what the reader can do, and by when."),
    "offer_title": gettext_lazy("Something for you"),
    "offer_big": gettext_lazy("20 % less"),
    "offer_until": gettext_lazy("Until the end of the month, on everything."),
    "offer_button": gettext_lazy("Look at it"),
    "news_title": gettext_lazy("What is new"),
    "news_first": gettext_lazy("The first piece of news"),
    "news_second": gettext_lazy("The second piece of news"),
    "news_words": gettext_lazy("Two sentences say what happened and why it matters."),
    "news_more": gettext_lazy("Read on"),
}
FOLDER = Path(__file__).parent / "starters"
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Beginning:
    """Something to begin a mail with; ``key`` is ``starter-letter``, or ``saved-7`` by its id."""

    key: str
    name: str


def templates_of(workspace: Workspace, *, archived: bool = False) -> QuerySet[MailTemplate]:
    """Saved mails by name."""
    rows: QuerySet[MailTemplate] = MailTemplate.objects.in_workspace(workspace)
    return rows.filter(archived_at__isnull=not archived).order_by("name", "id")


def beginnings(workspace: Workspace) -> list[Beginning]:
    """What a mail can begin with: saved ones, then what comes with the product."""
    saved = [Beginning(f"saved-{row.pk}", row.name) for row in templates_of(workspace)[:200]]
    return saved + [Beginning(f"starter-{key}", str(name)) for key, name in STARTERS.items()]


def begin(workspace: Workspace, key: str) -> MailDraft | None:
    """The mail that a beginning is; None when there is none such."""
    kind, _dash, name = key.partition("-")
    if kind == "starter" and name in STARTERS:
        return MailDraft(html=starter(name))
    if kind == "saved" and name.isascii() and name.isdigit() and len(name) < 19:
        row = templates_of(workspace).filter(pk=int(name)).first()
        return MailDraft.of(row.mail) if row else None
    return None


def starter(name: str) -> str:
    """The HTML of a layout that comes with the product, in the reader's language."""
    words = {key: str(said) for key, said in WORDS.items()}
    return _layout(name).substitute(words)


@lru_cache(maxsize=8)
def _layout(name: str) -> Template:
    return Template((FOLDER / f"{name}.html").read_text(encoding="utf-8"))


def save_template(
    *,
    workspace: Workspace,
    member: Member | None,
    template: MailTemplate | None = None,
    name: Any,
    mail: Mapping[str, Any],
) -> MailTemplate:
    """A new saved mail, or another word of an old one; ValidationError by ``name``, ``mail.html``.

    Its variables are checked, for it is written once and used often.
    """
    draft, errors = MailDraft(), {}
    try:
        draft = read_mail(mail)
        compose(workspace, draft, tracks=False)
    except ValidationError as error:
        errors = dict(error.message_dict)
    try:
        clean = clean_text(name, LONGEST_NAME)
    except ValidationError as error:
        clean, errors["name"] = "", error.messages
    if not clean and "name" not in errors:
        errors["name"] = [_("Give it a name.")]
    if errors:
        raise ValidationError(errors)
    row = template or MailTemplate(workspace=workspace, created_by=member)
    row.name, row.mail = clean, draft.written()
    return _stored(row, member, "mail_template.updated" if template else "mail_template.created")


def duplicate(*, template: MailTemplate, member: Member | None) -> MailTemplate:
    """A copy with a name of its own."""
    taken = set(templates_of(template.workspace).values_list("name", flat=True))
    number, name = 1, ""
    while not name or name in taken:
        number += 1
        name = f"{template.name[: LONGEST_NAME - 8]} ({number})"
    row = MailTemplate(
        workspace=template.workspace, created_by=member, name=name, mail=template.mail
    )
    return _stored(row, member, "mail_template.created")


def archive(*, template: MailTemplate, member: Member | None, archived: bool = True) -> None:
    """Put it away or take it out again. ValidationError when its name is another's by now."""
    template.archived_at = timezone.now() if archived else None
    _stored(template, member, "mail_template.archived" if archived else "mail_template.restored")


@transaction.atomic
def set_tracking(*, workspace: Workspace, member: Member | None, tracks: bool) -> MailSettings:
    """Whether campaigns count opens and clicks where they do not say; launched ones stay."""
    row, _made = MailSettings.objects.update_or_create(
        workspace=workspace, defaults={"tracks": tracks}
    )
    record(
        workspace=workspace,
        member=member,
        action="mail_settings.updated",
        target=row,
        tracks=tracks,
    )
    return row


def _stored(row: MailTemplate, member: Member | None, action: str) -> MailTemplate:
    try:
        with transaction.atomic():
            row.save()
            record(workspace=row.workspace_id, member=member, action=action, target=row)
    except IntegrityError as error:
        words = pgettext("saved mail", "There is one of this name already.")
        raise ValidationError({"name": words}) from error
    return row
