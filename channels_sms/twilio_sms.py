"""SMS through Twilio's Messages API (version 2010-04-01)."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from channels_sms import care, twilio_errors, twilio_webhooks
from channels_sms import twilio_answers as answers
from channels_sms.segments import normalized, segment
from channels_sms.senders import check_senders, senders_field
from channels_sms.twilio_account import (
    ACCOUNT_FIELDS,
    LONGEST_VALIDITY_S,
    MAX_TEXT,
    TwilioAccount,
    same_text,
    service_field,
)
from gateway.content.shows import Shows
from gateway.contract import (
    Capabilities,
    Checked,
    CheckSteps,
    ConfigField,
    SendSteps,
    Sent,
    WebhookRequest,
)
from gateway.errors import BadCredentials, TooLong
from gateway.events import Event, OutboundMessage
from gateway.senders.pool import Pool, read_pool

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# What Twilio takes by MMS, which exists in North America only: pictures that it makes fit for the
# phone, and other files as small as carriers want them.
# https://www.twilio.com/docs/messaging/guides/accepted-mime-types
MMS_COUNTRY = "+1"
MMS_FILES = {
    **dict.fromkeys(("image/jpeg", "image/png", "image/gif"), 5_000_000),
    **dict.fromkeys(("image/*", "video/*", "audio/*", "text/vcard", "application/pdf"), 500_000),
}
MMS_COUNT = 10


class TwilioSms(care.SmsAdapter, TwilioAccount):
    """One phone number or Messaging Service of a Twilio account."""

    kind = "twilio_sms"
    label = _("Twilio SMS")
    medium = "sms"
    capabilities = Capabilities(max_text=MAX_TEXT, segments=True, can_find=True)
    fields = (
        *ACCOUNT_FIELDS,
        ConfigField(
            "from_number",
            _("Phone number"),
            help=_("The number customers write to, or leave empty for a Messaging Service."),
            required=False,
            placeholder="+14155550100",
            phone=True,
        ),
        service_field(_("Instead of a number: Twilio then picks a sender of the service.")),
        senders_field(),
        *care.FIELDS,
    )
    # https://www.twilio.com/docs/messaging/api/message-resource (ValidityPeriod): 1 to 36000.
    longest_validity_s = LONGEST_VALIDITY_S

    @classmethod
    def check_config(cls, config: Mapping[str, str]) -> dict[str, "str | _StrPromise"]:
        """A number or a Messaging Service: one of them, not both; and a pool only of the former."""
        number, service = config.get("from_number"), config.get("messaging_service_sid")
        if not number and not service:
            return {"from_number": _("Enter a phone number or a Messaging Service SID.")}
        if number and service:
            return {
                "messaging_service_sid": _(
                    "Enter either a phone number or a Messaging Service SID, not both."
                )
            }
        if service and config.get("senders"):
            return {
                "senders": _("A Messaging Service has a pool of its own; enter a number instead.")
            }
        return super().check_config(config) | check_senders(config, number or "")

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The number, or the Messaging Service's id."""
        return config.get("from_number") or config.get("messaging_service_sid", "")

    # --- In -----------------------------------------------------------------------------------

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """A message (with an OptOut if it is a keyword), a status, or an UnknownEvent."""
        return twilio_webhooks.parse(request, self.own_words)

    # --- Out ----------------------------------------------------------------------------------

    def shows(self, address: str) -> Shows:
        """Text; within North America files as well, as an MMS.

        Where a pool is from several places it is text alone: any of its senders may be the one.
        """
        if not self._has_mms or not address.startswith(MMS_COUNTRY):
            return Shows(text=MAX_TEXT)
        return Shows(text=MAX_TEXT, files=MMS_FILES, file_count=MMS_COUNT, captioned=True)

    def senders(self) -> Pool | None:
        """The numbers and names of the setting, with the channel's own number."""
        return self._pool

    def segments(self, text: str) -> int:
        """SMS parts; the provider counts an empty text as one."""
        return max(1, segment(text).segments)

    def send(self, message: OutboundMessage) -> SendSteps:
        """One POST. Raises TooLong over 1600 characters, and what twilio_errors says."""
        if len(message.text) > MAX_TEXT:
            raise TooLong(twilio_errors.TABLE[21617].text, code="21617")
        form = [
            ("To", message.address),
            ("Body", normalized(message.text)),
            self._from(message),
            ("StatusCallback", message.status_url),
            *(("MediaUrl", one.url) for one in message.media),
        ]
        validity_s = self.validity_s(message)
        if validity_s is not None:
            form.append(("ValidityPeriod", str(validity_s)))
        response = yield self._request("POST", "/Messages.json", data=form)
        if not 200 <= response.status < 300:
            raise twilio_errors.failure(response)
        return Sent(answers.message_id(response.json()))

    def check(self) -> CheckSteps:
        """Ask for the account, and for the numbers in it; raises BadCredentials with the reason.

        Names and short codes of a pool are not listed there, so they are not looked for.
        """
        summary = yield from self._check_account()
        for number in self._numbers:
            response = yield self._request(
                "GET", "/IncomingPhoneNumbers.json", params=[("PhoneNumber", number)]
            )
            if not answers.rows(response, "incoming_phone_numbers"):
                text = f"{number}: {twilio_errors.TABLE[21606].text}"
                raise BadCredentials(text, code="21606")
        return Checked(summary)

    # --- Helpers ------------------------------------------------------------------------------

    def _from(self, message: OutboundMessage) -> tuple[str, str]:
        """What the message leaves from: the service, or its sender of the pool, or the number."""
        service = self.config.get("messaging_service_sid")
        if service:
            return ("MessagingServiceSid", service)
        return ("From", message.sender or self.config.get("from_number", ""))

    @cached_property
    def _pool(self) -> Pool | None:
        return read_pool(self.config.get("senders", ""), self.config.get("from_number", ""))

    @cached_property
    def _numbers(self) -> tuple[str, ...]:
        """The phone numbers that messages leave from; none of a Messaging Service."""
        own = self.config.get("from_number", "")
        senders = self._pool.values if self._pool else (own,)
        return tuple(sender for sender in senders if sender.startswith("+"))

    @cached_property
    def _has_mms(self) -> bool:
        # A Messaging Service chooses a number that can, or makes a link of the files itself.
        if self.config.get("messaging_service_sid"):
            return True
        senders = self._pool.values if self._pool else self._numbers
        return bool(senders) and all(one.startswith(MMS_COUNTRY) for one in senders)

    def _is_ours(self, entry: answers.Json, message: OutboundMessage) -> bool:
        return self._from_us(entry, message) and same_text(entry, message.text)
