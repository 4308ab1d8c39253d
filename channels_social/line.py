"""LINE through its Messaging API (version 2).

An answer goes by the token of the customer's message while there is one: replies are free, pushed
messages count against the plan. A push carries our uid as its retry key, so LINE recognises a
repeat; a reply cannot carry one. So the engine never repeats by itself what left with a token and
ended unclear (``Capabilities.idempotent_send``): pushing it could show it twice. Only where LINE
says that the token is no longer good, which it says before it sends anything, is it pushed.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from django.core.exceptions import ValidationError
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from channels_social import line_errors, line_messages, line_webhooks
from gateway.content.model import Content
from gateway.content.shows import Shows, utf16
from gateway.contract import (
    Adapter,
    Capabilities,
    Checked,
    CheckSteps,
    ConfigField,
    FetchSteps,
    Request,
    Response,
    SendSteps,
    Sent,
    Signal,
    SignalSteps,
    WebhookRequest,
)
from gateway.errors import Ambiguous, BadCredentials, Rejected, TooLong, Unreachable
from gateway.events import Event, OutboundMessage
from gateway.signalling.setting import FIELD, allowed

HOST = "https://api.line.me"
CONTENT_HOST = "https://api-data.line.me"
PRIVATE = frozenset({"messages", "replyToken", "markAsReadToken"})
# The next sign follows after 8 seconds; LINE takes multiples of five.
TYPING_S = 10
PREVIEW = "icons/video.png"


class Line(Adapter):
    """One LINE official account. A person is the user id that LINE gives them for it."""

    kind = "line"
    label = _("LINE")
    medium = "line"
    address_kind = "line"
    provider = "line"
    provider_url = HOST
    capabilities = Capabilities(
        max_text=line_messages.MAX_TEXT,
        idempotent_send=True,
        signals=frozenset(Signal),
        quotes=True,
        by_token=True,
        # LINE says about a minute; what leaves must also arrive there.
        reply_token_s=50,
        registers=True,
    )
    media_hosts = (urlsplit(CONTENT_HOST).netloc,)
    fields = (
        ConfigField(
            "basic_id",
            _("Basic ID"),
            help=_("In the LINE Developers Console, at the channel, tab “Messaging API”."),
            placeholder="@123abcde",
            pattern=r"@[a-z0-9._-]{2,40}",
            pattern_error=_("It begins with @."),
        ),
        ConfigField(
            "channel_secret",
            _("Channel secret"),
            help=_("On the tab “Basic settings” of the same channel."),
            secret=True,
            pattern=r"[0-9a-f]{32}",
            pattern_error=_("It has 32 characters, 0 to 9 and a to f."),
        ),
        ConfigField(
            "access_token",
            _("Channel access token"),
            help=_("At the end of the tab “Messaging API”: press Issue and copy it whole."),
            secret=True,
            max_length=500,
        ),
        FIELD,
    )

    def __init__(self, config: Mapping[str, str], *, base_url: str | None = None) -> None:
        super().__init__(config, base_url=base_url)
        self.capabilities = allowed(type(self).capabilities, config)

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The account's basic id."""
        return config.get("basic_id", "")

    # --- In -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless LINE signed the body with the channel's secret."""
        line_webhooks.verify(request, self.config.get("channel_secret", ""))

    def shard_key(self, request: WebhookRequest) -> str:
        """The account's own id: a request may hold events of several people."""
        return line_webhooks.text(line_webhooks.read(request), "destination")[:255]

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """All events; what other systems answer (mode standby) is left out."""
        place = line_webhooks.Place(self.channel_address(self.config), self._content_url)
        return line_webhooks.parse(line_webhooks.read(request), place)

    def media_request(self, url: str) -> Request:
        """The bytes of a customer's file; the token only where it lies at LINE itself."""
        if not url.startswith(f"{self._content_host}/"):
            return Request("GET", url)
        return Request("GET", url, headers=self._headers, secrets=self._secrets)

    def fetch(self, url: str) -> FetchSteps:
        """Ask first whether LINE has a video or a sound ready; while it has not, Unreachable.

        What was sent as another kind of file is ready at once, and LINE knows no such question
        about it (404).
        """
        if url.startswith(f"{self._content_host}/"):
            response = yield Request(
                "GET", f"{url}/transcoding", headers=self._headers, secrets=self._secrets
            )
            answer = response.json() if response.status == 200 else None
            if isinstance(answer, dict) and answer.get("status") == "processing":
                raise Unreachable("LINE still prepares this file.")
        return self.media_request(url)

    # --- Out ----------------------------------------------------------------------------------

    def shows(self, address: str) -> Shows:
        """Text, pictures, videos, sounds, places, cards and carousels; quick replies below."""
        return line_messages.SHOWS

    def send(self, message: OutboundMessage) -> SendSteps:
        """A reply while there is a token, else a push; raises what line_errors says."""
        content = _content(message)
        if utf16(content.text) > line_messages.MAX_TEXT:
            raise TooLong(f"LINE takes {line_messages.MAX_TEXT} characters at most.")
        shown = line_messages.message_object(content, self._preview(message))
        messages = [shown | line_messages.quoting(content, message.about.quote_token)]
        if message.reply_token:
            body = {"replyToken": message.reply_token, "messages": messages}
            response = yield self._post("message/reply", body)
            if not line_errors.invalid_token(response):
                return Sent(_message_id(response))
        body = {"to": message.address, "messages": messages}
        response = yield self._post("message/push", body, **{"X-Line-Retry-Key": message.uid})
        if response.status == 409 and response.headers.get(line_errors.ACCEPTED_BEFORE):
            return Sent(_id_in(response) or message.uid)
        return Sent(_message_id(response))

    def signal(self, signal: Signal, address: str, *, uid: str, about: str = "") -> SignalSteps:
        """Show for ten seconds that somebody is writing, or up to which message all was read.

        ``about`` is the token that a message is marked as read by; raises a SendError.
        """
        if signal is Signal.READ:
            response = yield self._post("chat/markAsRead", {"markAsReadToken": about})
        else:
            body = {"chatId": address, "loadingSeconds": TYPING_S}
            response = yield self._post("chat/loading/start", body)
        if not 200 <= response.status < 300:
            raise line_errors.failure(response, safe=True)

    # --- The account --------------------------------------------------------------------------

    def check(self) -> CheckSteps:
        """Ask which account the token is for; BadCredentials when it is another one."""
        response = yield self._request("GET", "info")
        answer = response.json()
        if response.status != 200 or not isinstance(answer, dict):
            raise line_errors.failure(response, safe=True)
        own = {answer.get(name) for name in ("basicId", "premiumId")}
        if self.config.get("basic_id") not in own:
            text = f"The token is for the account {answer.get('basicId')}."
            raise BadCredentials(text)
        return Checked(f"{answer.get('displayName')} ({self.config['basic_id']})")

    def register(self, webhook_url: str) -> CheckSteps:
        """Tell LINE where its webhooks go; that they are used is switched on by a person there."""
        body = {"endpoint": webhook_url}
        response = yield self._request("PUT", "channel/webhook/endpoint", json=body)
        if response.status != 200:
            raise line_errors.failure(response, safe=True)
        return Checked(webhook_url)

    # --- Helpers ------------------------------------------------------------------------------

    @property
    def _content_host(self) -> str:
        return CONTENT_HOST if self.base_url == self.provider_url else self.base_url

    def _content_url(self, message_id: str) -> str:
        return f"{self._content_host}/v2/bot/message/{quote(message_id, safe='')}/content"

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.config.get('access_token', '')}"}

    @property
    def _secrets(self) -> tuple[str, ...]:
        return tuple(filter(None, map(self.config.get, ("access_token", "channel_secret"))))

    def _post(self, path: str, body: dict[str, Any], **headers: str) -> Request:
        return self._request("POST", path, json=body, **headers)

    def _request(self, method: str, path: str, *, json: Any = None, **headers: str) -> Request:
        return Request(
            method=method,
            url=f"{self.base_url}/v2/bot/{path}",
            headers=self._headers | headers,
            json=json,
            secrets=self._secrets,
            private=PRIVATE,
        )

    def _preview(self, message: OutboundMessage) -> str:
        """The picture in a video's place, at our own address."""
        home = urlsplit(message.status_url)
        return f"{home.scheme}://{home.netloc}{static(PREVIEW)}"


def _content(message: OutboundMessage) -> Content:
    # Nearly every message is nothing but text; reading it anew would cost more than all the rest.
    if message.content.keys() <= {"text"}:
        return Content(text=message.text)
    try:
        return message.rich
    except ValidationError as error:
        raise Rejected("; ".join(error.messages)) from error


def _message_id(response: Response) -> str:
    """LINE's id of what it accepted; raises what went wrong."""
    if not 200 <= response.status < 300:
        raise line_errors.failure(response)
    found = _id_in(response)
    if not found:
        raise Ambiguous("LINE accepted the request but its answer names no message.")
    return found


def _id_in(response: Response) -> str:
    answer = response.json()
    sent = answer.get("sentMessages") if isinstance(answer, dict) else None
    first = sent[0] if isinstance(sent, list) and sent else None
    found = first.get("id") if isinstance(first, dict) else None
    return found if isinstance(found, str) and 0 < len(found) <= 255 and found.isascii() else ""
