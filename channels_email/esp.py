"""Webhooks of e-mail service providers, read by django-anymail's own views.

Mail that comes in and reports on mail that went out arrive at one address; what is in a request
tells them apart.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.webhooks import amazon_ses, brevo, mailgun, postmark
from anymail.webhooks.base import AnymailCoreWebhookView
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest

from channels_email import esp_events, esp_mail, sns
from channels_email.account import Account
from channels_email.esp_mail import NO_KEY, NO_LOGIN, ProviderMail
from channels_email.esp_requests import as_django
from channels_email.handed_in import mailbox, writer
from channels_email.parsing import events_of
from gateway.contract import WebhookRequest, WebhookResponse
from gateway.errors import BadSignature, Malformed
from gateway.events import Event

Keys = Mapping[str, Any]
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Hooks:
    """A provider's two views, which settings open them, and what they are given.

    ``mail`` reads a mail out of a request; None: the request is no mail.
    """

    inbound: type[AnymailCoreWebhookView]
    tracking: type[AnymailCoreWebhookView]
    needs: str
    keys: Callable[[Mapping[str, str]], Keys]
    mail: Callable[[HttpRequest], ProviderMail | None]


def _login(config: Mapping[str, str]) -> Keys:
    return {"webhook_secret": config.get("webhook_login", "")}


def _no_mail(request: HttpRequest) -> ProviderMail | None:
    """Brevo's inbound webhook is not taken: its files would have to be fetched one by one."""
    return None


HOOKS = {
    "mailgun": Hooks(
        mailgun.MailgunInboundWebhookView,
        mailgun.MailgunTrackingWebhookView,
        "webhook_key",
        lambda config: {"webhook_signing_key": config.get("webhook_key", ""), "api_key": "none"},
        esp_mail.of_mailgun,
    ),
    "postmark": Hooks(
        postmark.PostmarkInboundWebhookView,
        postmark.PostmarkTrackingWebhookView,
        "webhook_login",
        _login,
        esp_mail.of_postmark,
    ),
    "amazon_ses": Hooks(
        amazon_ses.AmazonSESInboundWebhookView,
        amazon_ses.AmazonSESTrackingWebhookView,
        "webhook_login",
        _login,
        esp_mail.of_amazon_ses,
    ),
    "brevo": Hooks(
        brevo.BrevoTrackingWebhookView,
        brevo.BrevoTrackingWebhookView,
        "webhook_login",
        _login,
        _no_mail,
    ),
}
# What broken input makes these views raise.
UNREADABLE = (
    AnymailError,
    SuspiciousOperation,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
    OverflowError,  # a time in the year 30,000
    OSError,
)
# Mailgun signs a time and nothing of the body, so whoever has one signature could sign with it for
# ever. It tries for eight hours; its clock may be ahead by so much.
LATEST_S, EARLIEST_S = 12 * 3600, -600


def verify(request: WebhookRequest, account: Account, config: Mapping[str, str]) -> None:
    """Raise BadSignature unless the provider that the channel sends by has posted this."""
    hooks = HOOKS.get(account.sending)
    if hooks is None:
        raise BadSignature("This channel has no provider that posts.")
    if not config.get(hooks.needs):
        raise BadSignature("The channel has no key for webhooks.")
    asked = as_django(request)
    try:
        hooks.tracking(**hooks.keys(config)).run_validators(asked)
    except AnymailWebhookValidationFailure as error:
        raise BadSignature(str(error)) from error
    except UNREADABLE as error:
        raise BadSignature("The signature cannot be read.") from error
    if account.sending == "amazon_ses":
        sns.verify(request.body)
    if account.sending == "mailgun" and not _lately(asked, request.received_at.timestamp()):
        raise BadSignature("The signature is of another time.")


def _lately(asked: HttpRequest, now: float) -> bool:
    """Whether Mailgun has signed this not long ago."""
    try:
        is_json = asked.content_type == JSON
        said = json.loads(asked.body)["signature"] if is_json else asked.POST
        return EARLIEST_S <= now - float(said["timestamp"]) <= LATEST_S
    except UNREADABLE:
        return False


def handshake(request: WebhookRequest, account: Account) -> WebhookResponse | None:
    """Confirm that an Amazon topic may post here; None for everything else."""
    if account.sending != "amazon_ses":
        return None
    return WebhookResponse() if sns.confirmed(request.body) else None


def customer(request: WebhookRequest, account: Account) -> str:
    """Whom a request is about; Malformed for what the provider would not send."""
    found = _read(request, account)
    if isinstance(found, ProviderMail):
        return writer(found.raw) or found.envelope_from.lower()
    return mailbox(str(found[0].recipient or "")) if found else ""


def parse(
    request: WebhookRequest, account: Account, own: frozenset[str], secret: bytes
) -> Sequence[Event]:
    """All events of a verified request."""
    found = _read(request, account)
    if isinstance(found, ProviderMail):
        return events_of(
            found.raw,
            envelope_from=found.envelope_from,
            envelope_to=found.envelope_to,
            own_addresses=own,
            secret=secret,
        )
    return [event for one in found for event in esp_events.events(one, account)]


def mail_in(request: WebhookRequest, account: Account) -> ProviderMail:
    """The mail in a stored request. Raises Malformed where there is none."""
    found = _read(request, account)
    if not isinstance(found, ProviderMail):
        raise Malformed("There is no mail in this request.")
    return found


def _read(request: WebhookRequest, account: Account) -> ProviderMail | Sequence[Any]:
    """The mail or the reports of a request; Malformed for what the provider would not send."""
    try:
        return _mail_or_reports(request, account)
    except UNREADABLE as error:
        raise Malformed("This is no webhook of the provider.") from error


def _mail_or_reports(request: WebhookRequest, account: Account) -> ProviderMail | Sequence[Any]:
    hooks = HOOKS[account.sending]
    asked = as_django(request)
    if asked.content_type == JSON and not isinstance(json.loads(request.body), dict):
        raise Malformed("The body is no JSON object.")
    mail = hooks.mail(asked)
    if mail is not None:
        return mail
    view = hooks.tracking(**(NO_KEY if account.sending == "mailgun" else NO_LOGIN))
    return list(view.parse_events(asked))
