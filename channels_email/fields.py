"""The settings of an e-mail channel, and what they must be together."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from channels_email.account import (
    BRINGS_MAIL,
    IMAP,
    MX,
    NONE,
    PLAIN,
    SMTP,
    STARTTLS,
    TLS,
    WEBHOOK,
)
from gateway.contract import ConfigField

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

HOST = r"[A-Za-z0-9][A-Za-z0-9.\-]{0,252}|[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*"
HOST_ERROR = _("A host name or an IP address, without a port.")
PORT_ERROR = _("A number from 1 to 65535.")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_PORT = 65_535
MAILBOX, SENDING, RECEIVING = _("Mailbox"), _("Outgoing mail"), _("Incoming mail")
SECURITIES = (
    (STARTTLS, _("STARTTLS")),
    (TLS, _("TLS from the start")),
    (PLAIN, _("None (this machine only)")),
)
When = tuple[str, tuple[str, ...]]
BY_SMTP: When = ("sending", (SMTP,))
BY_IMAP: When = ("receiving", (IMAP,))
PROVIDERS = ("mailgun", "postmark", "amazon_ses", "brevo")
# What a way of sending or receiving cannot do without.
NEEDED = {
    SMTP: ("smtp_host",),
    "mailgun": ("provider_key",),
    "postmark": ("provider_key",),
    "amazon_ses": ("provider_key", "provider_key_id", "provider_region"),
    "brevo": ("provider_key",),
}
NEEDED_IN = {IMAP: ("imap_host", "imap_user", "imap_password")}


def _port(name: str, group: "_StrPromise", usual: str, when: When) -> ConfigField:
    return ConfigField(
        name,
        _("Port"),
        help=_("Empty: the usual one for how the connection is encrypted."),
        required=False,
        pattern=r"[1-9]\d{0,4}",
        pattern_error=PORT_ERROR,
        placeholder=usual,
        group=group,
        when=when,
    )


def _security(name: str, group: "_StrPromise", default: str, when: When) -> ConfigField:
    return ConfigField(
        name,
        _("Encryption"),
        required=False,
        choices=SECURITIES,
        default=default,
        group=group,
        when=when,
    )


def _user(name: str, group: "_StrPromise", when: When) -> ConfigField:
    return ConfigField(
        name,
        _("User name"),
        help=_("Often the whole address."),
        required=False,
        pattern=r"[^\x00-\x1f\x7f]{1,320}",
        max_length=320,
        group=group,
        when=when,
        needed=when == BY_IMAP,
    )


def _password(name: str, group: "_StrPromise", when: When) -> ConfigField:
    return ConfigField(
        name,
        _("Password"),
        help=_(
            "It is kept encrypted and never shown again. Gmail, Outlook and others want an "
            "app password."
        ),
        secret=True,
        required=False,
        group=group,
        when=when,
        needed=when == BY_IMAP,
    )


FIELDS = (
    ConfigField(
        "from_address",
        _("Address"),
        help=_("What customers write to, and see as the sender."),
        pattern=r"[^@\s\"<>,;:\x00-\x1f]{1,40}@[A-Za-z0-9.\-]+\.[A-Za-z0-9\-]{2,63}",
        pattern_error=_("An e-mail address with at most 40 characters before the @."),
        placeholder="support@example.com",
        group=MAILBOX,
    ),
    ConfigField(
        "from_name",
        _("Sender's name"),
        required=False,
        pattern=r"[^\x00-\x1f\x7f<>\"]{1,100}",
        pattern_error=_("1 to 100 characters, without quotes and angle brackets."),
        placeholder="Example Support",
        group=MAILBOX,
    ),
    ConfigField(
        "secret",
        _("Signing key"),
        help=_("Signs reply addresses. Leave it empty: one is made up for you."),
        secret=True,
        pattern=r"[A-Za-z0-9_\-]{32,128}",
        pattern_error=_("32 to 128 letters, digits, - or _."),
        generated=True,
        group=MAILBOX,
    ),
    ConfigField(
        "sending",
        _("Mail leaves by"),
        required=False,
        choices=(
            (SMTP, _("An SMTP server")),
            ("mailgun", _("Mailgun")),
            ("postmark", _("Postmark")),
            ("amazon_ses", _("Amazon SES")),
            ("brevo", _("Brevo")),
        ),
        default=SMTP,
        group=SENDING,
    ),
    ConfigField(
        "smtp_host",
        _("SMTP server"),
        required=False,
        pattern=HOST,
        pattern_error=HOST_ERROR,
        placeholder="smtp.example.com",
        group=SENDING,
        when=BY_SMTP,
        needed=True,
    ),
    _port("smtp_port", SENDING, "587", BY_SMTP),
    _security("smtp_security", SENDING, STARTTLS, BY_SMTP),
    _user("smtp_user", SENDING, BY_SMTP),
    _password("smtp_password", SENDING, BY_SMTP),
    ConfigField(
        "provider_key",
        _("Provider's key"),
        help=_(
            "Mailgun and Brevo: API key. Postmark: server token. Amazon SES: secret access key."
        ),
        secret=True,
        required=False,
        pattern=r"[\x21-\x7e]{8,200}",
        pattern_error=_("8 to 200 letters, digits or signs."),
        group=SENDING,
        when=("sending", PROVIDERS),
        needed=True,
    ),
    ConfigField(
        "provider_key_id",
        _("Access key ID"),
        help=_("Amazon SES only."),
        required=False,
        pattern=r"[A-Z0-9]{16,128}",
        pattern_error=_("16 or more capital letters and digits."),
        placeholder="AKIA…",
        group=SENDING,
        when=("sending", ("amazon_ses",)),
        needed=True,
    ),
    ConfigField(
        "provider_domain",
        _("Sending domain"),
        help=_("Mailgun only, if it is not the domain of the address."),
        required=False,
        pattern=r"[A-Za-z0-9.\-]{3,253}",
        pattern_error=_("A domain, such as mg.example.com."),
        placeholder="mg.example.com",
        group=SENDING,
        when=("sending", ("mailgun",)),
    ),
    ConfigField(
        "provider_region",
        _("Region"),
        help=_("Mailgun: us or eu. Amazon SES: such as eu-west-1."),
        required=False,
        pattern=r"us|eu|[a-z]{2}(-[a-z]+)+-\d",
        pattern_error=_("us, eu, or an AWS region such as eu-west-1."),
        placeholder="eu-west-1",
        group=SENDING,
        when=("sending", ("mailgun", "amazon_ses")),
    ),
    ConfigField(
        "receiving",
        _("Mail comes in by"),
        required=False,
        choices=(
            (IMAP, _("IMAP, from a mailbox")),
            (WEBHOOK, _("The provider's webhook")),
            (MX, _("This server (MX)")),
            (NONE, _("Not at all")),
        ),
        default=IMAP,
        group=RECEIVING,
    ),
    ConfigField(
        "imap_host",
        _("IMAP server"),
        required=False,
        pattern=HOST,
        pattern_error=HOST_ERROR,
        placeholder="imap.example.com",
        group=RECEIVING,
        when=BY_IMAP,
        needed=True,
    ),
    _port("imap_port", RECEIVING, "993", BY_IMAP),
    _security("imap_security", RECEIVING, TLS, BY_IMAP),
    _user("imap_user", RECEIVING, BY_IMAP),
    _password("imap_password", RECEIVING, BY_IMAP),
    ConfigField(
        "imap_folder",
        _("Folder"),
        required=False,
        pattern=r"[^\x00-\x1f\x7f\"\\]{1,200}",
        pattern_error=_("The folder's name, without quotes and backslashes."),
        placeholder="INBOX",
        group=RECEIVING,
        when=BY_IMAP,
    ),
    ConfigField(
        "webhook_key",
        _("Webhook signing key"),
        help=_("Mailgun only: Settings › API security › HTTP webhook signing key."),
        secret=True,
        required=False,
        pattern=r"[\x21-\x7e]{6,200}",
        pattern_error=_("6 to 200 letters, digits or signs."),
        group=RECEIVING,
        when=("sending", ("mailgun",)),
    ),
    ConfigField(
        "webhook_login",
        _("Webhook log-in"),
        help=_(
            "For Postmark, Amazon SES and Brevo: a name and a password of your own with a colon "
            "between, which also stand in the address that you give them: "
            "https://name:password@…"
        ),
        secret=True,
        required=False,
        pattern=r"[A-Za-z0-9_\-]{1,64}:[A-Za-z0-9_\-]{16,128}",
        pattern_error=_("A name, a colon, and a password of at least 16 letters and digits."),
        placeholder="omnichannel:…",
        group=RECEIVING,
        when=("sending", ("postmark", "amazon_ses", "brevo")),
    ),
)


def check_together(config: Mapping[str, str]) -> dict[str, "str | _StrPromise"]:
    """Errors that concern several settings, by the field that should change."""
    sending, receiving = config.get("sending") or SMTP, config.get("receiving") or IMAP
    needed = [*NEEDED.get(sending, ()), *NEEDED_IN.get(receiving, ())]
    errors: dict[str, str | _StrPromise] = {
        name: _("This way needs it.") for name in needed if not config.get(name)
    }
    if sending == SMTP and bool(config.get("smtp_user")) != bool(config.get("smtp_password")):
        errors["smtp_password"] = _("A user name and a password go together.")
    if receiving == WEBHOOK:
        errors |= _check_webhook(config, sending)
    if receiving == MX and not settings.MAIL_MX_PORT:
        errors["receiving"] = _("This server takes no mail itself; see docs/operations.md.")
    for what in ("smtp", "imap"):
        errors |= _check_server(config, what)
    return errors


def _check_webhook(config: Mapping[str, str], sending: str) -> dict[str, "str | _StrPromise"]:
    if sending not in BRINGS_MAIL:
        return {"receiving": _("Only Mailgun, Postmark and Amazon SES bring mail by a webhook.")}
    name = "webhook_key" if sending == "mailgun" else "webhook_login"
    return {} if config.get(name) else {name: _("This way needs it.")}


def _check_server(config: Mapping[str, str], what: str) -> dict[str, "str | _StrPromise"]:
    errors: dict[str, str | _StrPromise] = {}
    if int(config.get(f"{what}_port") or 1) > MAX_PORT:
        errors[f"{what}_port"] = PORT_ERROR
    plain = config.get(f"{what}_security") == PLAIN
    if plain and not (settings.DEBUG and config.get(f"{what}_host") in LOOPBACK):
        errors[f"{what}_security"] = _(
            "Without encryption everybody on the way can read the password; choose another."
        )
    return errors
