"""SMS through Twilio's Messages API (version 2010-04-01)."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from channels_sms import twilio_answers as answers
from channels_sms import twilio_errors, twilio_webhooks
from channels_sms.segments import normalized, segment
from channels_sms.twilio_account import (
    ACCOUNT_FIELDS,
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


class TwilioSms(TwilioAccount):
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
    )

    @classmethod
    def check_config(cls, config: Mapping[str, str]) -> dict[str, "str | _StrPromise"]:
        """A number or a Messaging Service: one of them, not both."""
        number, service = config.get("from_number"), config.get("messaging_service_sid")
        if not number and not service:
            return {"from_number": _("Enter a phone number or a Messaging Service SID.")}
        if number and service:
            return {
                "messaging_service_sid": _(
                    "Enter either a phone number or a Messaging Service SID, not both."
                )
            }
        return {}

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The number, or the Messaging Service's id."""
        return config.get("from_number") or config.get("messaging_service_sid", "")

    # --- In -----------------------------------------------------------------------------------

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """A message (with an OptOut if it is a keyword), a status, or an UnknownEvent."""
        return twilio_webhooks.parse(request)

    # --- Out ----------------------------------------------------------------------------------

    def shows(self, address: str) -> Shows:
        """Text; within North America files as well, as an MMS."""
        if not self._has_mms or not address.startswith(MMS_COUNTRY):
            return Shows(text=MAX_TEXT)
        return Shows(text=MAX_TEXT, files=MMS_FILES, file_count=MMS_COUNT, captioned=True)

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
            self._sender,
            ("StatusCallback", message.status_url),
            *(("MediaUrl", one.url) for one in message.media),
        ]
        response = yield self._request("POST", "/Messages.json", data=form)
        if not 200 <= response.status < 300:
            raise twilio_errors.failure(response)
        return Sent(answers.message_id(response.json()))

    def check(self) -> CheckSteps:
        """Ask for the account, and for the number in it; raises BadCredentials with the reason."""
        summary = yield from self._check_account()
        number = self.config.get("from_number")
        if number:
            response = yield self._request(
                "GET", "/IncomingPhoneNumbers.json", params=[("PhoneNumber", number)]
            )
            if not answers.rows(response, "incoming_phone_numbers"):
                raise BadCredentials(twilio_errors.TABLE[21606].text, code="21606")
        return Checked(summary)

    # --- Helpers ------------------------------------------------------------------------------

    @cached_property
    def _sender(self) -> tuple[str, str]:
        service = self.config.get("messaging_service_sid")
        if service:
            return ("MessagingServiceSid", service)
        return ("From", self.config.get("from_number", ""))

    @cached_property
    def _has_mms(self) -> bool:
        # A Messaging Service chooses a number that can, or makes a link of the files itself.
        number = self.config.get("from_number", "")
        return bool(self.config.get("messaging_service_sid")) or number.startswith(MMS_COUNTRY)

    def _is_ours(self, entry: answers.Json, message: OutboundMessage) -> bool:
        return self._from_us(entry) and same_text(entry, message.text)
