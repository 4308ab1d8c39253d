"""A carousel by Twilio's RCS on its whole way: tapped, and to who has no RCS by SMS, once.

Real web, workers, beat and simulator. With a fallback of ours the other channel sends the SMS; with
Twilio's own the Messaging Service does, and nothing of ours.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from conversations.models import Conversation, Message
from conversations.presenters.conversation import present
from conversations.services import send_message
from embedded.ports import free_port
from gateway.channels import create_channel
from gateway.content.reading import read
from gateway.fallback.model import Fallback, Success, Verdict
from gateway.models import Channel, Delivery
from gateway.states import State
from tests import builders
from tests.faults.stack import forget_wakeups
from tests.faults.test_fallback import World, is_up
from tests.processes import Processes, until

pytestmark = pytest.mark.slow

SERVICE = "MG" + "5" * 32


def card(name: str) -> dict[str, Any]:
    """A card that a carousel of Twilio's takes."""
    picture = {"url": f"https://example.org/{name}.jpg", "content_type": "image/jpeg"}
    button = {"type": "reply", "text": f"Take {name}", "payload": f"room:{name}"}
    return {"title": name, "text": "Free.", "media": picture, "suggestions": [button]}


ROOMS = read({"cards": [card("Sea"), card("Garden")]})


@pytest.fixture
def world(transactional_db: None, door: Processes) -> Iterator[World]:
    """Web and beat, workers, and the simulator."""
    forget_wakeups()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with Processes(
        DJANGO_SETTINGS_MODULE="tests.faults.settings", SIMULATOR_URL=url, PUBLIC_URL=door.url
    ) as made:
        made.start(
            "simulator", "manage", "simulator", "--port", str(port), "--smsc-port", str(free_port())
        )
        made.worker("inbound", ["inbound", "routing"])
        made.worker("outbound", ["outbound", "campaigns", "maintenance"])
        found = World(made, url)
        until(lambda: is_up(found), "the simulator never answers")
        yield found


def channel(workspace: Any, **fields: str) -> Channel:
    """An RCS sender of Twilio's."""
    account = {"account_sid": builders.SID, "auth_token": builders.TOKEN, "sender_id": "shop_agent"}
    config = account | fields
    return create_channel(
        workspace=workspace, member=None, kind="twilio_rcs", name="Shop RCS", config=config,
        rate_per_second=1000.0,
    )  # fmt: skip


def conversation(on: Channel, world: World, **abilities: bool) -> Conversation:
    """A conversation with somebody whose phone can do so much."""
    person = builders.contact(on.workspace)
    # Outside of North America there is no MMS, and all of it is one SMS.
    builders.address(person, f"+34600{next(builders.numbers):06d}")
    found = builders.conversation(on, person)
    world.post("/phones", {"number": found.address.value, **abilities})
    return found


def on_phone(world: World, number: str) -> list[dict[str, Any]]:
    """What was sent to a phone and seen on it."""
    return [one for one in world.sent("twilio") if one["to"] == number and one["displayed"]]


def sent(world: World, number: str) -> list[dict[str, Any]]:
    """What Twilio has accepted for a phone."""
    return [one for one in world.sent("twilio") if one["to"] == number]


def stands(message: Message, *states: State) -> bool:
    """Whether the message's deliveries have these states, in their order."""
    rows = Delivery.objects.filter(message_uid=message.uid).order_by("pk")
    return list(rows.values_list("state", flat=True)) == list(states)


def heard(conversation: Conversation) -> list[Message]:
    """What the customer has written in it."""
    return list(Message.objects.filter(conversation=conversation, direction="inbound"))


def test_a_carousel_is_shown_and_tapped(world: World) -> None:
    thread = conversation(channel(builders.workspace()), world, rcs=True)
    message = send_message(conversation=thread, author=None, content=ROOMS)
    until(lambda: stands(message, State.DELIVERED), "it is never delivered")
    number = thread.address.value
    (shown,) = on_phone(world, number)
    cards = shown["content"]["richCard"]["carouselCard"]["cardContents"]
    tap = cards[1]["suggestions"][0]["reply"]
    line = str(thread.channel_id)
    said = {"text": tap["text"], "payload": tap["postbackData"]}
    world.post("/phone/write", {"phone": number, "line": line, **said})
    until(lambda: len(heard(thread)) == 1, "the tap is never heard")
    (answer,) = heard(thread)
    assert answer.text == "Take Garden"
    assert answer.data["tap"] == {"text": "Take Garden", "payload": "room:Garden", "message": None}
    world.post("/phone/seen", {"phone": number})
    until(lambda: stands(message, State.READ), "nobody says that it was read")
    assert len(sent(world, number)) == 1


def test_who_has_no_rcs_gets_sms_of_ours_once(world: World) -> None:
    sms = builders.channel()
    rcs = channel(sms.workspace)
    Channel.objects.filter(pk=rcs.pk).update(
        fallback_channel=sms, fallback_after_s=60, fallback_success=Success.DELIVERED
    )
    thread = conversation(rcs, world, rcs=False)
    agent = builders.member(rcs.workspace)
    message = send_message(conversation=thread, author=agent, content=ROOMS)
    until(lambda: stands(message, State.REPLACED, State.DELIVERED), "SMS never takes over")
    number = thread.address.value
    by_rcs, by_sms = sent(world, number)
    assert (by_rcs["rcs"], by_rcs["displayed"], by_rcs["error_code"]) == (True, False, 63036)
    assert (by_sms["rcs"], by_sms["displayed"], by_sms["from"]) == (False, True, sms.address)
    assert "2. Take Garden" in by_sms["body"]
    assert Fallback.objects.get().verdict == Verdict.NOT_CAPABLE
    (bubble,) = present([Message.objects.get(pk=message.pk)], agent)
    assert bubble.fate is not None
    assert bubble.fate.story == "This phone takes no RCS; sent as SMS."
    world.post("/phone/write", {"phone": number, "line": str(sms.pk), "text": "2"})
    until(lambda: len(heard(thread)) == 1, "the answer is never heard")
    assert heard(thread)[0].data["tap"]["payload"] == "room:Garden"


def test_a_phone_that_is_off_gets_sms_once_twilio_has_given_up(world: World) -> None:
    sms = builders.channel()
    rcs = channel(sms.workspace)
    Channel.objects.filter(pk=rcs.pk).update(
        fallback_channel=sms, fallback_after_s=5, fallback_success=Success.DELIVERED
    )
    thread = conversation(rcs, world, rcs=True, online=False)
    message = send_message(conversation=thread, author=None, content=ROOMS)
    until(lambda: stands(message, State.REPLACED, State.SENT), "SMS never takes over")
    number = thread.address.value
    world.post("/phones", {"number": number, "online": True})
    until(lambda: stands(message, State.REPLACED, State.DELIVERED), "SMS never arrives")
    assert [one["rcs"] for one in on_phone(world, number)] == [False]
    assert Fallback.objects.get().verdict == Verdict.WITHDRAWN


def test_a_messaging_service_sends_sms_itself_and_we_do_not(world: World) -> None:
    rcs = channel(builders.workspace(), messaging_service_sid=SERVICE, sms_fallback="twilio")
    having, lacking = (conversation(rcs, world, rcs=has) for has in (True, False))
    rich = send_message(conversation=having, author=None, content=ROOMS)
    words = send_message(conversation=lacking, author=None, content=ROOMS)
    until(lambda: stands(rich, State.DELIVERED), "RCS never arrives")
    until(lambda: stands(words, State.DELIVERED), "SMS never arrives")
    assert [one["rcs"] for one in sent(world, having.address.value)] == [True]
    (by_sms,) = sent(world, lacking.address.value)
    assert (by_sms["rcs"], by_sms["displayed"]) == (False, True)
    assert "2. Take Garden" in by_sms["body"]
    assert not Fallback.objects.exists()
    line = f"{rcs.pk}/sms"
    world.post("/phone/write", {"phone": lacking.address.value, "line": line, "text": "Garden!"})
    until(lambda: len(heard(lacking)) == 1, "the answer is never heard")
    assert heard(lacking)[0].text == "Garden!"
