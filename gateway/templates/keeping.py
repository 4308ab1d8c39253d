"""Keeps the stored templates as the provider has them: fetched, told, created and removed there."""

from collections.abc import Generator, Sequence
from dataclasses import asdict
from typing import TypeVar

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Member
from gateway.content.templates import ProviderTemplate, TemplateDraft, TemplateStatus
from gateway.contract import Adapter, Request, Response
from gateway.errors import Rejected, SendError
from gateway.exchange import Exchange
from gateway.models import Channel, ChannelLog
from gateway.registry import UnknownKind, adapter_for, adapters
from gateway.sql import storable
from gateway.templates.filling import check_draft
from gateway.templates.model import StoredTemplate
from gateway.transport import run_steps

logger = structlog.get_logger(__name__)

R = TypeVar("R")
# What may change of a template that is known.
KEPT = (
    *("external_id", "category", "previous_category", "status", "body", "header", "footer"),
    *("buttons", "reason", "updated_at"),
)


def has_templates(channel: Channel) -> bool:
    """Whether the channel's provider has templates."""
    try:
        return adapter_for(channel).capabilities.templates
    except UnknownKind:
        return False


def fetch_templates(channel: Channel) -> int:
    """Ask the provider for all templates and keep them; returns how many there are.

    One that is gone there is marked deleted. Makes HTTP requests: never inside a transaction.
    Raises a SendError, and then nothing has changed.
    """
    found = _ask(channel, _adapter(channel).templates())
    keep_templates(channel, found, all_of_them=True)
    return len(found)


def fetch_all() -> None:
    """For every channel in use whose provider has templates; one that fails holds up no other."""
    able = [kind for kind, adapter in adapters().items() if adapter.capabilities.templates]
    for channel in Channel.objects.filter(kind__in=able, enabled=True).order_by("id"):
        try:
            fetch_templates(channel)
        except SendError as error:
            logger.warning("templates not fetched", channel=str(channel.pk), reason=error.name)
        except Exception:  # an answer nobody expected
            logger.exception("templates not fetched", channel=str(channel.pk))


@transaction.atomic
def keep_templates(
    channel: Channel, found: Sequence[ProviderTemplate], *, all_of_them: bool = False
) -> None:
    """Note what the provider has; ``all_of_them``: what is not among them is gone.

    At most four statements, however many.
    """
    rows = StoredTemplate.objects.filter(channel=channel).order_by("id").select_for_update()
    known = {(row.name, row.language): row for row in rows}
    kept = {(one.name, one.language): _row(channel, one, known) for one in found}
    StoredTemplate.objects.bulk_create(
        kept.values(),
        update_conflicts=True,
        unique_fields=["channel", "name", "language"],
        update_fields=KEPT,
    )
    gone = [row.pk for key, row in known.items() if key not in kept]
    if all_of_them and gone:
        still = StoredTemplate.objects.filter(pk__in=gone).exclude(status=TemplateStatus.DELETED)
        still.update(status=TemplateStatus.DELETED, reason="", updated_at=timezone.now())


def _row(
    channel: Channel, given: ProviderTemplate, known: dict[tuple[str, str], StoredTemplate]
) -> StoredTemplate:
    before = known.get((given.name, given.language))
    same = before is not None and before.given == given
    return StoredTemplate(
        workspace_id=channel.workspace_id,
        channel=channel,
        external_id=given.external_id,
        name=storable(given.name),
        language=given.language,
        category=given.category,
        previous_category=_previous(before, given.category),
        status=given.status.value,
        body=storable(given.body),
        header=asdict(given.header) if given.header else None,
        footer=storable(given.footer),
        buttons=[asdict(one) for one in given.buttons],
        reason=storable(given.reason),
        updated_at=before.updated_at if before is not None and same else timezone.now(),
    )


def _previous(before: StoredTemplate | None, category: str) -> str:
    if before is None:
        return ""
    changed = before.category and category and before.category != category
    return before.category if changed else before.previous_category


def create_template(
    *, channel: Channel, member: Member | None, draft: TemplateDraft
) -> StoredTemplate:
    """Hand a template in for approval.

    Makes HTTP requests. ValidationError by field of the draft, or ``provider`` in its own
    words where it refuses; raises any other SendError.
    """
    check_draft(draft)
    if StoredTemplate.objects.filter(
        channel=channel, name=draft.name, language=draft.language
    ).exclude(status__in=[TemplateStatus.DELETED, TemplateStatus.REJECTED]):
        words = _("There is a template of this name in this language already.")
        raise ValidationError({"name": words})
    try:
        made = _ask(channel, _adapter(channel).create_template(draft))
    except Rejected as error:
        raise ValidationError({"provider": [error.text]}) from error
    keep_templates(channel, [made])
    _audit(channel, member, "template.created", made.name)
    return StoredTemplate.objects.get(channel=channel, name=made.name, language=made.language)


def delete_template(*, template: StoredTemplate, member: Member | None) -> None:
    """Remove it at the provider; here it stays, marked. Makes HTTP requests; raises a SendError."""
    channel = template.channel
    _ask(channel, _adapter(channel).delete_template(template.given))
    StoredTemplate.objects.filter(pk=template.pk).update(
        status=TemplateStatus.DELETED, reason="", updated_at=timezone.now()
    )
    _audit(channel, member, "template.deleted", template.name)


def _adapter(channel: Channel) -> Adapter:
    adapter = adapter_for(channel)
    if not adapter.capabilities.templates:
        raise ValidationError({"channel": [_("This kind of channel has no templates.")]})
    return adapter


def _audit(channel: Channel, member: Member | None, action: str, name: str) -> None:
    record(workspace=channel.workspace_id, member=member, action=action, target=channel, name=name)


def _ask(channel: Channel, steps: Generator[Request, Response, R]) -> R:
    exchanges: list[Exchange] = []
    problem: SendError | None = None
    try:
        return run_steps(steps, exchanges)
    except SendError as error:
        problem = error
        raise
    finally:
        ChannelLog.objects.bulk_create(
            one.log_row(
                workspace_id=channel.workspace_id,
                channel_id=channel.pk,
                kind="templates",
                error=problem.text if problem and one is exchanges[-1] else "",
                error_class=problem.name if problem else "",
            )
            for one in exchanges
        )
