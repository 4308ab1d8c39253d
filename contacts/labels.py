"""Labels: coloured words on contacts and conversations."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Member, Workspace
from contacts.fields import clean_text
from contacts.models import Label

COLORS = ("grey", "blue", "violet", "pink", "red", "orange", "yellow", "green", "teal")
MOST_ON_ONE = 50


def create_label(
    *, workspace: Workspace, member: Member | None, name: str, color: str = "grey"
) -> Label:
    """A new label; its name is unique without regard to case. ValidationError by field."""
    label = Label(workspace=workspace)
    return _save(label, member, "label.created", name, color)


def update_label(*, label: Label, member: Member | None, name: str, color: str) -> Label:
    """Rename or recolour. ValidationError by field."""
    return _save(label, member, "label.updated", name, color)


@transaction.atomic
def delete_label(*, label: Label, member: Member | None) -> None:
    """Remove a label from everything that carries it, and itself."""
    record(
        workspace=label.workspace_id,
        member=member,
        action="label.deleted",
        target=label,
        name=label.name,
    )
    label.delete()


def resolve_labels(workspace: Workspace | int, words: Any) -> list[Label]:
    """The labels of this workspace for ids or names; ValidationError naming what is unknown."""
    if not isinstance(words, Iterable) or isinstance(words, str | bytes | dict):
        raise ValidationError(_("This has to be a list of labels."))
    wanted = list(words)
    if len(wanted) > MOST_ON_ONE:
        raise ValidationError(_("At most %(count)d labels.") % {"count": MOST_ON_ONE})
    known: dict[Any, Label] = {}
    for label in Label.objects.in_workspace(workspace):
        known[label.pk] = known[label.name.casefold()] = label
    found: dict[int, Label] = {}
    for word in wanted:
        match = known.get(_key(word))
        if match is None:
            raise ValidationError(_("There is no label “%(name)s”.") % {"name": str(word)[:60]})
        found[match.pk] = match
    return list(found.values())


def _key(word: Any) -> Any:
    if isinstance(word, Label):
        return word.pk
    if isinstance(word, str):
        return int(word) if word.isascii() and word.isdigit() else word.strip().casefold()
    return word if isinstance(word, int) else None


def _save(label: Label, member: Member | None, action: str, name: str, color: str) -> Label:
    name = _clean_name(name)
    if color not in COLORS:
        raise ValidationError({"color": _("Choose one of the colours.")})
    label.name, label.color = name, color
    try:
        with transaction.atomic():
            label.save()
            record(workspace=label.workspace_id, member=member, action=action, target=label)
    except IntegrityError as error:
        raise ValidationError(
            {"name": _("There is already a label “%(name)s”.") % {"name": name}}
        ) from error
    return label


def _clean_name(name: Any) -> str:
    try:
        word = clean_text(name, 60)
    except ValidationError as error:
        raise ValidationError({"name": error.messages}) from error
    if not word:
        raise ValidationError({"name": _("Give the label a name.")})
    return word
