"""The settings of a Google RCS channel, and Google's endpoints."""

from django.utils.translation import gettext_lazy as _

from channels_sms import keywords
from gateway.contract import ConfigField
from gateway.signalling.setting import FIELD

HOST = "https://rcsbusinessmessaging.googleapis.com"
GLOBAL = "global"
REGIONS = ("us", "europe", "asia")
# Which region answers for which numbers, by their first digit (the ITU's zones). Google says that
# a batch may name numbers of one region only, not where the borders run.
REGION_OF = (
    dict.fromkeys("15", "us") | dict.fromkeys("2347", "europe") | dict.fromkeys("689", "asia")
)

FIELDS = (
    ConfigField(
        "agent_id",
        _("Agent ID"),
        help=_("In the Business Communications console, on the agent's page."),
        pattern=r"[A-Za-z0-9._@/-]{1,200}",
        pattern_error=_("Letters, digits and . _ - @ / only."),
        placeholder="my_shop_agent",
    ),
    ConfigField(
        "service_account",
        _("Service account key (JSON)"),
        help=_(
            "The whole JSON file of a key of the agent's service account. It is kept encrypted "
            "and never shown again."
        ),
        secret=True,
        multiline=True,
        max_length=10_000,
    ),
    ConfigField(
        "client_token",
        _("Client token"),
        help=_("The one you enter beside the webhook address; Google signs webhooks with it."),
        secret=True,
    ),
    ConfigField(
        "region",
        _("Region"),
        help=_("Where Google takes this agent's messages in."),
        required=False,
        choices=(
            (GLOBAL, _("Global")),
            ("us", _("United States")),
            ("europe", _("Europe")),
            ("asia", _("Asia")),
        ),
    ),
    FIELD,
    *keywords.FIELDS,
)


def region_of(number: str) -> str:
    """The region whose endpoint answers for a number in E.164."""
    return REGION_OF.get(number[1:2], "us")


def endpoint(base_url: str, region: str) -> str:
    """Where a region's requests go; a look-alike is one for all."""
    if base_url != HOST or region not in REGIONS:
        return base_url
    return HOST.replace("https://", f"https://{region}-")
