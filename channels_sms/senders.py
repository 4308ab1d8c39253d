"""The setting for a pool of senders, which several kinds of channels have."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from gateway.contract import ConfigField
from gateway.senders.pool import check_pool

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


def senders_field(group: "str | _StrPromise" = "") -> ConfigField:
    """Several senders, one a line."""
    return ConfigField(
        "senders",
        _("More senders"),
        help=_(
            "One a line, if this channel writes from several: a number, short code or name, then "
            "the countries it is for. Without a country, or with *, it is for all others; the "
            "sender above is one of these. Whoever wrote to one of them, or was written to from "
            "it, keeps it."
        ),
        required=False,
        multiline=True,
        placeholder="+34900100200 ES\nSHOPNAME GB FR\n+14155550101 *",
        group=group,
    )


def check_senders(config: Mapping[str, str], own: str) -> dict[str, "str | _StrPromise"]:
    """What is wrong with the setting, at its field; ``own`` is the channel's own sender."""
    problem = check_pool(config.get("senders", ""), own)
    return {"senders": problem} if problem else {}
