"""A WeChat Official Account (service account) through api.weixin.qq.com."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

from django.core.exceptions import ValidationError

from channels_social import wechat_account, wechat_errors, wechat_messages, wechat_webhooks
from channels_social.wechat_account import JSON, utf8_json
from gateway.content.model import Content, Media
from gateway.content.shows import Shows, utf8
from gateway.contract import (
    Adapter,
    Capabilities,
    Checked,
    CheckSteps,
    FetchSteps,
    Grant,
    Part,
    Request,
    Response,
    SendSteps,
    Sent,
    Signal,
    SignalSteps,
    TemplatesSteps,
    WebhookRequest,
    WebhookResponse,
)
from gateway.errors import Ambiguous, Rejected, TooLong, Unreachable
from gateway.events import Event, OutboundMessage, Window
from gateway.signalling.setting import allowed

if TYPE_CHECKING:
    from collections.abc import Generator

MEDIA_PATH = "/cgi-bin/media/get"


class WeChat(Adapter):
    """One service account. A person is the openid they have at it."""

    kind = "wechat"
    label = "WeChat"
    medium = "wechat"
    address_kind = "wechat"
    provider = "wechat"
    provider_url = wechat_account.HOST
    capabilities = Capabilities(
        max_text=wechat_messages.MAX_TEXT,
        signals=frozenset({Signal.TYPING}),
        window=Window(48 * 3600, 5),
        templates=True,
    )
    fields = wechat_account.FIELDS
    media_hosts = ("vweixinp.tc.qq.com",)  # videos

    def __init__(self, config: Mapping[str, str], *, base_url: str | None = None) -> None:
        super().__init__(config, base_url=base_url)
        self.capabilities = allowed(type(self).capabilities, config)

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The account's original id, which its messages name."""
        return config.get("original_id", "")

    # --- In -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless WeChat signed this, with what is encrypted in it."""
        wechat_webhooks.verify(request, self._keys)

    def handshake(self, request: WebhookRequest) -> WebhookResponse | None:
        """The word of WeChat's first request to the address."""
        said = wechat_webhooks.echo(request) if request.method == "GET" else None
        return None if said is None else WebhookResponse(body=said)

    def shard_key(self, request: WebhookRequest) -> str:
        """The customer's openid; a request holds one event."""
        found = wechat_webhooks.read(request, self._keys)
        return wechat_webhooks.text(found, "FromUserName")[:255]

    def kept_url(self, request: WebhookRequest) -> str:
        """Without the query: whoever had its signature could sign with it for a while."""
        return request.url.partition("?")[0]

    def acknowledge(self, request: WebhookRequest) -> WebhookResponse:
        """What keeps WeChat from trying again, and from telling the customer of an error."""
        return WebhookResponse(body="success")

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """A message, a status, what opened a window, an opt-out, or an UnknownEvent."""
        return wechat_webhooks.parse(wechat_webhooks.read(request, self._keys), self._file_url)

    def media_request(self, url: str) -> Request:
        """The bytes of a customer's file; the token only where it lies at WeChat itself."""
        if not url.startswith(f"{self.base_url}{MEDIA_PATH}?"):
            return Request("GET", url)
        [name] = parse_qs(urlsplit(url).query).get("media_id", [""])[:1]
        return self._request("GET", MEDIA_PATH, params=[("media_id", name)])

    def fetch(self, url: str) -> FetchSteps:
        """WeChat answers with the bytes, or (a video) with where they are, or with an error."""
        request = self.media_request(url)
        if request.grant is None:
            return request
        response = yield request
        answer = response.json()
        if response.status == 200 and not isinstance(answer, dict):
            return request
        place = wechat_errors.body(response, safe=True).get("video_url")
        if not isinstance(place, str):
            raise Unreachable("WeChat's answer is not understood.")
        if self.base_url == self.provider_url:  # WeChat still names it without encryption
            place = place.replace("http://", "https://", 1)
        return Request("GET", place)

    # --- Out ----------------------------------------------------------------------------------

    def shows(self, address: str) -> Shows:
        """Text, pictures, videos, voices, one card; answers to tap below words."""
        return wechat_messages.SHOWS

    def send(self, message: OutboundMessage) -> SendSteps:
        """Upload a file if there is one, then send; raises what wechat_errors says.

        A customer-service message gets no id from WeChat, so it has ours; a template has one.
        """
        content = _content(message)
        if content.template is not None:
            body = wechat_messages.template(content.template)
            answer = yield from self._deliver("template", message.address, body)
            return Sent(_template_id(answer))
        if utf8(content.text) > wechat_messages.MAX_TEXT:
            raise TooLong(f"WeChat takes {wechat_messages.MAX_TEXT} bytes at most.", code="45002")
        media_id = (yield from self._upload(content.media[0])) if content.media else ""
        body = wechat_messages.custom(content, media_id)
        yield from self._deliver("custom", message.address, body)
        return Sent(message.uid)

    def signal(self, signal: Signal, address: str, *, uid: str, about: str = "") -> SignalSteps:
        """Show that somebody is writing, for up to 15 seconds; raises a SendError."""
        if signal not in type(self).capabilities.signals:
            raise TypeError(f"WeChat is not told {signal}.")
        body = utf8_json({"touser": address, "command": "Typing"})
        response = yield self._request("POST", "/cgi-bin/message/custom/typing", body=body)
        wechat_errors.body(response, safe=True)

    # --- The account --------------------------------------------------------------------------

    def check(self) -> CheckSteps:
        """Get a token and ask which addresses WeChat calls from; raises with the reason."""
        response = yield self._request("GET", "/cgi-bin/getcallbackip")
        if not isinstance(wechat_errors.body(response, safe=True).get("ip_list"), list):
            raise Unreachable("WeChat's answer is not understood.")
        return Checked(f"{self.channel_address(self.config)}, {self.config.get('app_id')}")

    def templates(self) -> TemplatesSteps:
        """All templates of the account; they are chosen from WeChat's library in its console."""
        path = "/cgi-bin/template/get_all_private_template"
        answer = wechat_errors.body((yield self._request("GET", path)), safe=True)
        rows = answer.get("template_list")
        if not isinstance(rows, list):
            raise Unreachable("WeChat's answer is not understood.")
        return wechat_messages.provider_templates(rows)

    # --- Helpers ------------------------------------------------------------------------------

    def _deliver(
        self, way: str, address: str, body: dict[str, Any]
    ) -> "Generator[Request, Response, Mapping[str, Any]]":
        """Send a body; only ``errcode`` 0 says that WeChat has it."""
        whole = utf8_json({"touser": address, **body})
        response = yield self._request("POST", f"/cgi-bin/message/{way}/send", body=whole)
        answer = wechat_errors.body(response, safe=False)
        if wechat_errors.code_of(response) != 0:
            raise Ambiguous("WeChat's answer does not say whether it took the message.")
        return answer

    def _upload(self, media: Media) -> "Generator[Request, Response, str]":
        """The id of a file at WeChat, which keeps it for three days."""
        name = media.name or "file"
        response = yield self._request(
            "POST",
            "/cgi-bin/media/upload",
            params=[("type", wechat_messages.family(media))],
            parts=[Part("media", media, filename=name, content_type=media.content_type)],
        )
        found = wechat_errors.body(response, safe=True).get("media_id")
        if not isinstance(found, str) or not found:
            raise Unreachable("WeChat's answer names no file.")
        return found

    def _file_url(self, media_id: str) -> str:
        return f"{self.base_url}{MEDIA_PATH}?media_id={quote(media_id, safe='')}"

    @cached_property
    def _keys(self) -> wechat_webhooks.Keys:
        names = ("token", "aes_key", "app_id")
        return wechat_webhooks.Keys(*(self.config.get(name, "") for name in names))

    @cached_property
    def _grant(self) -> Grant:
        return wechat_account.grant(self.config, self.base_url)

    @cached_property
    def _secrets(self) -> tuple[str, ...]:
        names = ("app_secret", "token", "aes_key")
        return tuple(filter(None, map(self.config.get, names)))

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        parts: Sequence[Part] = (),
    ) -> Request:
        return Request(
            method=method,
            url=f"{self.base_url}{path}",
            headers=JSON if body is not None else {},
            params=params,
            body=body,
            parts=parts,
            grant=self._grant,
            secrets=self._secrets,
        )


def _content(message: OutboundMessage) -> Content:
    # Nearly every message is nothing but text; reading it anew would cost more than all the rest.
    if message.content.keys() <= {"text"}:
        return Content(text=message.text)
    try:
        return message.rich
    except ValidationError as error:
        raise Rejected("; ".join(error.messages)) from error


def _template_id(answer: Mapping[str, Any]) -> str:
    found = answer.get("msgid")
    if isinstance(found, int | str) and not isinstance(found, bool) and str(found):
        return str(found)[:255]
    raise Ambiguous("WeChat accepted the template but its answer names no message.")
