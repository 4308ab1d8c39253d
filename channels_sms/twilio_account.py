"""A Twilio account, as all channels of it have it: credentials, webhooks, files, messages' list."""

from abc import abstractmethod
from collections.abc import Generator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from channels_sms import twilio_answers as answers
from channels_sms import twilio_signature, twilio_webhooks
from channels_sms.segments import normalized
from gateway.contract import (
    Adapter,
    ConfigField,
    FindSteps,
    Found,
    Request,
    Response,
    WebhookRequest,
    WebhookResponse,
)
from gateway.errors import Ambiguous, BadCredentials, Malformed
from gateway.events import OutboundMessage

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

VERSION = "2010-04-01"
MAX_TEXT = 1600
LONGEST_VALIDITY_S = 36_000
# An empty answer in the only format Twilio takes: nothing to say to the customer.
TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
PRIVATE = frozenset({"Body", "MediaUrl"})
# Where the engine puts ids that are certainly not the answer to ``find``.
KNOWN_IDS = "known_external_ids"
PAGE_SIZE = 50
MAX_PAGES = 20
# Twilio's clock and ours; its times have no fractions.
CLOCK_MARGIN = timedelta(seconds=30)

ACCOUNT_FIELDS = (
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
)


def service_field(words: "_StrPromise") -> ConfigField:
    """The Messaging Service of a channel; ``words`` say what it is good for there."""
    return ConfigField(
        "messaging_service_sid",
        _("Messaging Service SID"),
        help=words,
        required=False,
        pattern=r"MG[0-9a-fA-F]{32}",
        pattern_error=_("MG and 32 letters or digits (0–9, a–f)."),
        placeholder="MG…",
    )


class TwilioAccount(Adapter):
    """What Twilio's channels have in common.

    Sends are not idempotent at Twilio; ``find`` looks for an unclear attempt in the list of
    messages instead. Status callbacks carry our delivery's uid in their URL.
    """

    address_kind = "phone"
    provider = "twilio"
    provider_url = "https://api.twilio.com"

    # --- In -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless one of the channel's Auth Tokens signed the request."""
        twilio_signature.verify(request, self._tokens)

    def shard_key(self, request: WebhookRequest) -> str:
        """The customer's number, for messages and for statuses of messages to them."""
        return twilio_webhooks.customer(request)

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

    def find(
        self, message: OutboundMessage, attempted_at: datetime, asked_at: datetime | None = None
    ) -> FindSteps:
        """Look through the messages to this person, newest first, back to the attempt.

        ``message.content["known_external_ids"]`` are other deliveries' and never the answer. There
        is no DateSent filter: it could hide a message that Twilio has queued but not yet sent.
        Raises Ambiguous when the list does not reach back to the attempt.
        """
        known = message.content.get(KNOWN_IDS)
        known_ids = set(known) if isinstance(known, list | tuple | set) else set()
        for to in self._recipients(message.address):
            request = self._request("GET", "/Messages.json", params=_about(to))
            since = attempted_at - CLOCK_MARGIN
            for _page in range(MAX_PAGES):
                response = yield request
                theirs = _on_their_clock(response, attempted_at, asked_at)
                since = min(since, theirs - CLOCK_MARGIN)
                recent, ended = _since(answers.rows(response, "messages"), since)
                for entry in recent:
                    if entry.get("sid") not in known_ids and self._is_ours(entry, message):
                        return Found(answers.message_id(entry))
                following = None if ended else self._next_page(response)
                if following is None:
                    break
                request = following
            else:
                raise Ambiguous("The provider's list of messages is too long to look through.")
        return Found(None)

    # --- Helpers ------------------------------------------------------------------------------

    @abstractmethod
    def _from(self, message: OutboundMessage) -> tuple[str, str]:
        """The form field that says whom a message is from."""

    @abstractmethod
    def _is_ours(self, entry: answers.Json, message: OutboundMessage) -> bool:
        """Whether an entry of the list, of about the right time, is this message.

        Raises Rejected when nobody can tell.
        """

    def _recipients(self, address: str) -> Sequence[str]:
        """Under which names the list may have somebody."""
        return (address,)

    def _from_us(self, entry: answers.Json, message: OutboundMessage) -> bool:
        """Whether an entry of the list was sent by the sender that the message leaves from."""
        name, value = self._from(message)
        theirs = entry.get("from" if name == "From" else "messaging_service_sid")
        return theirs == value and str(entry.get("direction", "")).startswith("outbound")

    def _check_account(self) -> "Generator[Request, Response, str]":
        """Ask for the account: its name and state; raises BadCredentials with the reason."""
        account = answers.body((yield self._request("GET", ".json")))
        name, status = str(account.get("friendly_name", "")), str(account.get("status", ""))
        if status != "active":
            raise BadCredentials(f"{name}: {status or 'unknown'}", code="30002")
        return f"{name}, {status}"

    @cached_property
    def _tokens(self) -> tuple[str, ...]:
        names = ("auth_token", "auth_token_secondary")
        return tuple(token for name in names if (token := self.config.get(name)))

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


def same_text(entry: answers.Json, text: str) -> bool:
    """Whether an entry of the list has these words, however they are composed."""
    return normalized(str(entry.get("body", ""))).strip() == normalized(text).strip()


def _about(to: str) -> list[tuple[str, str]]:
    return [("To", to), ("PageSize", str(PAGE_SIZE))]


def _since(entries: Sequence[answers.Json], since: datetime) -> tuple[list[answers.Json], bool]:
    """Those of a page, newest first, that are no older; and whether one was."""
    recent: list[answers.Json] = []
    for entry in entries:
        created = answers.moment(entry.get("date_created"))
        if created and created < since:
            return recent, True
        recent.append(entry)
    return recent, False


def _on_their_clock(
    response: Response, attempted_at: datetime, asked_at: datetime | None
) -> datetime:
    """The moment of the attempt on the provider's clock, as far as its answer tells its time."""
    theirs = response.date()
    return (
        attempted_at if theirs is None or asked_at is None else attempted_at + (theirs - asked_at)
    )
