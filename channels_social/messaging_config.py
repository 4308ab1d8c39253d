"""The settings of Messenger and Instagram channels."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from channels_social.meta_account import ACCESS_TOKEN, API_VERSION, APP_SECRET, VERIFY_TOKEN
from gateway.contract import ConfigField
from gateway.signalling.setting import FIELD

ON, OFF = "on", "off"
FACEBOOK, INSTAGRAM = "facebook", "instagram"
ONLY_DIGITS = _("Digits only.")

APP_ID = ConfigField(
    "app_id",
    _("App ID"),
    help=_(
        "At the top of the Meta app's dashboard. With it, what this app sends is told from what "
        "colleagues send in Meta's own inbox."
    ),
    required=False,
    pattern=r"\d{5,25}",
    pattern_error=ONLY_DIGITS,
)
HUMAN_AGENT = ConfigField(
    "human_agent",
    _("Human agent tag"),
    help=_(
        "Lets people (not machines) answer for 7 days instead of 24 hours. Only if Meta has "
        "approved the Human Agent permission for your app."
    ),
    required=False,
    choices=((OFF, _("Not approved")), (ON, _("Approved by Meta"))),
    default=OFF,
)
PAGE_ID = ConfigField(
    "page_id",
    _("Page ID"),
    help=_("On the Facebook page under About, Page transparency; or in the app, under Messenger."),
    pattern=r"\d{5,25}",
    pattern_error=ONLY_DIGITS,
    placeholder="106540352242922",
)
INSTAGRAM_ID = ConfigField(
    "instagram_id",
    _("Instagram account ID"),
    help=_("The number of the professional account, in the app under Instagram."),
    pattern=r"\d{5,25}",
    pattern_error=ONLY_DIGITS,
    placeholder="17841405822304914",
)
USERNAME = ConfigField(
    "username",
    _("Username"),
    help=_("What people see, without the @."),
    required=False,
    pattern=r"[\w.]{1,30}",
    pattern_error=_("Letters, digits, points and underscores."),
)
LOGIN = ConfigField(
    "login",
    _("Login"),
    help=_("How the account was connected to the app; the access token says so."),
    required=False,
    choices=(
        (FACEBOOK, _("Through its Facebook page (page token)")),
        (INSTAGRAM, _("With Instagram itself (Instagram user token)")),
    ),
    default=FACEBOOK,
)
PAGE_TOKEN = replace(
    ACCESS_TOKEN,
    label=_("Page access token"),
    help=_("In the app under Messenger, API setup: generate it for the page. Kept encrypted."),
)
INSTAGRAM_TOKEN = replace(
    ACCESS_TOKEN,
    help=_("In the app under Instagram, API setup. Kept encrypted."),
)

MESSENGER_FIELDS = (
    PAGE_ID,
    PAGE_TOKEN,
    APP_SECRET,
    VERIFY_TOKEN,
    APP_ID,
    HUMAN_AGENT,
    FIELD,
    API_VERSION,
)
INSTAGRAM_FIELDS = (
    INSTAGRAM_ID,
    USERNAME,
    LOGIN,
    INSTAGRAM_TOKEN,
    APP_SECRET,
    VERIFY_TOKEN,
    APP_ID,
    HUMAN_AGENT,
    FIELD,
    API_VERSION,
)
