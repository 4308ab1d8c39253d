"""What every kind of SMS has: look-alikes, a validity period, keywords of the channel's own."""

from abc import ABC
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext_lazy as _

from channels_sms import keywords, validity
from channels_sms.lookalikes import swapped
from channels_sms.segments import GSM
from gateway.contract import Adapter, ConfigField, LookAlikes
from gateway.events import Keyword, OutboundMessage

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

LOOKALIKES = ConfigField(
    "lookalikes",
    _("Look-alike characters"),
    help=_(
        "One curly quote or long dash makes each SMS hold 70 characters instead of 160. They are "
        'swapped for what looks alike (“ becomes ", – becomes -) where the whole text then fits. '
        "Accents change words, so they go only if you choose it: á becomes a; é and ñ stay, SMS "
        "has them."
    ),
    choices=(
        (LookAlikes.OFF.value, _("Send as written")),
        (LookAlikes.ON.value, _("Swap quotes, dashes, spaces and the like")),
        (LookAlikes.ACCENTS.value, _("Swap these, and letters with accents as well")),
    ),
    required=False,
    group=keywords.GROUP,
)
FIELDS = (LOOKALIKES, validity.FIELD, *keywords.FIELDS)


class SmsAdapter(Adapter, ABC):
    """An adapter whose settings include ``FIELDS``."""

    hears_keywords = True
    longest_validity_s: ClassVar[int] = validity.LONGEST_S

    def __init__(self, config: Mapping[str, str], *, base_url: str | None = None) -> None:
        super().__init__(config, base_url=base_url)
        chosen = config.get("lookalikes") or LookAlikes.OFF
        self.capabilities = replace(type(self).capabilities, lookalikes=LookAlikes(chosen))

    @classmethod
    def check_config(cls, config: Mapping[str, str]) -> dict[str, "str | _StrPromise"]:
        """A validity that the provider takes, and words that mean one thing each."""
        return validity.check(config, cls.longest_validity_s) | keywords.check_words(config)

    def wording(self, text: str, swaps: LookAlikes | None = None) -> str:
        """With look-alikes as the channel is set, or as ``swaps`` says."""
        chosen = self.capabilities.lookalikes if swaps is None else swaps
        if chosen is LookAlikes.OFF:
            return text
        made = swapped(text, accents=chosen is LookAlikes.ACCENTS, fits=self.fits)
        return made if len(made) <= self.capabilities.max_text else text

    def fits(self, text: str) -> bool:
        """Whether this needs no UCS-2."""
        return GSM.issuperset(text)

    def validity_s(self, message: OutboundMessage) -> int | None:
        """For how many seconds the provider shall try: the channel's, or less if the message
        says so; None when nobody does.
        """
        said = [one for one in (message.lifetime_s, self._validity_s) if one is not None]
        return max(1, min(*said, self.longest_validity_s)) if said else None

    @cached_property
    def own_words(self) -> Mapping[str, Keyword]:
        """The channel's keywords beside the known ones."""
        return keywords.own_words(self.config)

    @cached_property
    def _validity_s(self) -> int | None:
        return validity.seconds(self.config)
