"""A browser tab's WebSocket, spoken to the ASGI application without a server."""

import json
from collections import deque
from typing import Any

from asgiref.testing import ApplicationCommunicator

SECONDS = 5.0


class Tab:
    """One socket. ``channels.testing`` has the like but needs a server we do not use."""

    def __init__(self, application: Any, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": b"",
            "headers": headers,
            "subprotocols": [],
        }
        self.asgi = ApplicationCommunicator(application, scope)
        self.unread: deque[dict[str, Any]] = deque()
        self.frames = 0

    async def connect(self) -> bool:
        """Shake hands; whether we were let in."""
        await self.asgi.send_input({"type": "websocket.connect"})
        answer = await self.asgi.receive_output(SECONDS)
        return bool(answer["type"] == "websocket.accept")

    async def disconnect(self) -> None:
        """Close the tab."""
        await self.asgi.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.asgi.wait(SECONDS)

    async def say(self, text: str) -> None:
        """Send a frame."""
        await self.asgi.send_input({"type": "websocket.receive", "text": text})

    async def ready(self) -> None:
        """Wait for the server's word that every event will be passed on from now."""
        await self._read()
        assert self.unread.popleft() == {"kind": "ready"}

    async def hear(self) -> dict[str, Any]:
        """The next event that is not about agents' presence."""
        event = await self._next(SECONDS)
        assert event is not None
        return event

    async def hears_nothing(self) -> bool:
        """Silence, but for agents' presence."""
        return await self._next(0.4) is None

    async def _next(self, seconds: float) -> dict[str, Any] | None:
        while self.unread or not await self.asgi.receive_nothing(seconds):
            if not self.unread:
                await self._read()
                continue
            event = self.unread.popleft()
            if event["kind"] not in {"agent.changed", "ready"}:
                return event
        return None

    async def _read(self) -> None:
        """One frame: an event, or several that happened at once."""
        output = await self.asgi.receive_output(SECONDS)
        assert output["type"] == "websocket.send", output
        frame = json.loads(output["text"])
        self.frames += 1
        self.unread.extend(frame["events"] if frame["kind"] == "events" else [frame])

    async def closed_with(self) -> int:
        """The close code."""
        while True:
            output = await self.asgi.receive_output(SECONDS)
            if output["type"] == "websocket.close":
                return int(output["code"])
