"""The settings of a channel on X."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from gateway.contract import ConfigField

APP = _("The app")
ACCOUNT = _("The account")
HANDLING = _("Messages")

FIELDS = (
    ConfigField(
        "consumer_key",
        _("API key"),
        help=_("In the X developer console: your app, Keys and tokens, API key and secret."),
        group=APP,
    ),
    ConfigField(
        "consumer_secret",
        _("API key secret"),
        help=_("Beside the API key. It also proves that webhooks are from X."),
        secret=True,
        group=APP,
    ),
    ConfigField(
        "username",
        _("Handle"),
        help=_("Of the account that customers write to, as it stands in its profile."),
        pattern=r"@?[A-Za-z0-9_]{1,15}",
        pattern_error=_("Up to 15 letters, digits or underscores."),
        placeholder="@acme",
        group=ACCOUNT,
    ),
    ConfigField(
        "access_token",
        _("Access token"),
        help=_(
            "In Keys and tokens, Access token and secret, for this account and with the permission "
            "to read, write and send direct messages. It begins with the account's number."
        ),
        secret=True,
        pattern=r"[0-9]{1,20}-[A-Za-z0-9]{1,200}",
        pattern_error=_("The account's number, a hyphen, and letters or digits."),
        placeholder="1234567890-…",
        group=ACCOUNT,
    ),
    ConfigField(
        "access_token_secret",
        _("Access token secret"),
        help=_("Beside the access token."),
        secret=True,
        group=ACCOUNT,
    ),
    ConfigField(
        "receive",
        _("How messages come"),
        help=_(
            "Asking works everywhere and takes up to a minute. Pushing is immediate; X must be "
            "able to reach this address by https."
        ),
        required=False,
        choices=(
            ("poll", _("X is asked every minute")),
            ("webhook", _("X pushes them (webhook)")),
        ),
        default="poll",
        group=HANDLING,
    ),
    ConfigField(
        "post_length",
        _("Longest post"),
        help=_("Longer posts are for accounts that pay X for them."),
        required=False,
        choices=(
            ("280", _("280 characters")),
            ("4000", _("4,000 characters")),
            ("25000", _("25,000 characters")),
        ),
        default="280",
        group=HANDLING,
    ),
)


def own_id(config: Mapping[str, str]) -> str:
    """The account's id, which its access token begins with; empty without one."""
    return config.get("access_token", "").partition("-")[0]
