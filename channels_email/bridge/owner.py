"""The channel that a mail belongs to, and how it knocks at the gateway's door."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import orjson
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from channels_email import signature
from channels_email.account import Account
from channels_email.handed_in import JSON, RFC822
from gateway.admission import Knock, admit
from gateway.contract import WebhookRequest


class NotStored(Exception):
    """The door did not take it."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A channel, and the key that signs what is handed in for it."""

    channel_id: UUID
    workspace_id: int
    account: Account
    key: bytes = field(repr=False)

    def mail(self, raw: bytes, *, envelope_from: str = "", envelope_to: str = "") -> Knock:
        """A mail as it came, to be stored."""
        envelope = {signature.FROM: envelope_from, signature.TO: envelope_to}
        known = {name: value for name, value in envelope.items() if value}
        return self._knock(raw, {"content-type": RFC822, **known})

    def told(self, event: Mapping[str, Any]) -> Knock:
        """Something that a server said, to be stored."""
        return self._knock(orjson.dumps(event), {"content-type": JSON})

    def _knock(self, body: bytes, headers: Mapping[str, str]) -> Knock:
        url = f"{settings.PUBLIC_URL}{reverse('webhook', args=[self.channel_id])}"
        request = WebhookRequest(signature.MAIL, url, headers, body, timezone.now())
        signed = {**headers, signature.HEADER: signature.signature(self.key, request)}
        return Knock(self.channel_id, replace(request, headers=signed), uuid4().hex)


def let_in(knocks: Sequence[Knock]) -> None:
    """Store all of them at the door, within the transaction; NotStored when one is not."""
    if knocks:
        admit(knocks)
    if not all(knock.stored for knock in knocks):
        raise NotStored
