"""The channel a bind belongs to, and how it knocks at the gateway's door."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import orjson
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from channels_sms import smpp_signature
from channels_sms.smpp_account import Account
from channels_sms.smpp_webhooks import JSON
from gateway.admission import Knock, admit
from gateway.contract import WebhookRequest


class NotStored(Exception):
    """The door did not take it."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A channel, and the key that signs what it hears."""

    channel_id: UUID
    workspace_id: int
    account: Account
    key: bytes

    def knock(self, event: Mapping[str, Any]) -> Knock:
        """A signed request with an event, as it is stored."""
        body = orjson.dumps(event)
        url = f"{settings.PUBLIC_URL}{reverse('webhook', args=[self.channel_id])}"
        signature = smpp_signature.signature(self.key, url, body)
        headers = {"content-type": JSON, smpp_signature.HEADER: signature}
        request = WebhookRequest("POST", url, headers, body, timezone.now())
        return Knock(self.channel_id, request, uuid4().hex)


def let_in(knocks: Sequence[Knock]) -> None:
    """Store all of them at the door, within the transaction; NotStored when one is not."""
    if knocks:
        admit(knocks)
    if not all(knock.stored for knock in knocks):
        raise NotStored
