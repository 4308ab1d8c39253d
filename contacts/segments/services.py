"""Creates, changes and deletes segments."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Member, Workspace
from contacts.fields import clean_text
from contacts.models import Segment
from contacts.segments.checks import clean_filter


def create_segment(
    *, workspace: Workspace, member: Member | None, name: str, filter: Any
) -> Segment:
    """A named filter. ValidationError by field; those of the filter as ``filter.<path>``."""
    segment = Segment(workspace=workspace, created_by=member)
    return _save(segment, member, "segment.created", name, filter)


def update_segment(*, segment: Segment, member: Member | None, name: str, filter: Any) -> Segment:
    """Rename or redefine; campaigns that were launched keep their frozen audience."""
    return _save(segment, member, "segment.updated", name, filter)


@transaction.atomic
def delete_segment(*, segment: Segment, member: Member | None) -> None:
    """Delete a segment that no campaign uses; else ValidationError."""
    record(
        workspace=segment.workspace_id,
        member=member,
        action="segment.deleted",
        target=segment,
        name=segment.name,
    )
    try:
        with transaction.atomic():
            segment.delete()
    except ProtectedError as error:
        raise ValidationError(_("Campaigns use this segment, so it has to stay.")) from error


def _save(segment: Segment, member: Member | None, action: str, name: Any, raw: Any) -> Segment:
    errors: dict[str, Any] = {}
    try:
        segment.name = clean_text(name, 200)
        if not segment.name:
            errors["name"] = _("Give the segment a name.")
    except ValidationError as error:
        errors["name"] = error.messages
    try:
        segment.filter = clean_filter(segment.workspace, raw)
    except ValidationError as error:
        for path, messages in error.message_dict.items():
            errors["filter" if path == "filter" else f"filter.{path}"] = messages
    if errors:
        raise ValidationError(errors)
    try:
        with transaction.atomic():
            segment.save()
            record(workspace=segment.workspace_id, member=member, action=action, target=segment)
    except IntegrityError as error:
        raise ValidationError(
            {"name": _("There is already a segment “%(name)s”.") % {"name": segment.name}}
        ) from error
    return segment
