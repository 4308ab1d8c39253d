"""A draft's message as one contact would be told it, for a test and for the preview."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from campaigns.models import Campaign, given
from contacts.models import Contact
from contacts.rendering import MissingValue, compile_template
from contacts.rich import ValueTooLong, ValueUnfit, compile_content, written
from gateway.content.model import Content
from gateway.content.single import in_one
from gateway.media.attaching import files_in, with_files
from gateway.registry import adapter_for


@dataclass(frozen=True, slots=True)
class Told:
    """What was meant, and the one message that the campaign's channel makes of it."""

    meant: Content
    parts: Sequence[Content]


def as_told(campaign: Campaign, contact: Contact | None, address: str) -> Told:
    """What goes to ``address``; without a contact the variables stay as they are.

    ValidationError naming ``text`` or ``content`` when nothing can be sent.
    """
    content = meant(campaign, contact)
    if content.is_plain:
        return Told(content, (content,))
    adapted = in_one(content, adapter_for(given(campaign.channel)).shows(address))
    if adapted is None:
        raise ValidationError({"content": _("This is more than one message on this channel.")})
    return Told(content, adapted.parts)


def meant(campaign: Campaign, contact: Contact | None) -> Content:
    """What the campaign says to a contact, whatever the channel. ValidationError as above."""
    name = "text" if campaign.content is None else "content"
    try:
        content = rendered(campaign, contact)
    except MissingValue as missing:
        words = _("This contact has no value for “%(name)s”.") % {"name": missing}
        raise ValidationError({name: words}) from missing
    except ValueTooLong as error:
        words = _("With this contact's values a text is too long.")
        raise ValidationError({name: words}) from error
    except ValueUnfit as error:
        words = _("This contact's values do not fit here: %(where)s.") % {"where": error}
        raise ValidationError({name: words}) from error
    return with_files(content, files_in(content, campaign.workspace_id))


def rendered(campaign: Campaign, contact: Contact | None) -> Content:
    """As ``meant``, files still ids; raises as RichTemplate.render, and ValidationError."""
    if campaign.content is None:
        template = compile_template(campaign.workspace, campaign.text)
        return Content(template.render(contact)) if contact else as_typed(campaign)
    rich = compile_content(campaign.workspace, campaign.content)
    return rich.render(contact) if contact else as_typed(campaign)


def as_typed(campaign: Campaign) -> Content:
    """With the variables as they stand."""
    return Content(campaign.text) if campaign.content is None else written(campaign.content)
