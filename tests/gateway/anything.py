"""A provider that says whatever a test wants: its webhooks name events that the test has made."""

import uuid
from collections.abc import Mapping, Sequence

from django.utils import timezone

from accounts.models import Workspace
from gateway.contract import (
    Adapter,
    Capabilities,
    Checked,
    CheckSteps,
    ConfigField,
    Polled,
    PollSteps,
    Reactions,
    Request,
    SendSteps,
    Sent,
    WebhookRequest,
)
from gateway.errors import Unreachable
from gateway.events import Event, OutboundMessage
from gateway.models import Channel, InboundRequest
from gateway.outbox.claim import ensure_buckets
from gateway.secrets import seal

PATH = f"{__name__}.Anything"
_events: dict[str, Sequence[Event]] = {}


class Anything(Adapter):
    """Its people have ids, its answers are asked for, and what it brings may be public."""

    kind = "anything"
    label = "Anything"
    medium = "anything"
    address_kind = "telegram"
    provider = "anything"
    provider_url = "https://api.anything.example"
    capabilities = Capabilities(
        max_text=500,
        public=True,
        quotes=True,
        registers=True,
        poll_every_s=30,
        reactions=Reactions(),
    )
    fields = (
        ConfigField("name", "Name"),
        ConfigField("token", "Token", secret=True, generated=True),
    )

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """Its name."""
        return config["name"]

    def verify(self, request: WebhookRequest) -> None:
        """Anybody may say anything."""

    def shard_key(self, request: WebhookRequest) -> str:
        """All in one order."""
        return "all"

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """What the test has made."""
        return _events[request.body.decode()]

    def send(self, message: OutboundMessage) -> SendSteps:
        """Any 200 will do."""
        response = yield Request("POST", f"{self.base_url}/send", json={"text": message.text})
        if response.status != 200:
            raise Unreachable("not now")
        return Sent(message.uid)

    def poll(self, cursor: str) -> PollSteps:
        """One page a time; the page says whether there is more."""
        response = yield Request("GET", f"{self.base_url}/poll", params=[("since", cursor)])
        if response.status != 200:
            raise Unreachable("not now")
        found = response.json()
        bodies = tuple(str(one).encode() for one in found["bodies"])
        return Polled(bodies, found["cursor"], more=found["more"])

    def register(self, webhook_url: str) -> CheckSteps:
        """Tell it the address."""
        response = yield Request("POST", f"{self.base_url}/hook", json={"url": webhook_url})
        if response.status != 200:
            raise Unreachable("not now")
        return Checked("told")

    def check(self) -> CheckSteps:
        """There is nothing to ask."""
        yield from ()
        return Checked("", tried=False)


def channel(ws: Workspace) -> Channel:
    """A channel of this kind."""
    made = Channel.objects.create(
        workspace=ws,
        kind="anything",
        name="Anything",
        address="us",
        config=seal({"name": "us", "token": "t"}),
        rate_per_second=1000,
    )
    ensure_buckets()
    return made


def body_of(*events: Event) -> str:
    """A webhook's body that stands for these events, and names their messages."""
    key = " ".join([uuid.uuid4().hex, *(getattr(event, "external_id", "") for event in events)])
    _events[key] = events
    return key


def say(ch: Channel, *events: Event) -> InboundRequest:
    """Let the provider report these; they wait to be drained."""
    return InboundRequest.objects.create(
        workspace_id=ch.workspace_id,
        channel=ch,
        shard=1,
        method="POST",
        url="https://omnichannel.example/webhooks/x/",
        body=body_of(*events).encode(),
        received_at=timezone.now(),
    )
