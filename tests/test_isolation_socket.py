"""No workspace's socket hears another's, and none is open to strangers."""

import contextlib
import json

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.db import connections
from django.test import Client

from accounts.services import end_membership
from conversations.realtime import conversation_changed, publish
from conversations.socket import websocket_application
from tests import builders
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mine():
    return World()


@pytest.fixture
def theirs():
    return World()


class Line:
    """A WebSocket to the socket's application, as a browser with these headers opens it."""

    def __init__(self, world=None, origin=None):
        headers = [(b"host", b"127.0.0.1"), (b"origin", (origin or settings.PUBLIC_URL).encode())]
        if world is not None:
            client = Client()
            client.force_login(world.admin.user)
            cookie = f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}"
            headers.append((b"cookie", cookie.encode()))
        scope = {
            "type": "websocket",
            "path": "/ws/",
            "query_string": b"",
            "headers": headers,
            "subprotocols": [],
        }
        self.wire = ApplicationCommunicator(websocket_application, scope)

    async def open(self):
        """Connect; the first thing the server says."""
        await self.wire.send_input({"type": "websocket.connect"})
        return await self.wire.receive_output(5)

    async def say(self, message):
        """Send JSON."""
        await self.wire.send_input({"type": "websocket.receive", "text": json.dumps(message)})

    async def heard(self):
        """Everything that arrives within a moment."""
        found = []
        while not await self.wire.receive_nothing(0.4):
            found.append(await self.wire.receive_output(1))
        return found

    async def close(self):
        """Hang up."""
        await self.wire.send_input({"type": "websocket.disconnect", "code": 1000})
        with contextlib.suppress(Exception):
            await self.wire.wait(2)


def settle(run):
    """Run a dialogue; database connections of its threads are closed after it."""

    async def whole():
        try:
            await run()
        finally:
            await sync_to_async(connections.close_all)()

    async_to_sync(whole)()


def test_a_socket_hears_its_own_workspace_only(mine, theirs):
    here, there = Line(mine), Line(theirs)

    async def dialogue():
        assert (await here.open())["type"] == "websocket.accept"
        assert (await there.open())["type"] == "websocket.accept"
        await here.heard()
        await there.heard()
        await sync_to_async(publish)(
            theirs.workspace.pk,
            conversation_changed(theirs.conversation.pk, 7),
        )
        said = await there.heard()
        assert str(theirs.conversation.pk) in str(said)
        assert await here.heard() == []
        await here.say({"type": "typing", "conversation": theirs.conversation.pk})
        await here.say({"type": "viewing", "conversation": theirs.conversation.pk})
        assert await there.heard() == []
        await here.close()
        await there.close()

    settle(dialogue)


def test_a_socket_wants_a_session_and_our_own_origin(mine):
    lines = Line(), Line(mine, origin="https://evil.example")

    async def dialogue():
        said = []
        for line in lines:
            first = await line.open()
            said.append([first, *await line.heard()])
            await line.close()
        for messages in said:
            assert messages[-1]["type"] == "websocket.close", messages

    settle(dialogue)


def test_a_socket_closes_when_access_ends(mine):
    builders.member(mine.workspace, role="admin")
    line = Line(mine)

    async def dialogue():
        assert (await line.open())["type"] == "websocket.accept"
        await line.heard()
        await sync_to_async(end_membership)(member=mine.admin, by=None)
        said = await line.heard()
        assert said[-1]["type"] == "websocket.close", said
        await line.close()

    settle(dialogue)
