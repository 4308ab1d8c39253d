"""X: posts that mention the account, and direct messages (API v2)."""

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

from django.utils.translation import gettext_lazy as _

from channels_social import x_errors, x_poll, x_register, x_search, x_webhooks
from channels_social.x_config import FIELDS, own_id
from channels_social.x_length import weight
from channels_social.x_oauth import Method, app_grant, authorization, with_params
from channels_social.x_parts import text_id
from gateway.content.model import Media
from gateway.content.shows import Shows
from gateway.contract import (
    Adapter,
    Capabilities,
    Checked,
    CheckSteps,
    Part,
    PollSteps,
    Request,
    Response,
    SendSteps,
    Sent,
    WebhookRequest,
    WebhookResponse,
)
from gateway.errors import BadCredentials, Rejected, TooLong, Unreachable
from gateway.events import About, Event, OutboundMessage, Sought

MAX_DIRECT = 10_000
# dm_events may be asked for 15 times in 15 minutes.
POLL_EVERY_S = 65.0
# A search for recent posts 60 times in 15 minutes, by the smallest of X's contracts.
SEARCH_EVERY_S = 15.0
# https://docs.x.com/x-api/media/quickstart/best-practices
PICTURE_BYTES = 5_000_000
GIF_BYTES = 15_000_000
PICTURES = dict.fromkeys(("image/jpeg", "image/png", "image/webp"), PICTURE_BYTES)
POST_FILES = 4
# Files of direct messages, for the people of the conversation only.
SIGNED_HOSTS = frozenset({"ton.twitter.com", "ton.x.com"})
PRIVATE = frozenset({"text"})
PERSON = re.compile(r"[0-9]{1,20}")


class X(Adapter):
    """An account on X. Its app signs as the account itself, by OAuth 1.0a."""

    kind = "x"
    label = _("X")
    medium = "x"
    address_kind = "x"
    provider = "x"
    provider_url = "https://api.x.com"
    capabilities = Capabilities(
        max_text=MAX_DIRECT,
        public=True,
        threads=True,
        registers=True,
        poll_every_s=POLL_EVERY_S,
        search_every_s=SEARCH_EVERY_S,
    )
    fields = FIELDS
    media_hosts = ("pbs.twimg.com", "video.twimg.com", *sorted(SIGNED_HOSTS))

    def __init__(self, config: Mapping[str, str], *, base_url: str | None = None) -> None:
        super().__init__(config, base_url=base_url)
        pushed = config.get("receive") == "webhook"
        self.capabilities = replace(
            type(self).capabilities,
            registers=pushed,
            poll_every_s=0 if pushed else POLL_EVERY_S,
        )

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The handle, with its sign."""
        return f"@{config.get('username', '').removeprefix('@')}"

    # --- In -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless X signed the body, or it only asks by a challenge."""
        x_webhooks.verify(request, self.config.get("consumer_secret", ""))

    def handshake(self, request: WebhookRequest) -> WebhookResponse | None:
        """The answer to a challenge (CRC), which X makes when it learns the address and later."""
        token = x_webhooks.challenge(request) if request.method == "GET" else ""
        return x_webhooks.answer(token, self.config["consumer_secret"]) if token else None

    def shard_key(self, request: WebhookRequest) -> str:
        """The account's own id: X puts several people's events into one request."""
        x_webhooks.read(request)
        return self._own

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """All events of a push, or of a page that was asked for."""
        return x_webhooks.parse(request, self._own)

    def poll(self, cursor: str) -> PollSteps:
        """A page of mentions and one of direct messages, both ways."""
        return x_poll.poll(cursor, lambda path, params: self._ask("GET", path, params), self._own)

    def search(self, sought: Sequence[Sought], cursor: str) -> PollSteps:
        """A page of posts with the hashtag whose turn it is."""
        return x_search.search(sought, cursor, lambda path, params: self._ask("GET", path, params))

    def public_url(self, external_id: str) -> str:
        """X finds the writer by itself."""
        return f"https://x.com/i/status/{quote(external_id, safe='')}"

    def media_request(self, url: str) -> Request:
        """Signed for files of direct messages; all others are open to everybody."""
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.netloc not in SIGNED_HOSTS:
            return Request("GET", url)
        return self._signed("GET", url)

    # --- Out ----------------------------------------------------------------------------------

    def shows(self, address: str) -> Shows:
        """A direct message: words, and one picture or animation."""
        files = PICTURES | {"image/gif": GIF_BYTES}
        return Shows(text=MAX_DIRECT, files=files, file_count=1, captioned=True)

    def shows_in(self, address: str, about: About) -> Shows:
        """A post: as many words as X weighs out, and up to four pictures."""
        if not about.public:
            return self.shows(address)
        return Shows(
            text=self._longest_post,
            files=PICTURES,
            file_count=POST_FILES,
            captioned=True,
            measure=weight,
        )

    def send(self, message: OutboundMessage) -> SendSteps:
        """Its files first, then a post (an answer, or a free one) or a direct message."""
        public = message.about.public
        self._check_length(message.text, public=public)
        if not public and not PERSON.fullmatch(message.address):
            raise Rejected(f"“{message.address}” is no id of a person on X.", code="address")
        files = yield from self._uploaded(message.media, public=public)
        response = yield self._post(message, files) if public else self._direct(message, files)
        found = response.json()
        data = found.get("data") if isinstance(found, dict) else None
        id = text_id(data, "id" if public else "dm_event_id") if isinstance(data, dict) else ""
        if not id or not 200 <= response.status < 300:
            raise x_errors.failure(response)
        return Sent(id)

    def _check_length(self, text: str, *, public: bool) -> None:
        length, limit = (weight(text), self._longest_post) if public else (len(text), MAX_DIRECT)
        if length > limit:
            raise TooLong(f"X takes {limit} characters and counts {length}.", code="length")

    def _uploaded(
        self, media: Sequence[Media], *, public: bool
    ) -> Generator[Request, Response, list[str]]:
        files: list[str] = []
        for one in media:
            files += [(yield from self._upload(one, public=public))]
        return files

    def _upload(self, media: Media, *, public: bool) -> Generator[Request, Response, str]:
        """The file's id at X. Nothing was said yet, so what is unclear here can be repeated."""
        kind = "gif" if media.content_type == "image/gif" else "image"
        category = f"{'tweet' if public else 'dm'}_{kind}"
        parts = (Part("media_category", category), Part("media", media))
        request = self._ask("POST", "/2/media/upload")
        request.parts = parts
        response = yield request
        found = response.json()
        data = found.get("data") if isinstance(found, dict) else None
        id = text_id(data, "id") if isinstance(data, dict) else ""
        if not id or not 200 <= response.status < 300:
            raise x_errors.question_failure(response)
        return id

    def _post(self, message: OutboundMessage, files: list[str]) -> Request:
        body: dict[str, Any] = {"text": message.text} if message.text else {}
        if message.about.reply_to:
            body["reply"] = {"in_reply_to_tweet_id": message.about.reply_to}
        if files:
            body["media"] = {"media_ids": files}
        return self._ask("POST", "/2/tweets", json=body)

    def _direct(self, message: OutboundMessage, files: list[str]) -> Request:
        body: dict[str, Any] = {"text": message.text} if message.text else {}
        if files:
            body["attachments"] = [{"media_id": one} for one in files]
        person = quote(message.address, safe="")
        return self._ask("POST", f"/2/dm_conversations/with/{person}/messages", json=body)

    # --- The account --------------------------------------------------------------------------

    def check(self) -> CheckSteps:
        """Ask whose account the tokens open; BadCredentials when it is another than was entered."""
        response = yield self._ask("GET", "/2/users/me")
        found = response.json()
        data = found.get("data") if isinstance(found, dict) else None
        if response.status != 200 or not isinstance(data, dict):
            raise x_errors.question_failure(response)
        name, id = str(data.get("username") or ""), text_id(data, "id")
        if not name or not id:
            raise Unreachable("X does not say whose account it is.", code="200")
        entered = self.channel_address(self.config)
        if f"@{name}".lower() != entered.lower() or id != self._own:
            raise BadCredentials(
                f"The access tokens are those of @{name}, and not of {entered}.", code="account"
            )
        return Checked(f"{data.get('name') or name} (@{name})")

    def register(self, webhook_url: str) -> CheckSteps:
        """Have X call the webhook and push events to it; Rejected for an address it cannot call."""
        if self.base_url == self.provider_url:
            x_register.check_url(webhook_url)
        return (yield from x_register.register(webhook_url, self._own, self._manage))

    # --- Helpers ------------------------------------------------------------------------------

    @cached_property
    def _own(self) -> str:
        return own_id(self.config)

    @cached_property
    def _longest_post(self) -> int:
        return int(self.config.get("post_length") or 280)

    @cached_property
    def _secrets(self) -> tuple[str, ...]:
        names = ("consumer_secret", "access_token", "access_token_secret")
        return tuple(value for name in names if (value := self.config.get(name)))

    def _ask(
        self,
        method: Method,
        path: str,
        params: Sequence[tuple[str, str]] = (),
        *,
        json: Any = None,
    ) -> Request:
        """A request of the account's own."""
        return self._signed(method, with_params(f"{self.base_url}{path}", params), json=json)

    def _signed(self, method: Method, url: str, *, json: Any = None) -> Request:
        return Request(
            method,
            url,
            headers={"Authorization": authorization(self.config, method, url)},
            json=json,
            secrets=self._secrets,
            private=PRIVATE,
        )

    def _manage(self, method: Method, path: str, json: Any, own: bool) -> Request:
        """A request of the account's, or of its app."""
        if own:
            return self._ask(method, path, json=json)
        grant = app_grant(self.config, self.base_url, self._secrets)
        url = f"{self.base_url}{path}"
        return Request(method, url, json=json, grant=grant, secrets=self._secrets)
