"""What keeps a campaign's mail from being sent."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from campaigns.mail.launching import by_mail, composed, mail_of
from campaigns.models import Campaign


def mail_errors(campaign: Campaign) -> dict[str, str]:
    """By field (``mail.subject``); empty when nothing does, or when it is no mail."""
    draft = mail_of(campaign)
    if draft is None:
        if campaign.content is not None and by_mail(campaign):
            words = _("An e-mail channel sends mails: choose “E-mail” as the kind of message.")
            return {"content": words}
        return {}
    errors: dict[str, str] = {}
    if campaign.mail is not None and campaign.channel is not None and not by_mail(campaign):
        errors["channel"] = _("A mail needs an e-mail channel.")
    if campaign.mail is not None and not draft.subject:
        errors["mail.subject"] = _("Write a subject.")
    if not (draft.html or draft.text):
        errors["mail.html"] = _("Write the mail.")
    try:
        composed(campaign)
    except ValidationError as error:
        found = error.message_dict.items()
        return {name: " ".join(words) for name, words in found} | errors
    return errors
