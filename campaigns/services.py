"""Drafts, launches, pauses, resumes and cancels campaigns."""

from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Member, Workspace
from campaigns.audience import freeze
from campaigns.behind import fallback_errors, fallback_of, freeze_fallback, set_fallback
from campaigns.expansion import wake_expansion
from campaigns.fitting import content_errors
from campaigns.mail.draft import read_mail
from campaigns.mail.errors import mail_errors
from campaigns.mail.launching import by_mail, mail_of, make_letter
from campaigns.mail.trial import as_mail
from campaigns.models import Campaign, CampaignStatus, given
from campaigns.progress import campaign_changed
from campaigns.trial import as_told
from contacts.fields import clean_text
from contacts.models import Contact, Segment
from contacts.rendering import check_template
from contacts.rich import read_draft
from gateway.addresses import InvalidAddress, normalize
from gateway.content.model import Content
from gateway.content.reading import write
from gateway.events import About
from gateway.media.attaching import attach, hold, without_links
from gateway.models import Batch, BatchState, Channel, Priority
from gateway.outbox.queue import Terms, queue_parts, set_batch_state
from gateway.registry import adapter_class, capabilities_of
from gateway.templates.using import draft_with_template

# Longer than any channel takes, so that drafts of any length are kept and told at the check.
LONGEST_DRAFT = 20_000
FIELDS = ("name", "channel", "segment", "text", "content", "mail", "tracks", "fallback")


SAYING = ("text", "content", "mail")


class WrongStatus(ValidationError):
    """The campaign is in a status from which this is not possible."""


@transaction.atomic
def create(*, workspace: Workspace, member: Member | None, **fields: Any) -> Campaign:
    """A draft from any of FIELDS; ``channel`` and ``segment`` are rows of this workspace or None.

    ``content`` and ``mail`` (campaigns.mail.draft) are JSON with variables, or None; text, content
    and mail take each other's place. ``tracks``: whether a mail counts opens and clicks (None: as
    the workspace has it). ``fallback`` is a Policy or Behind. A draft may be unfinished; a text
    that can never be sent is refused. ValidationError by field (``content.cards.0.title``,
    ``mail.html``, ``fallback.channel``).
    """
    campaign = Campaign(workspace=workspace, created_by=member)
    _apply(campaign, {"name": ""} | fields)
    campaign.save()
    record(workspace=workspace, member=member, action="campaign.created", target=campaign)
    return campaign


@transaction.atomic
def update(*, campaign: Campaign, member: Member | None, **fields: Any) -> Campaign:
    """Change a draft; what is launched stays as it was launched."""
    row = _locked(campaign, CampaignStatus.DRAFT)
    _apply(row, fields)
    row.save()
    record(
        workspace=row.workspace_id,
        member=member,
        action="campaign.updated",
        target=row,
        fields=sorted(fields),
    )
    return row


@transaction.atomic
def delete_draft(*, campaign: Campaign, member: Member | None) -> None:
    """Throw a draft away."""
    row = _locked(campaign, CampaignStatus.DRAFT)
    record(
        workspace=row.workspace_id,
        member=member,
        action="campaign.deleted",
        target=row,
        name=row.name,
    )
    hold(None, workspace_id=row.workspace_id, holder=row.seed)
    row.delete()


@transaction.atomic
def launch(*, campaign: Campaign, member: Member | None) -> Campaign:
    """Freeze the audience and begin to send. Launching twice raises WrongStatus the second time.

    ValidationError by field when something is missing; then nothing has happened.
    """
    row = _locked(campaign, CampaignStatus.DRAFT)
    errors = launch_errors(row)
    if errors:
        raise ValidationError(errors)
    row.batch = Batch.objects.create(workspace_id=row.workspace_id, name=row.name)
    row.status, row.launched_at = CampaignStatus.SENDING, timezone.now()
    freeze_fallback(row)
    make_letter(row)
    row.save()
    count = freeze(row)
    if not count:
        raise ValidationError({"segment": _("No contact matches this segment.")})
    record(
        workspace=row.workspace_id,
        member=member,
        action="campaign.launched",
        target=row,
        recipients=count,
    )
    campaign_changed(row)
    wake_expansion(row.pk)
    return row


@transaction.atomic
def pause(*, campaign: Campaign, member: Member | None) -> Campaign:
    """Stop sending for now; what the provider already has cannot be called back."""
    return _move(
        campaign, member, (CampaignStatus.SENDING,), CampaignStatus.PAUSED, BatchState.PAUSED
    )


@transaction.atomic
def resume(*, campaign: Campaign, member: Member | None) -> Campaign:
    """Go on where it stopped; nobody gets it twice."""
    row = _move(
        campaign, member, (CampaignStatus.PAUSED,), CampaignStatus.SENDING, BatchState.RUNNING
    )
    wake_expansion(row.pk)
    return row


@transaction.atomic
def cancel(*, campaign: Campaign, member: Member | None) -> Campaign:
    """Stop for good: whoever has not been sent it will not be.

    The lines that wait are not written again, however many: waiting in a cancelled campaign is to
    be cancelled (campaigns.ledger).
    """
    row = _locked(campaign, CampaignStatus.SENDING, CampaignStatus.PAUSED)
    row.finished_at = timezone.now()
    return _set_status(row, member, CampaignStatus.CANCELLED, BatchState.CANCELLED)


def launch_errors(campaign: Campaign) -> dict[str, str]:
    """What keeps a campaign from being launched, by field; empty when nothing does."""
    errors: dict[str, str] = {}
    if not campaign.name:
        errors["name"] = _("Give the campaign a name.")
    if campaign.segment is None:
        errors["segment"] = _("Choose who shall get it.")
    if campaign.channel is None:
        errors["channel"] = _("Choose a channel.")
    elif not campaign.channel.enabled:
        errors["channel"] = _("This channel is switched off.")
    return errors | _saying_errors(campaign) | fallback_errors(campaign)


def _saying_errors(campaign: Campaign) -> dict[str, str]:
    """What is wrong with what it says, by field."""
    if campaign.mail is not None or by_mail(campaign):
        return mail_errors(campaign)
    if campaign.content is not None:
        return content_errors(campaign)
    error = _text_error(campaign)
    return {"text": error} if error else {}


def _text_error(campaign: Campaign) -> str:
    if not campaign.text:
        return _("Write a text.")
    try:
        check_template(campaign.workspace, campaign.text)
    except ValidationError as error:
        return " ".join(error.messages)
    if campaign.channel is not None:
        limit = capabilities_of(campaign.channel).max_text
        if len(campaign.text) > limit:
            return _("At most %(limit)d characters on this channel; the text has %(count)d.") % {
                "limit": limit,
                "count": len(campaign.text),
            }
    return ""


def _apply(campaign: Campaign, fields: dict[str, Any]) -> None:
    """Set what was given; the fallback last, for it depends on the channel."""
    errors: dict[str, Any] = {}
    for name, value in sorted(fields.items(), key=lambda field: field[0] == "fallback"):
        try:
            _set(campaign, name, value)
        except ValidationError as error:
            errors |= error.error_dict if hasattr(error, "error_dict") else {name: error.messages}
    given = [name for name in SAYING if fields.get(name)]
    if len(given) > 1:
        errors[given[0]] = _("Give either a text, content or a mail.")
    if errors:
        raise ValidationError(errors)


def _set(campaign: Campaign, name: str, value: Any) -> None:
    if name == "fallback":
        set_fallback(campaign, value)
        return
    if name == "content":
        campaign.content = _content(campaign, value)
    elif name == "mail":
        campaign.mail = None if value is None else read_mail(value).written()
    else:
        setattr(campaign, name, _clean(campaign, name, value))
    if name in SAYING and getattr(campaign, name):
        _say_only(campaign, name)


def _say_only(campaign: Campaign, name: str) -> None:
    """What is written now takes the place of what was."""
    if name != "text":
        campaign.text = ""
    if name != "mail":
        campaign.mail = None
    if name != "content" and campaign.content is not None:
        campaign.content = _content(campaign, None)


def _content(campaign: Campaign, value: Any) -> dict[str, Any] | None:
    """Content as it is kept, its files held for the campaign."""
    try:
        content = None if value is None else read_draft(campaign.workspace, value)
        if content is not None:
            content = draft_with_template(
                content, workspace_id=campaign.workspace_id, channel=campaign.channel
            )
    except ValidationError as error:
        found = error.message_dict
        raise ValidationError(
            {
                name if name == "content" else f"content.{name}": words
                for name, words in found.items()
            }
        ) from error
    hold(content, workspace_id=campaign.workspace_id, holder=campaign.seed)
    return None if content is None else write(without_links(content))


def _clean(campaign: Campaign, name: str, value: Any) -> Any:
    if name == "name":
        text = clean_text(value, 200)
        return text or _("Untitled campaign")
    if name == "text":
        text = clean_text(value, LONGEST_DRAFT)
        check_template(campaign.workspace, text)
        return text
    if name == "tracks":
        if value is not None and not isinstance(value, bool):
            raise ValidationError(_("This is true, false or null."))
        return value
    model = {"channel": Channel, "segment": Segment}.get(name)
    if model is None:
        raise ValidationError(_("There is no such field."))
    if value is not None and (
        not isinstance(value, model) or value.workspace_id != campaign.workspace_id
    ):
        raise ValidationError(_("Choose one of the list."))
    return value


def _locked(campaign: Campaign, *allowed: CampaignStatus) -> Campaign:
    """The row, locked, in one of the allowed statuses; else WrongStatus."""
    rows = Campaign.objects.select_for_update(of=("self",)).select_related(
        "workspace", "channel", "segment", "batch"
    )
    row = rows.get(pk=campaign.pk)
    if row.status not in allowed:
        raise WrongStatus(
            {
                "status": _("This is not possible now: the campaign is “%(status)s”.")
                % {"status": row.get_status_display()}
            }
        )
    return row


def _move(
    campaign: Campaign,
    member: Member | None,
    allowed: tuple[CampaignStatus, ...],
    status: CampaignStatus,
    batch_state: BatchState,
) -> Campaign:
    return _set_status(_locked(campaign, *allowed), member, status, batch_state)


def _set_status(
    row: Campaign, member: Member | None, status: CampaignStatus, batch_state: BatchState
) -> Campaign:
    row.status = status
    row.save(update_fields=["status", "finished_at", "updated_at"])
    set_batch_state(batch=given(row.batch), state=batch_state)
    record(workspace=row.workspace_id, member=member, action=f"campaign.{status}", target=row)
    campaign_changed(row)
    return row


def send_test(*, campaign: Campaign, member: Member, number: str, contact: Contact | None) -> None:
    """Send the draft's message once to a number of one's own, as ``contact`` would get it.

    ValidationError by field when it cannot be sent.
    """
    if campaign.channel is None:
        raise ValidationError({"channel": _("Choose a channel.")})
    adapter = adapter_class(campaign.channel.kind)
    errors = _saying_errors(campaign)
    if errors:
        raise ValidationError(errors)
    try:
        address = normalize(adapter.address_kind, clean_text(number, 320))
    except InvalidAddress as wrong:
        raise ValidationError({"number": str(wrong)}) from wrong
    with transaction.atomic():
        _queue_test(campaign, contact, address)
        record(
            workspace=campaign.workspace_id,
            member=member,
            action="campaign.tested",
            target=campaign,
        )


def _queue_test(campaign: Campaign, contact: Contact | None, address: str) -> None:
    channel, uid = given(campaign.channel), uuid4()
    terms = Terms(uid, Priority.SYSTEM, fallback=fallback_of(campaign))
    if mail_of(campaign) is not None:
        text, mail = as_mail(campaign, contact)
        terms = Terms(uid, Priority.SYSTEM, about=About(mail=mail))
        queue_parts(channel=channel, address=address, parts=[Content(text)], terms=terms)
        return
    test = as_told(campaign, contact, address)
    attach(test.meant, channel=channel, message_uid=uid)
    queue_parts(channel=channel, address=address, parts=test.parts, terms=terms)
