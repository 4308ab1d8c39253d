"""SMS through Twilio's Messages API (version 2010-04-01)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from channels_sms import care, twilio_errors, twilio_signature, twilio_webhooks
from channels_sms import twilio_answers as answers
from channels_sms.segments import normalized, segment
from channels_sms.senders import check_senders, senders_field
from gateway.content.shows import Shows
from gateway.contract import (
    Capabilities,
    Checked,
    CheckSteps,
    ConfigField,
    FindSteps,
    Found,
    Request,
    Response,
    SendSteps,
    Sent,
    WebhookRequest,
    WebhookResponse,
)
from gateway.errors import Ambiguous, BadCredentials, Malformed, TooLong
from gateway.events import Event, OutboundMessage
from gateway.senders.pool import Pool, read_pool

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

VERSION = "2010-04-01"
MAX_TEXT = 1600
# An empty answer in the only format Twilio takes: nothing to say to the customer.
TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
PRIVATE = frozenset({"Body", "MediaUrl"})
# What Twilio takes by MMS, which exists in North America only: pictures that it makes fit for the
# phone, and other files as small as carriers want them.
# https://www.twilio.com/docs/messaging/guides/accepted-mime-types
MMS_COUNTRY = "+1"
MMS_FILES = {
    **dict.fromkeys(("image/jpeg", "image/png", "image/gif"), 5_000_000),
    **dict.fromkeys(("image/*", "video/*", "audio/*", "text/vcard", "application/pdf"), 500_000),
}
MMS_COUNT = 10
PAGE_SIZE = 50
MAX_PAGES = 20
# Twilio's clock and ours; its times have no fractions.
CLOCK_MARGIN = timedelta(seconds=30)


class TwilioSms(care.SmsAdapter):
    """One phone number or Messaging Service of a Twilio account.

    Sends are not idempotent at Twilio; ``find`` looks for an unclear attempt in the list of
    messages instead. Status callbacks carry our delivery's uid in their URL.
    """

    kind = "twilio_sms"
    label = _("Twilio SMS")
    medium = "sms"
    address_kind = "phone"
    provider = "twilio"
    provider_url = "https://api.twilio.com"
    capabilities = Capabilities(max_text=MAX_TEXT, segments=True, can_find=True)
    fields = (
        ConfigField(
            "account_sid",
            _("Account SID"),
            help=_("On the first page of the Twilio console, under Account Info."),
            pattern=r"AC[0-9a-fA-F]{32}",
            pattern_error=_("AC and 32 letters or digits (0–9, a–f)."),
            placeholder="AC…",
        ),
        ConfigField(
            "auth_token",
            _("Auth token"),
            help=_("Beside the Account SID. It is kept encrypted and never shown again."),
            secret=True,
        ),
        ConfigField(
            "auth_token_secondary",
            _("Secondary auth token"),
            help=_("Only while you change the token: webhooks signed with either are taken."),
            secret=True,
            required=False,
        ),
        ConfigField(
            "from_number",
            _("Phone number"),
            help=_("The number customers write to, or leave empty for a Messaging Service."),
            required=False,
            placeholder="+14155550100",
            phone=True,
        ),
        ConfigField(
            "messaging_service_sid",
            _("Messaging Service SID"),
            help=_("Instead of a number: Twilio then picks a sender of the service."),
            required=False,
            pattern=r"MG[0-9a-fA-F]{32}",
            pattern_error=_("MG and 32 letters or digits (0–9, a–f)."),
            placeholder="MG…",
        ),
        senders_field(),
        *care.FIELDS,
    )
    # https://www.twilio.com/docs/messaging/api/message-resource (ValidityPeriod): 1 to 36000.
    longest_validity_s = 36_000

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

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless Twilio signed this with one of our auth tokens."""
        twilio_signature.verify(request, self._tokens)

    def shard_key(self, request: WebhookRequest) -> str:
        """The customer's number, for messages and for statuses of messages to them."""
        return twilio_webhooks.customer(request)

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """A message (with an OptOut if it is a keyword), a status, or an UnknownEvent."""
        return twilio_webhooks.parse(request, self.own_words)

    def acknowledge(self, request: WebhookRequest) -> WebhookResponse:
        """Empty TwiML for messages, nothing for the rest; anything else is an error at Twilio."""
        try:
            is_message = twilio_webhooks.read(request).is_message
        except Malformed:
            is_message = False
        if is_message:
            return WebhookResponse(body=TWIML, content_type="text/xml")
        return WebhookResponse()

    def media_request(self, url: str) -> Request:
        """With credentials for the account's own files at Twilio, without them anywhere else.

        Twilio answers with a redirect to its CDN, where they must not go.
        """
        own = url.startswith(f"{self._account_url}/")
        return Request("GET", url, auth=self._auth if own else None, secrets=self._tokens)

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

    def find(
        self, message: OutboundMessage, attempted_at: datetime, asked_at: datetime | None = None
    ) -> FindSteps:
        """Look through the messages to this person, newest first, back to the attempt.

        ``message.content["known_external_ids"]`` are other deliveries' and never the answer. There
        is no DateSent filter: it could hide a message that Twilio has queued but not yet sent.
        Raises Ambiguous when the list does not reach back to the attempt.
        """
        known = message.content.get("known_external_ids")
        known_ids = set(known) if isinstance(known, list | tuple | set) else set()
        text, since = normalized(message.text).strip(), attempted_at - CLOCK_MARGIN
        about = [("To", message.address), ("PageSize", str(PAGE_SIZE))]
        request = self._request("GET", "/Messages.json", params=about)
        for _page in range(MAX_PAGES):
            response = yield request
            since = min(since, _on_their_clock(response, attempted_at, asked_at) - CLOCK_MARGIN)
            for entry in answers.rows(response, "messages"):
                created = answers.moment(entry.get("date_created"))
                if created and created < since:
                    return Found(None)
                if entry.get("sid") not in known_ids and self._is_ours(
                    entry, text, self._from(message)
                ):
                    return Found(answers.message_id(entry))
            following = self._next_page(response)
            if following is None:
                return Found(None)
            request = following
        raise Ambiguous("The provider's list of messages is too long to look through.")

    def check(self) -> CheckSteps:
        """Ask for the account, and for the numbers in it; raises BadCredentials with the reason.

        Names and short codes of a pool are not listed there, so they are not looked for.
        """
        account = answers.body((yield self._request("GET", ".json")))
        name, status = str(account.get("friendly_name", "")), str(account.get("status", ""))
        if status != "active":
            raise BadCredentials(f"{name}: {status or 'unknown'}", code="30002")
        for number in self._numbers:
            response = yield self._request(
                "GET", "/IncomingPhoneNumbers.json", params=[("PhoneNumber", number)]
            )
            if not answers.rows(response, "incoming_phone_numbers"):
                text = f"{number}: {twilio_errors.TABLE[21606].text}"
                raise BadCredentials(text, code="21606")
        return Checked(f"{name}, {status}")

    # --- Helpers ------------------------------------------------------------------------------

    @cached_property
    def _tokens(self) -> tuple[str, ...]:
        names = ("auth_token", "auth_token_secondary")
        return tuple(token for name in names if (token := self.config.get(name)))

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

    @cached_property
    def _account_path(self) -> str:
        return f"/{VERSION}/Accounts/{quote(self.config['account_sid'], safe='')}"

    @cached_property
    def _account_url(self) -> str:
        return f"{self.base_url}{self._account_path}"

    @cached_property
    def _auth(self) -> tuple[str, str]:
        return self.config["account_sid"], self.config["auth_token"]

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        data: Sequence[tuple[str, str]] | None = None,
    ) -> Request:
        return Request(
            method=method,
            url=f"{self._account_url}{path}",
            params=params,
            data=data,
            auth=self._auth,
            secrets=self._tokens,
            private=PRIVATE,
        )

    def _next_page(self, response: Response) -> Request | None:
        """The next page, if it lies below our own account: credentials go nowhere else."""
        path = answers.body(response).get("next_page_uri")
        start = self._account_path
        if not isinstance(path, str) or not path.startswith(f"{start}/"):
            return None
        return self._request("GET", path.removeprefix(start))

    def _is_ours(self, entry: answers.Json, text: str, sender: tuple[str, str]) -> bool:
        name, value = sender
        theirs = entry.get("from" if name == "From" else "messaging_service_sid")
        outbound = str(entry.get("direction", "")).startswith("outbound")
        sent = normalized(str(entry.get("body", ""))).strip()
        return outbound and theirs == value and sent == text


def _on_their_clock(
    response: Response, attempted_at: datetime, asked_at: datetime | None
) -> datetime:
    """The moment of the attempt on the provider's clock, as far as its answer tells its time."""
    theirs = response.date()
    return (
        attempted_at if theirs is None or asked_at is None else attempted_at + (theirs - asked_at)
    )
