"""A channel whose provider puts many events into one request, as Meta's and others do."""

import json
from collections.abc import Sequence
from typing import Any

from channels_sms.twilio_sms import TwilioSms
from gateway.contract import Capabilities, WebhookRequest, WebhookResponse
from gateway.errors import BadSignature
from gateway.events import Event, InboundMessage, StatusUpdate
from gateway.states import State

SECRET = "many-events"


class ManySms(TwilioSms):
    """Sends like Twilio; takes ``{"events": [{"id", "from", "text"} | {"id", "status"}]}``."""

    kind = "many_sms"
    # Nobody can ask this one whether it has a message.
    capabilities = Capabilities(max_text=1600, segments=True)

    def verify(self, request: WebhookRequest) -> None:
        """A shared secret is signature enough here."""
        if request.headers.get("x-secret") != SECRET:
            raise BadSignature("Wrong secret.")

    def shard_key(self, request: WebhookRequest) -> str:
        """Events of several people: the channel itself keeps their order."""
        return ""

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """All of them."""
        return [self._event(event) for event in json.loads(request.body)["events"]]

    def acknowledge(self, request: WebhookRequest) -> WebhookResponse:
        """Nothing in particular."""
        return WebhookResponse()

    def _event(self, event: dict[str, Any]) -> Event:
        if "status" in event:
            return StatusUpdate(event["id"], State(event["status"]), event["status"])
        return InboundMessage(event["id"], event["from"], self.config["from_number"], event["text"])
