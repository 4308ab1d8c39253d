"""SMS through an SMSC that speaks SMPP 3.4, by way of our own bridge, which keeps the bind."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from django.utils.translation import gettext_lazy as _

from channels_sms import care, smpp_errors, smpp_signature, smpp_text, smpp_webhooks
from channels_sms.senders import check_senders, senders_field
from channels_sms.smpp_account import Account
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
)
from gateway.errors import Ambiguous, Rejected, TooLong, Unreachable
from gateway.events import Event, OutboundMessage
from gateway.secrets import seal
from gateway.senders.pool import Pool, read_pool

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MAX_TEXT = 1600
MAX_WINDOW = 1000
MAX_PORT = 65_535
PRIVATE = frozenset({"text", "config"})


class Smpp(care.SmsAdapter):
    """One transceiver bind at an SMSC.

    SMPP knows no idempotency and cannot be asked by our own id. The bridge keeps a journal of what
    it has submitted, so it can: ``find`` asks the bridge.
    """

    kind = "smpp"
    label = _("SMS (SMPP)")
    medium = "sms"
    address_kind = "phone"
    provider = "smpp"
    # Nobody's: settings.GATEWAY_BRIDGES says where the bridge is.
    provider_url = "https://smpp.invalid"
    capabilities = Capabilities(max_text=MAX_TEXT, segments=True, can_find=True)
    fields = (
        ConfigField(
            "host",
            _("SMSC host"),
            help=_("The name or address your SMS provider gave you."),
            pattern=r"[A-Za-z0-9][A-Za-z0-9.\-]{0,252}|[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*",
            pattern_error=_("A host name or an IP address, without a port."),
            placeholder="smsc.example.com",
        ),
        ConfigField(
            "port",
            _("Port"),
            pattern=r"[1-9]\d{0,4}",
            pattern_error=_("A number from 1 to 65535."),
            placeholder="2775",
        ),
        ConfigField(
            "tls",
            _("Encrypted (TLS)"),
            help=_("Write yes if the SMSC expects TLS on this port."),
            required=False,
            pattern=r"yes|no",
            pattern_error=_("Write yes or no."),
            placeholder="no",
        ),
        ConfigField(
            "system_id",
            _("System ID"),
            pattern=r"[\x21-\x7e]{1,15}",
            pattern_error=_("1 to 15 letters, digits or signs."),
        ),
        ConfigField(
            "password",
            _("Password"),
            help=_("It is kept encrypted and never shown again."),
            secret=True,
            pattern=r"[\x20-\x7e]{1,8}",
            pattern_error=_("1 to 8 letters, digits or signs; SMPP takes no more."),
        ),
        ConfigField(
            "system_type",
            _("System type"),
            help=_("Only if your SMS provider asks for one."),
            required=False,
            pattern=r"[\x20-\x7e]{1,12}",
            pattern_error=_("1 to 12 letters, digits or signs."),
        ),
        ConfigField(
            "source",
            _("Sender"),
            help=_("The number, short code or name that customers see."),
            pattern=r"\+?\d{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 .&_\-]{1,11}",
            pattern_error=_("A number (+14155550100), a short code, or a name of 1 to 11 letters."),
            placeholder="+14155550100",
        ),
        senders_field(),
        ConfigField(
            "alphabet",
            _("Default alphabet"),
            help=_("What the SMSC understands by data coding 0: gsm, latin1 or ascii."),
            required=False,
            pattern=r"gsm|latin1|ascii",
            pattern_error=_("Write gsm, latin1 or ascii."),
            placeholder="gsm",
        ),
        ConfigField(
            "long_messages",
            _("Long messages"),
            help=_("How the parts are marked: udh, sar, or payload for one whole message."),
            required=False,
            pattern=r"udh|sar|payload",
            pattern_error=_("Write udh, sar or payload."),
            placeholder="udh",
        ),
        ConfigField(
            "receipt_ids",
            _("Message ids in receipts"),
            help=_(
                "same as when they were accepted; decimal or hex if receipts write them so "
                "and the answer to a submission in the other way."
            ),
            required=False,
            pattern=r"same|decimal|hex",
            pattern_error=_("Write same, decimal or hex."),
            placeholder="same",
        ),
        ConfigField(
            "window",
            _("Window"),
            help=_("How many messages may be under way without an answer."),
            required=False,
            pattern=r"[1-9]\d{0,3}",
            pattern_error=_("A number from 1 to 1000."),
            placeholder="10",
        ),
        *care.FIELDS,
    )

    @classmethod
    def check_config(cls, config: Mapping[str, str]) -> dict[str, "str | _StrPromise"]:
        """A port and a window that exist, a pool and keywords that can be read."""
        errors = super().check_config(config) | check_senders(config, config["source"])
        if int(config["port"]) > MAX_PORT:
            errors["port"] = _("A number from 1 to 65535.")
        if int(config.get("window") or 1) > MAX_WINDOW:
            errors["window"] = _("A number from 1 to 1000.")
        return errors

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The sender."""
        return config.get("source", "")

    # --- In -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless our bridge signed this with this channel's key."""
        smpp_signature.verify(request, self._keys)

    def shard_key(self, request: WebhookRequest) -> str:
        """The customer's number, for messages and for receipts of messages to them."""
        return smpp_webhooks.customer(smpp_webhooks.read(request))

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """A message (with an OptOut if it is a keyword), a receipt, or an UnknownEvent."""
        return smpp_webhooks.parse(request, self.account.alphabet, self.own_words)

    # --- Out ----------------------------------------------------------------------------------

    def fits(self, text: str) -> bool:
        """By the SMSC's own alphabet, which may have less."""
        return smpp_text.fits(text, self.account.alphabet)

    def senders(self) -> Pool | None:
        """The source addresses of the setting, with the channel's own."""
        return self._pool

    def segments(self, text: str) -> int:
        """SMS parts, also where they travel as one; an empty text counts as one."""
        return len(smpp_text.parts(text, alphabet=self.account.alphabet))

    def send(self, message: OutboundMessage) -> SendSteps:
        """One POST to the bridge, answered when the SMSC has taken every part.

        Raises TooLong over 1600 characters, and what smpp_errors says.
        """
        if len(message.text) > MAX_TEXT:
            raise TooLong(f"The text is longer than {MAX_TEXT} characters.")
        said: dict[str, str | int] = {
            "uid": message.uid,
            "to": message.address,
            "text": message.text,
        }
        validity_s = self.validity_s(message)
        if validity_s is not None:
            said["validity_s"] = validity_s
        if message.sender:
            said["from"] = message.sender
        path = f"/channels/{_channel(message)}/messages"
        response = yield self._request("POST", path, json=said)
        if response.status != 200:
            raise smpp_errors.failure(response)
        found = _member(response, "id")
        if not isinstance(found, str) or not 0 < len(found) <= 255:
            raise Ambiguous("The bridge's answer names no message.")
        return Sent(found)

    def find(
        self, message: OutboundMessage, attempted_at: datetime, asked_at: datetime | None = None
    ) -> FindSteps:
        """Look into the bridge's journal, which is written before anything goes to the SMSC.

        Raises Rejected when the SMSC left the submission without an answer: nobody can tell.
        """
        path = f"/channels/{_channel(message)}/messages/{quote(message.uid)}"
        since = [("since", attempted_at.isoformat())]
        response = yield self._request("GET", path, params=since)
        known = _member(response, "known")
        if response.status != 200 or not isinstance(known, bool):
            raise _unanswered(response)
        if not known:
            return Found(None)
        found = _member(response, "id")
        if not isinstance(found, str):
            raise Rejected("The SMSC never answered, and it cannot be asked.")
        return Found(found)

    def check(self) -> CheckSteps:
        """Let the bridge bind with these credentials; raises BadCredentials with the reason."""
        sealed = seal(self.config).decode()
        response = yield self._request("POST", "/check", json={"config": sealed})
        summary = _member(response, "summary")
        if response.status != 200 or not isinstance(summary, str):
            raise _unanswered(response)
        return Checked(summary)

    # --- Helpers ------------------------------------------------------------------------------

    @cached_property
    def account(self) -> Account:
        """The configuration with its defaults."""
        return Account.of(self.config)

    @cached_property
    def _pool(self) -> Pool | None:
        return read_pool(self.config.get("senders", ""), self.account.source)

    @cached_property
    def _keys(self) -> tuple[bytes, ...]:
        return smpp_signature.keys(self.config)

    @cached_property
    def _token(self) -> str:
        return smpp_signature.token(self._keys[0])

    def _request(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, str | int] | None = None,
        params: Sequence[tuple[str, str]] = (),
    ) -> Request:
        return Request(
            method=method,
            url=f"{self.base_url}{path}",
            headers={"Authorization": f"Bearer {self._token}"},
            params=params,
            json=json,
            secrets=(self._token, self.config["password"]),
            private=PRIVATE,
        )


def _channel(message: OutboundMessage) -> str:
    """The channel's id, which the address for reports ends with."""
    path = urlsplit(message.status_url).path
    return quote(path.rstrip("/").rpartition("/")[2], safe="")


def _member(response: Response, name: str) -> Any:
    said = response.json()
    return said.get(name) if isinstance(said, dict) else None


def _unanswered(response: Response) -> Exception:
    if response.status == 200:
        return Unreachable("The bridge's answer is not understood.")
    return smpp_errors.failure(response, safe=True)
