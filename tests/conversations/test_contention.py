"""Workers that meet in the same rows, and a Redis that hangs."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from contacts.models import Address, Contact
from contacts.resolve import resolve_addresses
from conversations import realtime
from conversations.deliveries import receive_changes
from conversations.models import Conversation
from gateway.events import DeliveryChange
from gateway.models import Channel
from gateway.outbox.telling import change_of
from tests import builders
from tests.gateway.test_drain import in_parallel

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 10


def changes(channel: Channel, count: int) -> list[DeliveryChange]:
    """A new state of one message in each of ``count`` conversations."""
    conversations = [builders.conversation(channel) for _ in range(count)]
    messages = [builders.message(one, direction="outbound") for one in conversations]
    return [change_of(builders.delivery(message)) for message in messages]


def test_two_workers_that_settle_the_same_conversations_do_not_deadlock() -> None:
    batch = changes(builders.channel(), 60)
    orders = [batch, batch[::-1]]

    def settle(place: int) -> None:
        for _ in range(ROUNDS):
            receive_changes(orders[place])

    in_parallel(2, settle)
    assert set(Conversation.objects.values_list("version", flat=True)) == {2 * ROUNDS}


def test_two_workers_that_meet_the_same_new_people_do_not_deadlock() -> None:
    ws = builders.workspace()
    numbers = [f"+1415555{n:04d}" for n in range(300)]
    found: list[dict[str, Any]] = [{}, {}]

    def resolve(place: int) -> None:
        people = dict.fromkeys(numbers[:: -1 if place else 1], "")
        found[place] = resolve_addresses(workspace_id=ws.pk, kind="phone", people=people)

    in_parallel(2, resolve)
    assert found[0] == found[1]
    assert Contact.objects.count() == Address.objects.count() == len(numbers)


def test_a_redis_that_hangs_holds_up_nobody_and_the_next_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    class Hanging:
        async def group_send(self, group: str, message: dict[str, Any]) -> None:
            asked.append(group)
            await asyncio.sleep(60)

    layer: Callable[[], Hanging] = Hanging
    monkeypatch.setattr(realtime, "get_channel_layer", layer)
    monkeypatch.setattr(realtime, "SEND_SECONDS", 0.05)
    monkeypatch.setattr(realtime, "_pause", realtime._Pause())
    for _ in range(3):
        realtime.publish(1, realtime.conversation_changed(1, 1))
    assert asked == ["workspace.1"]
