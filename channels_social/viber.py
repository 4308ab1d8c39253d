"""Viber bots, through the REST Bot API."""

from collections.abc import Mapping, Sequence
from json import dumps
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from channels_social import viber_content as contents
from channels_social import viber_errors, viber_webhooks
from channels_social.json_values import Json, identity, text
from gateway.content.model import Content
from gateway.content.shows import Shows
from gateway.contract import (
    Adapter,
    Capabilities,
    Checked,
    CheckSteps,
    ConfigField,
    Request,
    SendSteps,
    Sent,
    WebhookRequest,
    WebhookResponse,
)
from gateway.errors import Ambiguous, Malformed, Rejected, TooLong
from gateway.events import Event, OutboundMessage

PRIVATE = frozenset({"text", "media", "location", "contact", "rich_media", "keyboard", "alt_text"})
FIELDS = (
    ConfigField(
        "auth_token",
        _("Token"),
        help=_("On the bot's page at partners.viber.com, under “Your app key is”."),
        secret=True,
        pattern=r"[A-Za-z0-9-]{10,200}",
        pattern_error=_("Letters, digits and - only."),
        placeholder="4f0b3c…-…-…",
    ),
    ConfigField(
        "uri",
        _("Bot's URI"),
        help=_("By what links open the bot: the part after chatURI= in its link."),
        pattern=r"[A-Za-z0-9._-]{2,100}",
        pattern_error=_("Letters, digits and . _ - only."),
        placeholder="my_shop",
    ),
    ConfigField(
        "sender_name",
        _("Sender's name"),
        help=_("What customers see above each message; up to 28 characters."),
        max_length=28,
        placeholder="My Shop",
    ),
    ConfigField(
        "sender_avatar",
        _("Sender's picture"),
        help=_("The address of a picture of up to 100 kB; empty for the bot's own."),
        required=False,
        pattern=r"https://\S{4,1000}",
        pattern_error=_("An address that begins with https:// is expected here."),
    ),
    ConfigField(
        "welcome",
        _("Welcome"),
        help=_("Shown to whoever opens the bot for the first time, before they write."),
        required=False,
        multiline=True,
        max_length=1000,
    ),
)
# Where customers' files lie.
MEDIA_HOSTS = ("dl-media.viber.com", "media.cdn.viber.com", "content.cdn.viber.com")


class Viber(Adapter):
    """One bot. A person is Viber's id for them, another one for each bot."""

    kind = "viber"
    label = _("Viber")
    medium = "viber"
    address_kind = "viber"
    provider = "viber"
    provider_url = "https://chatapi.viber.com/pa"
    capabilities = Capabilities(max_text=contents.MAX_TEXT, read_receipts=True, registers=True)
    fields = FIELDS
    media_hosts = MEDIA_HOSTS

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The bot's URI."""
        return config.get("uri", "")

    # --- In -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless Viber signed this with the bot's token."""
        viber_webhooks.verify(request, self.config.get("auth_token", ""))

    def handshake(self, request: WebhookRequest) -> WebhookResponse | None:
        """The call with which Viber tries an address that it is told; any 200 will do."""
        try:
            callback = viber_webhooks.read(request)
        except Malformed:
            return None
        greets = callback.get("event") == viber_webhooks.GREETING
        return WebhookResponse() if greets else None

    def shard_key(self, request: WebhookRequest) -> str:
        """The customer's id; empty for what concerns the bot alone."""
        return viber_webhooks.customer(viber_webhooks.read(request))

    def acknowledge(self, request: WebhookRequest) -> WebhookResponse:
        """Whoever opens the bot can be shown one message, as the webhook's response."""
        callback, words = viber_webhooks.read(request), self.config.get("welcome", "").strip()
        opened = callback.get("event") == viber_webhooks.OPENED
        if not words or not opened or callback.get("subscribed") is True:
            return WebhookResponse()
        body = {"sender": self._sender, "type": "text", "text": words, "min_api_version": 1}
        return WebhookResponse(body=dumps(body), content_type="application/json")

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """A message, a report, a (un)subscription, or another event."""
        return viber_webhooks.parse(viber_webhooks.read(request), self.config.get("uri", ""))

    # --- Out ----------------------------------------------------------------------------------

    def shows(self, address: str) -> Shows:
        """Text, one file, cards side by side, a place, buttons and lists."""
        return contents.SHOWS

    def send(self, message: OutboundMessage) -> SendSteps:
        """One POST. HTTP 200 says nothing; a status of 0 in the answer means accepted."""
        if len(message.text) > contents.MAX_TEXT:
            raise TooLong(f"The text is longer than {contents.MAX_TEXT} characters")
        body = {
            "receiver": message.address,
            "sender": self._sender,
            # Comes back with the customer's next message; they could change it, so nobody reads it.
            "tracking_data": message.uid,
            **contents.message_for(_content(message)),
        }
        response = yield self._request("send_message", body)
        if not viber_errors.succeeded(response):
            raise viber_errors.failure(response)
        # 64 bits: as text, or half of the world's JSON readers round it.
        token = identity(viber_errors.said(response), "message_token")
        if not token:
            raise Ambiguous("Viber accepted the request but its answer names no message.")
        return Sent(token)

    def check(self) -> CheckSteps:
        """Ask about the account; raises BadCredentials with the reason."""
        response = yield self._request("get_account_info", {})
        if not viber_errors.succeeded(response):
            raise viber_errors.failure(response, safe=True)
        found = viber_errors.said(response)
        return Checked(", ".join(filter(None, (text(found, "name"), text(found, "uri"))))[:200])

    def register(self, webhook_url: str) -> CheckSteps:
        """Tell Viber the address; it calls there at once, and this only succeeds if we answer."""
        body = {
            "url": webhook_url,
            "event_types": list(viber_webhooks.ASKED),
            "send_name": True,
            "send_photo": False,
        }
        response = yield self._request("set_webhook", body)
        if not viber_errors.succeeded(response):
            raise viber_errors.failure(response, safe=True)
        return Checked(self.channel_address(self.config))

    # --- Helpers ------------------------------------------------------------------------------

    @property
    def _sender(self) -> Json:
        avatar = self.config.get("sender_avatar", "")
        name = {"name": self.config.get("sender_name", "")[:28]}
        return name | ({"avatar": avatar} if avatar else {})

    def _request(self, method: str, body: Any) -> Request:
        token = self.config.get("auth_token", "")
        return Request(
            "POST",
            f"{self.base_url}/{method}",
            headers={"X-Viber-Auth-Token": token},
            json=body,
            secrets=(token,),
            private=PRIVATE,
        )


def _content(message: OutboundMessage) -> Content:
    # Nearly every message is nothing but text; reading it anew would cost more than all the rest.
    if message.content.keys() <= {"text"}:
        return Content(text=message.text)
    try:
        return message.rich
    except ValidationError as error:
        raise Rejected("; ".join(error.messages)) from error
