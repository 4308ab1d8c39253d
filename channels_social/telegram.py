"""Telegram bots, through the Bot API."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from json import dumps
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from channels_social import telegram_content as contents
from channels_social import telegram_errors, telegram_messages, telegram_webhooks
from channels_social.json_values import Json, plain
from gateway.content.model import Content
from gateway.content.shows import Shows
from gateway.contract import (
    PICTURE,
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
    WebhookResponse,
    reaction_id,
)
from gateway.errors import Ambiguous, Rejected, TooLong, Unreachable
from gateway.events import Event, OutboundMessage
from gateway.signalling import setting

PRIVATE = frozenset(
    {"media", "text", "caption", "title", "address", "latitude", "longitude"}
    | {"phone_number", "first_name", "last_name", "vcard"}
)
# The path of an attachment's address, which names a file without the token that opens it.
FILE = "/file_id/"
FIELDS = (
    ConfigField(
        "bot_token",
        _("Bot token"),
        help=_("@BotFather shows it when a bot is made, and again under /mybots, API Token."),
        secret=True,
        pattern=r"\d{3,20}:[A-Za-z0-9_-]{20,200}",
        pattern_error=_("A number, a colon and a long word, as @BotFather shows it."),
        placeholder="123456789:AAE…",
    ),
    ConfigField(
        "username",
        _("Bot's name"),
        help=_("By what customers find the bot; it ends in “bot”."),
        pattern=r"@?[A-Za-z0-9_]{4,32}",
        pattern_error=_("Letters, digits and _ only, as in @my_shop_bot."),
        placeholder="@my_shop_bot",
    ),
    ConfigField(
        "secret_token",
        _("Webhook secret"),
        help=_("Telegram repeats it in every webhook. Leave it empty and one is made up."),
        secret=True,
        required=False,
        pattern=r"[A-Za-z0-9_-]{16,256}",
        pattern_error=_("16 to 256 letters, digits, _ and - only."),
        generated=True,
    ),
    replace(
        setting.FIELD,
        label=_("Typing sign"),
        help=_("Whether customers see that somebody is writing to them."),
        choices=((setting.BOTH, _("Shown")), ("none", _("Not shown"))),
    ),
)


class Telegram(Adapter):
    """One bot. A person is the chat with them: its id as text."""

    kind = "telegram"
    label = _("Telegram")
    medium = "telegram"
    address_kind = "telegram"
    provider = "telegram"
    provider_url = "https://api.telegram.org"
    capabilities = Capabilities(
        max_text=contents.MAX_TEXT,
        signals=frozenset({Signal.TYPING}),
        quotes=True,
        registers=True,
        reactions=contents.REACTIONS,
    )
    fields = FIELDS

    def __init__(self, config: Mapping[str, str], *, base_url: str | None = None) -> None:
        super().__init__(config, base_url=base_url)
        self.capabilities = setting.allowed(type(self).capabilities, config)

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The bot's name, as @my_shop_bot."""
        name = config.get("username", "").strip().lstrip("@")
        return f"@{name}" if name else ""

    # --- In -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless Telegram repeats the secret it was given."""
        telegram_webhooks.verify(request, self.config.get("secret_token", ""))

    def shard_key(self, request: WebhookRequest) -> str:
        """The chat's id, which is the customer's."""
        return telegram_webhooks.chat_of(telegram_webhooks.read(request))

    def acknowledge(self, request: WebhookRequest) -> WebhookResponse:
        """A tap is answered at once, by a method in the webhook's response: what it results in
        nobody needs to know, and without it the button keeps turning on the phone.
        """
        tap = telegram_webhooks.callback_id(telegram_webhooks.read(request))
        if not tap:
            return WebhookResponse()
        body = dumps({"method": "answerCallbackQuery", "callback_query_id": tap})
        return WebhookResponse(body=body, content_type="application/json")

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """A message, a tap, an edit, a reaction, a bot that was blocked, or another event."""
        update = telegram_webhooks.read(request)
        return telegram_webhooks.parse(update, self.channel_address(self.config), self._file_url)

    def fetch(self, url: str) -> FetchSteps:
        """Ask where the file lies, which holds for an hour, and get it there (up to 20 MB)."""
        found = urlsplit(url).path.rpartition(FILE)
        if not found[1]:
            return self.media_request(url)
        result = yield from self._ask("getFile", {"file_id": unquote(found[2])})
        path = result.get("file_path")
        if not isinstance(path, str) or not path or ".." in path:
            raise Unreachable("Telegram did not say where the file lies.")
        token = self.config.get("bot_token", "")
        link = f"{self.base_url}/file/bot{token}/{quote(path.lstrip('/'))}"
        return Request("GET", link, secrets=self._secrets)

    # --- Out ----------------------------------------------------------------------------------

    def shows(self, address: str) -> Shows:
        """Text, files with words (several as an album), a card, a place, buttons and lists."""
        return contents.SHOWS

    def send(self, message: OutboundMessage) -> SendSteps:
        """One POST; a second one where the chat has moved. 200 means that it is in the chat."""
        if len(message.text) > contents.MAX_TEXT:
            raise TooLong(f"The text is longer than {contents.MAX_TEXT} characters")
        found = contents.call_for(_content(message))
        fields = {"chat_id": _chat(message.address), **found.fields, **_quoting(message)}
        response = yield self._call(replace(found, fields=fields))
        moved = telegram_errors.moved_to(response)
        if moved is not None:
            response = yield self._call(replace(found, fields=fields | {"chat_id": moved}))
        result = telegram_errors.result(response)
        first = result[0] if isinstance(result, list) and result else result  # of an album
        identity = telegram_messages.message_id(_object(first))
        if not identity:
            raise Ambiguous("Telegram accepted the request but its answer names no message.")
        return Sent(identity)

    def react(self, message: OutboundMessage) -> SendSteps:
        """One POST, with the one emoji a bot may give, or with none."""
        chat, _colon, number = message.about.reply_to.rpartition(":")
        if chat != message.address or not number.isdecimal():
            raise Rejected("This message is not in the chat.")
        # Telegram's own list has no variation selectors.
        emoji = message.about.reaction.replace(PICTURE, "")
        body = {
            "chat_id": _chat(chat),
            "message_id": int(number),
            "reaction": [{"type": "emoji", "emoji": emoji}] if emoji else [],
        }
        response = yield self._request("setMessageReaction", json=body)
        if response.status != 200 or telegram_errors.said(response).get("ok") is not True:
            raise telegram_errors.failure(response, safe=True)
        return Sent(reaction_id(message))

    def signal(self, signal: Signal, address: str, *, uid: str, about: str = "") -> SignalSteps:
        """Show for five seconds that somebody is writing."""
        if signal not in self.capabilities.signals:
            raise TypeError(f"{self.kind} shows no {signal} here.")
        body = {"chat_id": _chat(address), "action": "typing"}
        response = yield self._request("sendChatAction", json=body)
        if response.status != 200 or telegram_errors.said(response).get("ok") is False:
            raise telegram_errors.failure(response, safe=True)

    def check(self) -> CheckSteps:
        """Ask who the bot is; raises BadCredentials with the reason."""
        bot = yield from self._ask("getMe", {})
        name, shown = bot.get("username"), bot.get("first_name")
        words = [
            f"@{name}" if isinstance(name, str) else "",
            shown if isinstance(shown, str) else "",
        ]
        return Checked(plain(", ".join(filter(None, words)))[:200])

    def register(self, webhook_url: str) -> CheckSteps:
        """Tell Telegram the address and the secret, and what it shall send there."""
        body = {
            "url": webhook_url,
            "secret_token": self.config.get("secret_token", ""),
            "allowed_updates": list(telegram_webhooks.ALLOWED),
        }
        response = yield self._request("setWebhook", json=body)
        if telegram_errors.said(response).get("ok") is not True:
            raise telegram_errors.failure(response, safe=True)
        return Checked(self.channel_address(self.config))

    # --- Helpers ------------------------------------------------------------------------------

    def _ask(self, method: str, body: Json) -> Any:
        """The object a question is answered with; asking again is harmless."""
        response: Response = yield self._request(method, json=body)
        found = telegram_errors.said(response)
        if response.status != 200 or found.get("ok") is not True:
            raise telegram_errors.failure(response, safe=True)
        if not isinstance(found.get("result"), dict):
            raise Unreachable("Telegram's answer is not understood.")
        return found["result"]

    def _file_url(self, file_id: str) -> str:
        return telegram_messages.file_link(self.base_url, file_id)

    @property
    def _secrets(self) -> tuple[str, ...]:
        names = ("bot_token", "secret_token")
        return tuple(filter(None, (self.config.get(name, "") for name in names)))

    def _call(self, call: contents.Call) -> Request:
        if call.files:
            return self._request(call.method, parts=call.parts())
        return self._request(call.method, json=call.fields)

    def _request(self, method: str, **body: Any) -> Request:
        return Request(
            "POST",
            f"{self.base_url}/bot{self.config.get('bot_token', '')}/{method}",
            secrets=self._secrets,
            private=PRIVATE,
            **body,
        )


def _content(message: OutboundMessage) -> Content:
    # Nearly every message is nothing but text; reading it anew would cost more than all the rest.
    if message.content.keys() <= {"text"}:
        return Content(text=message.text)
    try:
        return message.rich
    except ValidationError as error:
        raise Rejected("; ".join(error.messages)) from error


def _chat(address: str) -> int | str:
    """A chat as Telegram writes it: a number, over 32 bits."""
    return int(address) if address.isdecimal() else address


def _quoting(message: OutboundMessage) -> Json:
    """The message that is answered; one that is gone meanwhile does not stop the answer."""
    chat, _colon, number = message.about.reply_to.rpartition(":")
    if chat != message.address or not number.isdecimal():
        return {}
    quoted = {"message_id": int(number), "allow_sending_without_reply": True}
    return {"reply_parameters": quoted}


def _object(found: Any) -> Json:
    return found if isinstance(found, dict) else {}
