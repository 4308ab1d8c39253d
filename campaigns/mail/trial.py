"""A draft's mail as one contact would get it, for a test and for the preview."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from campaigns.mail.launching import MailSayer
from campaigns.mail.tokens import TEST
from campaigns.models import Campaign
from contacts.models import Contact
from contacts.rendering import MissingValue
from gateway.mail import OutboundMail


def as_mail(campaign: Campaign, contact: Contact | None) -> tuple[str, OutboundMail]:
    """The text part and the mail; without a contact the variables stay as they are.

    ValidationError naming ``mail`` when it cannot be said. Its links are good for nothing but a
    look: to unsubscribe by a test says that it was one.
    """
    sayer = MailSayer(campaign)
    try:
        values = sayer.values(contact, TEST)
    except MissingValue as missing:
        words = _("This contact has no value for “%(name)s”.") % {"name": missing}
        raise ValidationError({"mail": words}) from missing
    say = sayer.filling.say
    mail = OutboundMail(
        subject=say("subject", values),
        html=say("html", values),
        unsubscribe_url=say("unsubscribe_url", values),
    )
    return say("text", values), mail
