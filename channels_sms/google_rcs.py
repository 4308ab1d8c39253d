"""RCS through Google's RCS Business Messaging API (version 1)."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from json import dumps
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from channels_sms import keywords, rbm_account, rbm_cards, rbm_config, rbm_errors, rbm_webhooks
from channels_sms import rbm_answers as answers
from channels_sms.rbm_config import endpoint, region_of
from gateway.content.model import Content
from gateway.content.shows import Shows
from gateway.contract import (
    Adapter,
    Capabilities,
    Checked,
    CheckSteps,
    Grant,
    Reach,
    Reached,
    ReachSteps,
    Request,
    Response,
    Revoked,
    RevokeSteps,
    SendSteps,
    Sent,
    Signal,
    SignalSteps,
    WebhookRequest,
    WebhookResponse,
)
from gateway.errors import BadCredentials, NotCapable, Rejected, TooLong, Unreachable
from gateway.events import Event, OutboundMessage
from gateway.signalling.setting import allowed

if TYPE_CHECKING:
    from collections.abc import Generator

    from django.utils.functional import _StrPromise

VERSION = "v1"
# A number nobody has (set aside for films); asked about to try the credentials.
NOBODY = "+14155550100"
PRIVATE = frozenset({"contentMessage", "users", "reachableUsers"})
EVENTS = {Signal.TYPING: "IS_TYPING", Signal.READ: "READ"}


class GoogleRcs(Adapter):
    """One RCS agent. Our delivery's uid is the message's id, so Google recognises a repeat."""

    kind = "google_rcs"
    label = _("Google RCS")
    medium = "rcs"
    address_kind = "phone"
    provider = "google_rcs"
    provider_url = rbm_config.HOST
    hears_keywords = True
    capabilities = Capabilities(
        max_text=rbm_cards.MAX_TEXT,
        read_receipts=True,
        idempotent_send=True,
        reach_batch=10_000,
        # Google takes 600 a minute; one of our questions becomes three when it names all regions.
        reach_per_minute=200,
        revocable=True,
        lifetime=True,
        signals=frozenset(EVENTS),
    )
    fields = rbm_config.FIELDS

    def __init__(self, config: Mapping[str, str], *, base_url: str | None = None) -> None:
        super().__init__(config, base_url=base_url)
        self.capabilities = allowed(type(self).capabilities, config)

    @classmethod
    def check_config(cls, config: Mapping[str, str]) -> dict[str, "str | _StrPromise"]:
        """The key file must be one of a Google service account."""
        try:
            rbm_account.read_key_file(config.get("service_account", ""))
        except rbm_account.InvalidKeyFile as error:
            return {"service_account": error.words} | keywords.check_words(config)
        return keywords.check_words(config)

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The agent's id."""
        return config.get("agent_id", "")

    # --- In -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless Google signed this with our client token, or names it."""
        rbm_webhooks.verify(request, self.config.get("client_token", ""))

    def handshake(self, request: WebhookRequest) -> WebhookResponse | None:
        """The bare secret of Google's first request to the address."""
        if rbm_webhooks.SIGNATURE in request.headers:
            return None
        found = rbm_webhooks.greeting(request)
        return WebhookResponse(body=found[1]) if found else None

    def shard_key(self, request: WebhookRequest) -> str:
        """The customer's number; empty for what concerns the agent alone."""
        return rbm_webhooks.customer(rbm_webhooks.read(request))

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """A message (with an OptOut if it is a keyword), a report, or another event."""
        payload, own = rbm_webhooks.read(request), keywords.own_words(self.config)
        return rbm_webhooks.parse(payload, self.config["agent_id"], own)

    # --- Out ----------------------------------------------------------------------------------

    def shows(self, address: str) -> Shows:
        """Text, files, cards and carousels, with chips of every kind."""
        return rbm_cards.SHOWS

    def send(self, message: OutboundMessage) -> SendSteps:
        """One POST; a second one only to find out whom a 403 is about.

        200 means accepted, also for a phone that is off. A messageId seen before is ignored.
        """
        content = _content(message)
        if len(content.text) > rbm_cards.MAX_TEXT:
            raise TooLong(f"The text is longer than {rbm_cards.MAX_TEXT} characters")
        body: dict[str, Any] = {
            "contentMessage": rbm_cards.content_message(content),
            "messageTrafficType": "PROMOTION" if message.marketing else "TRANSACTION",
        }
        if message.lifetime_s is not None:
            body["ttl"] = f"{message.lifetime_s}s"
        params = [("messageId", message.uid), ("agentId", self.config["agent_id"])]
        path = _phone(message.address, "agentMessages")
        response = yield self._request("POST", path, params=params, json=body)
        if rbm_errors.word(response) == rbm_errors.ALREADY_EXISTS:
            return Sent(message.uid)
        if answers.forbidden(response):
            yield from self._whose_fault(message.address, response)
        return Sent(answers.message_id(response))

    def revoke(self, message: OutboundMessage, external_id: str) -> RevokeSteps:
        """One DELETE. Google may be handing the message over at that moment, so it is never sure.

        Rejected when Google no longer holds it: it was delivered.
        https://developers.google.com/business-communications/rcs-business-messaging/reference/rest/v1/phones.agentMessages/delete
        """
        path = _phone(message.address, f"agentMessages/{quote(external_id, safe='')}")
        response = yield self._request("DELETE", path, params=self._agent)
        if response.status == 200:
            return Revoked(certain=False)
        error = rbm_errors.failure(response)
        if isinstance(error, NotCapable):
            raise Rejected("Too late: the message has been delivered.", code=error.code)
        raise error

    def signal(self, signal: Signal, address: str, *, uid: str, about: str = "") -> SignalSteps:
        """One POST; an eventId seen before is ignored. Google keeps a READ for a phone that is off.

        https://developers.google.com/business-communications/rcs-business-messaging/reference/rest/v1/phones.agentEvents/create
        """
        body = {"eventType": EVENTS[signal]} | ({"messageId": about} if about else {})
        params = [("eventId", uid), *self._agent]
        path = _phone(address, "agentEvents")
        response = yield self._request("POST", path, params=params, json=body)
        known = rbm_errors.word(response) == rbm_errors.ALREADY_EXISTS
        if response.status != 200 and not known:
            raise rbm_errors.failure(response, safe=True)

    def reach(self, addresses: Sequence[str]) -> ReachSteps:
        """One question for one address (with its features), else one for each region."""
        if len(addresses) == 1:
            return {addresses[0]: (yield from self._reach_one(addresses[0]))}
        found: dict[str, Reached] = {}
        for region, numbers in groupby(sorted(addresses, key=region_of), key=region_of):
            asked = list(numbers)
            reachable = set((yield from self._reachable(asked, region)))
            for number in asked:
                found[number] = Reached(Reach.YES if number in reachable else Reach.NO)
        return found

    def check(self) -> CheckSteps:
        """Get a token and ask about a number nobody has; raises BadCredentials with the reason."""
        yield from self._reachable([NOBODY], region_of(NOBODY))
        account = self._account
        return Checked(f"{self.config['agent_id']}, {account.email if account else ''}")

    # --- Helpers ------------------------------------------------------------------------------

    def _whose_fault(self, address: str, refused: Response) -> "Generator[Request, Response, None]":
        """Raise NotCapable if a 403 lies in the recipient, else what is wrong with the channel.

        To an agent that is not launched every number but its testers' is forbidden, and a channel
        must not stop for that. A batch question is about the agent alone.
        """
        yield from self._reachable([address], region_of(address))
        known = rbm_errors.failure(refused)
        error = NotCapable(known.text, code=known.code)
        error.reach = Reach.NOT_LAUNCHED
        raise error

    def _reach_one(self, address: str) -> "Generator[Request, Response, Reached]":
        # A requestId seen before is ignored, so each question has one of its own.
        params = [("requestId", str(uuid.uuid4())), *self._agent]
        response = yield self._request("GET", _phone(address, "capabilities"), params=params)
        if response.status == 200:
            features = answers.body(response).get("features")
            known = features if isinstance(features, list) else []
            return Reached(Reach.YES, tuple(sorted(one for one in known if isinstance(one, str))))
        error = rbm_errors.failure(response, safe=True)
        if isinstance(error, NotCapable):
            return Reached(Reach.NO)
        if answers.forbidden(response):
            return Reached(Reach.NOT_LAUNCHED)
        raise error

    def _reachable(
        self, numbers: Iterable[str], region: str
    ) -> "Generator[Request, Response, list[str]]":
        body = {"users": list(numbers), "agentId": self.config["agent_id"]}
        response = yield self._request("POST", "users:batchGet", json=body, region=region)
        if response.status != 200:
            raise answers.about_agent(rbm_errors.failure(response, safe=True))
        found = answers.body(response).get("reachableUsers") or []
        if not isinstance(found, list):
            raise Unreachable("Google's answer is not understood.")
        return [rbm_webhooks.address(one) for one in found if isinstance(one, str)]

    @cached_property
    def _agent(self) -> list[tuple[str, str]]:
        return [("agentId", self.config["agent_id"])]

    @cached_property
    def _account(self) -> rbm_account.ServiceAccount | None:
        try:
            return rbm_account.read_key_file(self.config.get("service_account", ""))
        except rbm_account.InvalidKeyFile:
            return None

    @cached_property
    def _grant(self) -> Grant | None:
        real = self.base_url == self.provider_url
        url = rbm_account.TOKEN_URI if real else f"{self.base_url}/token"
        return rbm_account.grant(self._account, url) if self._account else None

    @cached_property
    def _secrets(self) -> tuple[str, ...]:
        key = self._account.private_key if self._account else ""
        names = ("service_account", "client_token")
        found = [*(self.config.get(name, "") for name in names), key]
        # As they are, and as they would stand inside JSON.
        return tuple({*filter(None, found), *(dumps(one)[1:-1] for one in found if one)})

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        json: Any = None,
        region: str = "",
    ) -> Request:
        if self._grant is None:
            raise BadCredentials("The service account's key is missing or broken.")
        host = endpoint(self.base_url, region or self.config.get("region", ""))
        return Request(
            method=method,
            url=f"{host}/{VERSION}/{path}",
            params=params,
            json=json,
            grant=self._grant,
            secrets=self._secrets,
            private=PRIVATE,
        )


def _phone(address: str, what: str) -> str:
    return f"phones/{quote(address, safe='+')}/{what}"


def _content(message: OutboundMessage) -> Content:
    # Nearly every message is nothing but text; reading it anew would cost more than all the rest.
    if message.content.keys() <= {"text"}:
        return Content(text=message.text)
    try:
        return message.rich
    except ValidationError as error:
        raise Rejected("; ".join(error.messages)) from error
