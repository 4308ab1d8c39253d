"""SMS through any provider or gateway that speaks HTTP, as a channel's settings describe it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from django.utils.translation import gettext_lazy as _

from channels_sms import care, http_config, http_tables, http_webhooks
from channels_sms.http_answers import Reading, read_statuses
from channels_sms.http_fields import FIELDS
from channels_sms.http_requests import Requests
from channels_sms.http_signature import Signature
from channels_sms.http_webhooks import FieldNames, words_at
from channels_sms.segments import segment
from gateway.contract import (
    Capabilities,
    Checked,
    CheckSteps,
    SendSteps,
    Sent,
    WebhookRequest,
)
from gateway.errors import Rejected, TooLong, Unreachable
from gateway.events import Event, OutboundMessage
from gateway.senders.pool import Pool, read_pool

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MAX_TEXT = 1600


class HttpSms(care.SmsAdapter):
    """One account at a provider that has no adapter of its own.

    The URL is a setting; every request goes through the guarded transport, and in simulator mode
    to the look-alike, whatever host was typed. ``provider_url`` therefore leads nowhere.
    """

    kind = "http_sms"
    label = _("SMS by HTTP (any provider)")
    medium = "sms"
    address_kind = "phone"
    provider = "http"
    provider_url = "https://provider.invalid"
    capabilities = Capabilities(max_text=MAX_TEXT, segments=True)
    fields = (*FIELDS, *care.FIELDS)

    def __init__(self, config: Mapping[str, str], *, base_url: str | None = None) -> None:
        super().__init__(config, base_url=base_url)
        most = config.get("max_text", "")
        self.capabilities = replace(
            self.capabilities,
            max_text=int(most) if most.isdecimal() else MAX_TEXT,
            idempotent_send=config.get("idempotent") == "yes",
        )

    @classmethod
    def check_config(cls, config: Mapping[str, str]) -> dict[str, "str | _StrPromise"]:
        """Templates, tables and headers that cannot be read, and fields that need each other."""
        return super().check_config(config) | http_config.check(config)

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The sender."""
        return config.get("from_number", "")

    # --- In -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless the request carries the proof that was agreed on."""
        self._signature.verify(request)

    def shard_key(self, request: WebhookRequest) -> str:
        """The customer's number, for messages and, where its field is named, for reports."""
        return http_webhooks.customer(self._unsigned(request), self._names)

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """Messages (with an OptOut if one is a keyword), reports, and UnknownEvents."""
        request = self._unsigned(request)
        query = [] if self._signature.covers_body_only else parse_qsl(urlsplit(request.url).query)
        delivery = dict(query).get("delivery", "")
        return http_webhooks.parse(request, self._names, delivery, self.own_words)

    def kept_url(self, request: WebhookRequest) -> str:
        """The URL without the secret that may stand in it."""
        return self._signature.without(request.url)

    def _unsigned(self, request: WebhookRequest) -> WebhookRequest:
        url = self.kept_url(request)
        return request if url == request.url else replace(request, url=url)

    # --- Out ----------------------------------------------------------------------------------

    def senders(self) -> Pool | None:
        """What {{from}} may stand for."""
        return self._pool

    def segments(self, text: str) -> int:
        """SMS parts; an empty text counts as one."""
        return max(1, segment(text).segments)

    def send(self, message: OutboundMessage) -> SendSteps:
        """One request. Raises TooLong above the channel's limit, Rejected for a recipient that
        cannot stand in the URL, and what http_answers says.
        """
        if len(message.text) > self.capabilities.max_text:
            raise TooLong(f"Longer than {self.capabilities.max_text} characters.")
        try:
            status_url = self._signature.added(message.status_url)
            request = self._requests.send(message, status_url, self.validity_s(message))
        except ValueError as error:
            raise Rejected("The recipient cannot stand in the provider's address.") from error
        response = yield request
        return Sent(self._reading.message_id(response, message.uid))

    def check(self) -> CheckSteps:
        """Ask the address that was named for it; without one, say that nothing was tried.

        Raises BadCredentials, Rejected (another 4xx), Throttled, or Unreachable for what can be
        asked again.
        """
        if not self.config.get("check_url"):
            words = _("The credentials were not tried: no address to ask is set.")
            return Checked(str(words), tried=False)
        response = yield self._requests.ask(self.config["check_url"])
        if not 200 <= response.status < 300:
            raise self._reading.refusal(response)
        path = self.config.get("check_path", "")
        if not path:
            return Checked(f"HTTP {response.status}")
        found = words_at(response.json(), path)
        if not found:
            raise Unreachable(f"The answer has no {path}.")
        return Checked(f"{path}: {found[:200]}")

    # --- Settings, read once ------------------------------------------------------------------

    @cached_property
    def _requests(self) -> Requests:
        return Requests(self.config, "" if self.base_url == self.provider_url else self.base_url)

    @cached_property
    def _pool(self) -> Pool | None:
        return read_pool(self.config.get("senders", ""), self.config.get("from_number", ""))

    @cached_property
    def _signature(self) -> Signature:
        return Signature(
            scheme=self.config.get("signature", "hmac_sha256_hex"),
            secret=self.config.get("webhook_secret", ""),
            name=self.config.get("signature_name", ""),
            prefix=self.config.get("signature_prefix", ""),
        )

    @cached_property
    def _reading(self) -> Reading:
        return Reading(
            accepted=read_statuses(self.config.get("accepted", "2xx")),
            id_path=self.config.get("id_path", ""),
            error_path=self.config.get("error_path", ""),
            code_path=self.config.get("code_path", ""),
            codes=self._codes,
            secrets=self._requests.secrets,
        )

    @cached_property
    def _codes(self) -> dict[str, str]:
        return http_tables.read_codes(self.config.get("error_codes", ""))

    @cached_property
    def _names(self) -> FieldNames:
        named = self.config.get
        return FieldNames(
            events=named("events_path", ""),
            sender=named("in_sender", ""),
            recipient=named("in_recipient", ""),
            text=named("in_text", ""),
            id=named("in_id", ""),
            time=named("in_time", ""),
            status=named("status_field", ""),
            status_id=named("status_id", ""),
            status_to=named("status_to", ""),
            status_code=named("status_code", ""),
            status_reference=named("status_reference", ""),
            words=http_tables.read_words(named("status_words", "")),
            codes=self._codes,
            country=named("country", ""),
            own_ids=not named("id_path", ""),
        )
