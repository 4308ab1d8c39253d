"""The product and the simulator as real processes, and what is said between them."""

import base64
import json
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from django.core.files.uploadedfile import SimpleUploadedFile

from conversations.models import Conversation, Direction, Message
from embedded.ports import free_port
from gateway.channels import check_config_with_provider, create_channel
from gateway.drain import drain
from gateway.media.fetching import fetch_due
from gateway.models import Channel
from gateway.outbox.runner import Runner
from tests.api.client import caller
from tests.processes import Processes, until

PERSON = "+14155550114"
# The smallest picture there is.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Talk:
    """A channel whose provider is the simulator, and an API client of its workspace."""

    def __init__(self, settings: Any, folder: Path, kind: str, config: dict[str, str]) -> None:
        self.port = free_port()
        self.simulator = f"http://127.0.0.1:{self.port}"
        settings.DEBUG, settings.SIMULATOR_URL = True, self.simulator
        media = {**settings.STORAGES["media"], "OPTIONS": {"location": folder}}
        settings.STORAGES = {**settings.STORAGES, "media": media}
        self.processes = Processes(SIMULATOR_URL=self.simulator, DEBUG="1", MEDIA_DIR=str(folder))
        settings.PUBLIC_URL = self.processes.url
        self.kind, self.config, self.api = kind, config, caller()

    def __enter__(self) -> "Talk":
        self.processes.__enter__()
        self.processes.web()
        self.processes.start("simulator", "manage", "simulator", "--port", str(self.port))
        until(self._answers, "the simulator does not answer")
        self.checked = check_config_with_provider(self.kind, self.config)
        self.channel: Channel = create_channel(
            workspace=self.api.workspace,
            member=None,
            kind=self.kind,
            name="Shop",
            config=self.config,
            rate_per_second=1000.0,
        )
        until(self._has_line, "the simulator never saw the channel")
        return self

    def __exit__(self, *details: Any) -> None:
        self.processes.__exit__(*details)

    def _answers(self) -> bool:
        try:
            return bool(self.ask("/faults"))
        except OSError:
            return False

    def _has_line(self) -> bool:
        lines = self.ask("/phone/state")["lines"]
        return str(self.channel.pk) in {line["channel"] for line in lines}

    def ask(self, path: str, **body: Any) -> Any:
        """A control call of the simulator's; GET without a body."""
        data = json.dumps(body).encode() if body else None
        try:
            with urllib.request.urlopen(self.simulator + path, data, timeout=30) as answer:
                return json.load(answer)
        except HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()}") from error

    # --- The customer

    def write(self, text: str = "", **more: Any) -> str:
        """The customer writes or does something; the id of what they wrote."""
        said = {"provider": self.kind, "channel_address": str(self.channel.pk), "from": PERSON}
        answer = self.ask("/inbound", **said, text=text, **more)
        assert answer["webhook_status"] == 200, answer
        drain()
        return str(answer["sid"])

    def faults(self, **knobs: float) -> None:
        """Let the provider misbehave."""
        self.ask("/faults", provider=self.kind, **knobs)

    def sent(self) -> list[dict[str, Any]]:
        """What the provider has accepted, oldest first."""
        found: list[dict[str, Any]] = self.ask(f"/sent?provider={self.kind}")["messages"]
        return found

    # --- The business

    @property
    def conversation(self) -> Conversation:
        return Conversation.objects.get(channel=self.channel)

    def messages(self) -> list[Message]:
        """What the customer wrote, oldest first."""
        found = self.conversation.messages.filter(direction=Direction.INBOUND)
        return list(found.order_by("id"))

    def tapped(self) -> tuple[str, str]:
        """What the customer tapped last: how it reads, and what it carries."""
        last = self.messages()[-1]
        return last.text, last.data["tap"]["payload"]

    def answer(self, **body: Any) -> Any:
        """Answer over the API, and let the outbox send it."""
        response = self.api.post(f"conversations/{self.conversation.pk}/messages/", body)
        assert response.status_code == 201, response.content
        self.run_outbox()
        return response.json()

    def run_outbox(self) -> None:
        """Send what is due."""
        runner = Runner()
        try:
            runner.run(5.0)
        finally:
            runner.close()

    def upload(self, data: bytes = PICTURE, name: str = "a.png", kind: str = "image/png") -> str:
        """A file of ours; its id."""
        headers = {"Authorization": f"Token {self.api.token}"}
        file = SimpleUploadedFile(name, data, kind)
        answer = self.api.http.post("/api/v1/files/", {"file": file}, headers=headers)
        assert answer.status_code == 201, answer.content
        return str(answer.json()["id"])

    def fetch(self) -> None:
        """Fetch the customers' files."""
        fetch_due(5)


def as_base64(data: bytes) -> str:
    """Bytes as the simulator's control calls take them."""
    return base64.b64encode(data).decode()
