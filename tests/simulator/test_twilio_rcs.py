"""The adapter for Twilio's RCS and the look-alike of Twilio's API, over real HTTP."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels_sms.twilio_rcs import TwilioRcs
from gateway.content.model import Card, Content, Dial, Media, OpenUrl, Reply, ShowLocation
from gateway.content.model import Location as Place
from gateway.content.reading import write
from gateway.contract import Checked, Found
from gateway.errors import Ambiguous, BadCredentials, OptedOut, Rejected, Throttled, Unreachable
from gateway.events import (
    Attachment,
    InboundMessage,
    Keyword,
    OptOut,
    OutboundMessage,
    StatusUpdate,
    Withdrawal,
)
from gateway.states import State
from simulator.channel_lines import pool_number
from tests.payloads.twilio_rcs.exhibit import SENDER, SERVICE, config
from tests.simulator.conftest import until
from tests.simulator.twilio_rcs import CUSTOMER, TwilioStand, twilio

__all__ = ["twilio"]
PICTURE = Media("https://example.org/shoe.jpg", "image/jpeg", "shoe.jpg")
BUTTONS = (Reply("Buy", "buy:1"), OpenUrl("More", "https://example.org/more"))
SHOES = Content(
    cards=(Card("Red shoe", "It fits.", PICTURE, BUTTONS), Card("Hat", "", PICTURE, BUTTONS))
)


def message(stand: TwilioStand, content: Content | str = "Hello", **more: Any) -> OutboundMessage:
    found = Content(text=content) if isinstance(content, str) else content
    uid = str(uuid.uuid4())
    url = f"{stand.status_url}{uid}"
    return OutboundMessage(uid, CUSTOMER, found.text, url, write(found), found.media, **more)


# --- Out ----------------------------------------------------------------------------------------


async def test_sends_a_text_and_hears_of_it(twilio: TwilioStand) -> None:
    await twilio.phone()
    asked = message(twilio, "¡Hola!")
    sid = await twilio.send(asked)
    await until(lambda: twilio.words() == ["sent", "delivered"])
    reports = [one for one in twilio.events() if isinstance(one, StatusUpdate)]
    assert {(one.external_id, str(one.delivery_uid)) for one in reports} == {(sid, asked.uid)}
    [found] = await twilio.sent()
    assert (found["to"], found["body"], found["state"]) == (CUSTOMER, "¡Hola!", "delivered")
    assert (found["displayed"], found["rcs"], found["from"]) == (True, True, f"rcs:{SENDER}")
    assert found["content"] == {"text": "¡Hola!"}
    await twilio.post("/phone/seen", {"phone": CUSTOMER})
    await until(lambda: twilio.words() == ["sent", "delivered", "read"])


async def test_a_carousel_looks_as_it_was_meant(twilio: TwilioStand) -> None:
    await twilio.phone()
    await twilio.send(message(twilio, SHOES))
    await until(lambda: twilio.words() == ["sent", "delivered"])
    [found] = await twilio.sent()
    first, second = found["content"]["richCard"]["carouselCard"]["cardContents"]
    assert (first["title"], first["description"]) == ("Red shoe", "It fits.")
    assert (second.get("title"), second["description"]) == (None, "Hat")
    assert first["media"]["contentInfo"] == {"fileUrl": PICTURE.url}
    reply, more = first["suggestions"]
    assert reply == {"reply": {"text": "Buy", "postbackData": "buy:1"}}
    assert more["action"]["openUrlAction"] == {"url": "https://example.org/more"}


RICH = [
    Content(text="Which?", suggestions=(Reply("Red", "r"), Dial("Call", "+34911234567"))),
    Content(text="{{1}} & {{name}}\n\tliteral", suggestions=(Reply("{{Ok}}"),)),
    Content(text="See", media=(PICTURE,), suggestions=(Reply("Ok"),)),
    Content(text="See", media=(PICTURE,)),
    Content(media=(PICTURE,)),
    Content(cards=(Card("Shoe", "It fits", PICTURE, BUTTONS),), suggestions=(Reply("Later"),)),
    Content(cards=(Card("Sol", suggestions=(ShowLocation("Way", 40.4, -3.7),)),)),
]


@pytest.mark.parametrize("content", RICH)
async def test_every_kind_of_content_is_taken(twilio: TwilioStand, content: Content) -> None:
    await twilio.phone()
    await twilio.send(message(twilio, content))
    await until(lambda: twilio.words() == ["sent", "delivered"])
    [found] = await twilio.sent()
    for words in filter(None, (content.text, *(card.title for card in content.cards))):
        assert words in found["body"]


async def test_equal_messages_share_one_content_resource(twilio: TwilioStand) -> None:
    for name in ("Ana", "Berta", "Carla"):
        await twilio.send(message(twilio, Content(text=f"Hi {name}", suggestions=(Reply("Ok"),))))
    found = await twilio.call(_contents(twilio.adapter))
    assert len(found) == 1
    assert found[0]["types"]["twilio/card"]["body"] == "{{1}}"
    # What somebody deletes is made anew.
    await twilio.call(_deleted(twilio.adapter, found[0]["sid"]))
    await twilio.send(message(twilio, Content(text="Hi Dora", suggestions=(Reply("Ok"),))))
    assert len(await twilio.call(_contents(twilio.adapter))) == 1
    assert [one["body"] for one in await twilio.sent()] == [
        "Hi Ana", "Hi Berta", "Hi Carla", "Hi Dora",
    ]  # fmt: skip


def _contents(adapter: TwilioRcs) -> Any:
    response = yield adapter._content_request("GET", "/v2/Content")
    return response.json()["contents"]


def _deleted(adapter: TwilioRcs, sid: str) -> Any:
    response = yield adapter._content_request("DELETE", f"/v1/Content/{sid}")
    assert response.status == 204


async def test_a_phone_without_rcs_is_said_to_be_one(twilio: TwilioStand) -> None:
    await twilio.phone(rcs=False)
    await twilio.send(message(twilio))
    await until(lambda: twilio.words() == ["failed"])
    [event] = twilio.events()
    assert isinstance(event, StatusUpdate)
    assert (event.state, event.error_class, event.error_code) == (
        State.FAILED,
        "NotCapable",
        "63036",
    )
    [found] = await twilio.sent()
    assert not found["displayed"]


async def test_what_a_phone_did_not_get_in_time_is_over(twilio: TwilioStand) -> None:
    await twilio.phone(online=False)
    asked = message(twilio, lifetime_s=1)
    sid = await twilio.send(asked)
    await until(lambda: twilio.words() == ["sent", "undelivered 30036"])
    assert twilio.events()[-1] == Withdrawal(sid, True, "undelivered 30036", uuid.UUID(asked.uid))
    await twilio.phone(online=True)
    [found] = await twilio.sent()
    assert (found["displayed"], bool(found["withdrawn_at"])) == (False, True)


async def test_without_word_of_its_end_it_may_still_arrive(twilio: TwilioStand) -> None:
    await twilio.post("/faults", {"provider": "twilio", "revoke_failed": 1})
    await twilio.phone(online=False)
    await twilio.send(message(twilio, lifetime_s=1))
    await until(lambda: twilio.words() == ["sent"])
    await asyncio.sleep(1.2)  # nothing shall happen at its end
    assert twilio.words() == ["sent"]
    await twilio.phone(online=True)
    await until(lambda: twilio.words() == ["sent", "delivered"])


async def test_a_service_sends_sms_itself(twilio: TwilioStand) -> None:
    await twilio.phone(rcs=False)
    sid = await twilio.send(message(twilio, SHOES), twilio.service)
    await until(lambda: twilio.words() == ["sent (SMS)", "delivered (SMS)"])
    [found] = await twilio.sent()
    assert (found["sid"], found["rcs"], found["content"]) == (sid, False, None)
    assert found["from"] == pool_number(SERVICE)
    assert found["body"].startswith("Red shoe\nIt fits.\n\nshoe.jpg: https://example.org/shoe.jpg")
    # Who got SMS answers its number; the answer comes to the channel.
    said = {"provider": "twilio", "channel_address": pool_number(SERVICE), "from": CUSTOMER}
    await twilio.post("/inbound", said | {"text": "2"})
    answer = twilio.events()[-1]
    assert isinstance(answer, InboundMessage)
    assert (answer.sender, answer.text, answer.payload) == (CUSTOMER, "2", None)


async def test_a_service_sends_rcs_where_there_is_rcs(twilio: TwilioStand) -> None:
    await twilio.phone()
    await twilio.send(message(twilio, SHOES), twilio.service)
    await until(lambda: twilio.words() == ["sent", "delivered"])
    [found] = await twilio.sent()
    assert (found["rcs"], found["from"]) == (True, "rcs:in_service")


async def test_a_service_does_not_send_sms_to_who_is_called_by_rcs(twilio: TwilioStand) -> None:
    ours = TwilioRcs(config(messaging_service_sid=SERVICE), base_url=twilio.adapter.base_url)
    await twilio.phone(rcs=False)
    await twilio.send(message(twilio), ours)
    await until(lambda: twilio.words() == ["failed"])


# --- In -----------------------------------------------------------------------------------------


async def says(stand: TwilioStand, **said: Any) -> dict[str, Any]:
    about = {"provider": "twilio", "channel_address": f"rcs:{SENDER}", "from": CUSTOMER}
    found: dict[str, Any] = await stand.post("/inbound", about | said)
    return found


async def test_what_customers_say_tap_and_share(twilio: TwilioStand) -> None:
    await says(twilio, text="Hi")
    await says(twilio, text="Buy", payload="buy:1")
    await says(twilio, text="Stop", payload="x", action=True)
    await says(twilio, location={"latitude": 40.4, "longitude": -3.7})
    await says(twilio, media=["https://example.org/a.jpg"])
    hi, tap, acted, place, file = twilio.events()
    assert isinstance(hi, InboundMessage)
    assert (hi.sender, hi.recipient, hi.text, hi.payload) == (CUSTOMER, SENDER, "Hi", None)
    assert isinstance(tap, InboundMessage)
    assert (tap.text, tap.payload) == ("Buy", "buy:1")
    assert isinstance(acted, InboundMessage)
    assert (acted.text, acted.payload) == ("Stop", "x")
    assert isinstance(place, InboundMessage)
    assert place.location == Place(40.4, -3.7)
    assert isinstance(file, InboundMessage)
    assert file.attachments == (Attachment("https://example.org/a.jpg", "image/jpeg"),)


async def test_who_says_stop_is_not_written_to(twilio: TwilioStand) -> None:
    await twilio.phone()
    await says(twilio, text="STOP")
    _message, opt_out = twilio.events()
    assert isinstance(opt_out, OptOut)
    assert (opt_out.keyword, opt_out.answered) == (Keyword.STOP, True)
    with pytest.raises(OptedOut):
        await twilio.send(message(twilio))


# --- What goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("knob", "error"),
    [
        ("rate_429", Throttled),
        ("rate_503", Unreachable),
        ("rate_500", Unreachable),
        ("rate_credentials", BadCredentials),
    ],
)
async def test_faults_before_the_message_leave_it_unsent(
    twilio: TwilioStand, knob: str, error: type[Exception]
) -> None:
    await twilio.post("/faults", {"provider": "twilio", knob: 1})
    with pytest.raises(error):
        await twilio.send(message(twilio, SHOES))
    assert await twilio.sent() == []


async def test_an_unclear_text_is_found_and_an_unclear_card_is_not_sent_twice(
    twilio: TwilioStand,
) -> None:
    await twilio.phone()
    await twilio.send(message(twilio, SHOES))  # the resource is there
    await twilio.post("/faults", {"provider": "twilio", "drop_after_accept": 1})
    text, card = message(twilio, "Hello"), message(twilio, SHOES)
    start = datetime.now(UTC) - timedelta(seconds=1)
    for one in (text, card):
        with pytest.raises(Ambiguous):
            await twilio.send(one)
    await twilio.post("/faults", {"provider": "twilio"})
    first, hello, second = [one["sid"] for one in await twilio.sent()]
    text.content["known_external_ids"] = card.content["known_external_ids"] = [first]
    assert await twilio.call(twilio.adapter.find(text, start)) == Found(hello)
    with pytest.raises(Rejected):
        await twilio.call(twilio.adapter.find(card, start))
    card.content["known_external_ids"] = [first, hello, second]
    assert await twilio.call(twilio.adapter.find(card, start)) == Found(None)


async def test_what_twilio_would_refuse_is_refused(twilio: TwilioStand) -> None:
    bad = {"language": "en", "types": {"twilio/carousel": {"body": "x", "cards": []}}}
    response = await twilio.call(_answered(twilio.adapter, bad))
    assert (response.status, response.json()["code"]) == (400, 20001)
    assert await twilio.call(twilio.adapter.check()) == Checked("Simulated account, active")
    wrong = TwilioRcs(config(auth_token="wrong"), base_url=twilio.adapter.base_url)
    with pytest.raises(BadCredentials):
        await twilio.call(wrong.send(message(twilio, SHOES)))


def _answered(adapter: TwilioRcs, body: Any) -> Any:
    return (yield adapter._content_request("POST", "/v1/Content", json=body))
