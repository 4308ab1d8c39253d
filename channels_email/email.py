"""E-mail: by SMTP or a provider out, by IMAP, a webhook or our own server in.

Mail servers are spoken to by our own bridge (``channels_email.bridge``); the adapter speaks HTTP
to it, as to any provider.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from django.utils.translation import gettext_lazy as _

from channels_email import answers, esp, fields, handed_in, outgoing, signature
from channels_email.account import Account
from channels_email.parsing import file_of
from gateway.content.shows import Shows
from gateway.contract import (
    Adapter,
    Capabilities,
    Checked,
    CheckSteps,
    Part,
    Request,
    SendSteps,
    Sent,
    WebhookRequest,
    WebhookResponse,
)
from gateway.errors import Ambiguous, TooLong, Unreachable
from gateway.events import Event, OutboundMessage
from gateway.secrets import seal

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MAX_TEXT = 100_000
# 25 MB is what most servers take of a mail, in which files are a third longer.
FILE_BYTES = 18_000_000
FILE_COUNT = 20
FAMILIES = ("application", "audio", "font", "image", "message", "model", "text", "video")
PRIVATE = frozenset({"mail", "config"})


class Email(Adapter):
    """One mailbox."""

    kind = "email"
    label = _("E-mail")
    medium = "email"
    address_kind = "email"
    provider = "email"
    # Nobody's: settings.GATEWAY_BRIDGES says where the bridge is.
    provider_url = "https://mail.invalid"
    capabilities = Capabilities(max_text=MAX_TEXT, quotes=True)
    fields = fields.FIELDS
    # A provider hands in a whole mail, whose files are in base64.
    body_limit = 36_000_000

    @classmethod
    def check_config(cls, config: Mapping[str, str]) -> dict[str, "str | _StrPromise"]:
        """What each way of sending and receiving needs, and no password in the clear."""
        return fields.check_together(config)

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The mailbox."""
        return config.get("from_address", "").lower()

    # --- In -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless our own process signed it, or the provider it leaves by."""
        if request.method == signature.MAIL:
            signature.verify(request, self._keys)
        else:
            esp.verify(request, self.account, self.config)

    def handshake(self, request: WebhookRequest) -> WebhookResponse | None:
        """Amazon asks whether a topic may post here."""
        return None if request.method == signature.MAIL else esp.handshake(request, self.account)

    def shard_key(self, request: WebhookRequest) -> str:
        """The customer's mailbox: who wrote, or whom a report is about."""
        if request.method == signature.MAIL:
            return handed_in.customer(request)
        return esp.customer(request, self.account)

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """The events of a mail, of what our bridge tells, or of a provider's report."""
        if request.method == signature.MAIL:
            return handed_in.parse(request, self._own, self._secret)
        return esp.parse(request, self.account, self._own, self._secret)

    def inside(self, request: WebhookRequest, part: str) -> bytes:
        """A file of a mail."""
        if request.method == signature.MAIL:
            return file_of(request.body, part)
        return file_of(esp.mail_in(request, self.account).raw, part)

    # --- Out ----------------------------------------------------------------------------------

    def shows(self, address: str) -> Shows:
        """Words, and files of any kind with them."""
        sizes = {f"{family}/*": FILE_BYTES for family in FAMILIES}
        return Shows(text=MAX_TEXT, files=sizes, file_count=FILE_COUNT, captioned=True)

    def send(self, message: OutboundMessage) -> SendSteps:
        """One POST to the bridge, answered when the server or the provider has taken the mail.

        Raises TooLong over 100,000 characters, and what ``answers`` says.
        """
        if len(message.text) > MAX_TEXT:
            raise TooLong(f"The text is longer than {MAX_TEXT} characters.")
        mail = {**outgoing.said(message, self.account, self._secret), "config": self._sealed}
        parts = [
            Part("mail", json.dumps(mail), content_type="application/json"),
            *outgoing.files(message),
        ]
        response = yield self._request(f"/channels/{_channel(message)}/mails", parts)
        if response.status != 200:
            raise answers.failure(response)
        found = answers.member(response, "id")
        if not isinstance(found, str) or not 0 < len(found) <= 255:
            raise Ambiguous("The bridge's answer names no mail.")
        return Sent(found)

    def check(self) -> CheckSteps:
        """Let the bridge log in where mail leaves and where it comes in; raises why it cannot."""
        said = json.dumps({"config": self._sealed})
        response = yield self._request(
            "/check", [Part("mail", said, content_type="application/json")]
        )
        summary = answers.member(response, "summary")
        if response.status == 200 and isinstance(summary, str):
            return Checked(summary)
        if response.status == 200:
            raise Unreachable("The bridge's answer is not understood.")
        raise answers.failure(response, safe=True)

    # --- Helpers ------------------------------------------------------------------------------

    @cached_property
    def account(self) -> Account:
        """The configuration with its defaults."""
        return Account.of(self.config)

    @cached_property
    def _keys(self) -> tuple[bytes, ...]:
        return signature.keys(self.config)

    @property
    def _secret(self) -> bytes:
        return self.config.get("secret", "").encode()

    @property
    def _own(self) -> frozenset[str]:
        return frozenset([self.account.address])

    @property
    def _sealed(self) -> str:
        """The configuration as only our own processes can read it."""
        return seal(self.config).decode()

    def _request(self, path: str, parts: Sequence[Part]) -> Request:
        token = signature.token(self._keys[0])
        hidden = [self.config.get(field.name, "") for field in self.fields if field.secret]
        return Request(
            method="POST",
            url=f"{self.base_url}{path}",
            headers={"Authorization": f"Bearer {token}"},
            parts=parts,
            secrets=(token, *filter(None, hidden)),
            private=PRIVATE,
        )


def _channel(message: OutboundMessage) -> str:
    """The channel's id, which the address for reports ends with."""
    path = urlsplit(message.status_url).path
    return quote(path.rstrip("/").rpartition("/")[2], safe="")
