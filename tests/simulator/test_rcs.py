"""The RCS adapter and the look-alike of Google's API, over real HTTP."""

import asyncio
import uuid
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from channels_sms.google_rcs import GoogleRcs
from gateway.content.model import (
    AskLocation,
    Calendar,
    Card,
    Content,
    Dial,
    Location,
    Media,
    OpenUrl,
    Reply,
    ShowLocation,
)
from gateway.content.reading import write
from gateway.contract import Reach, Reached, Revoked, Signal
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    NotCapable,
    Rejected,
    Throttled,
    Unreachable,
)
from gateway.events import (
    Attachment,
    InboundMessage,
    Keyword,
    OptOut,
    OutboundMessage,
    StatusUpdate,
    Typing,
    Withdrawal,
)
from gateway.states import State
from simulator.rbm_words import FEATURES
from tests.payloads.google_rcs.exhibit import AGENT, config, key_file, private_key
from tests.simulator.conftest import until
from tests.simulator.rcs import CUSTOMER, RcsStand, rcs

__all__ = ["rcs"]
PICTURE = Media("https://example.org/shoe.jpg", "image/jpeg", "shoe.jpg")


def message(content: Content | str = "Hello", to: str = CUSTOMER, **more: Any) -> OutboundMessage:
    found = Content(text=content) if isinstance(content, str) else content
    return OutboundMessage(
        str(uuid.uuid4()), to, found.text, "https://x/", write(found), found.media, **more
    )


# --- Out ------------------------------------------------------------------------------------------


async def test_sends_a_text_and_hears_of_its_delivery(rcs: RcsStand) -> None:
    await rcs.phone()
    sent = await rcs.send(message("¡Hola!"))
    await until(lambda: rcs.words() == ["DELIVERED"])
    [event] = rcs.events()
    assert isinstance(event, StatusUpdate)
    assert (event.external_id, event.state) == (sent, State.DELIVERED)
    assert event.delivery_uid == uuid.UUID(sent)
    [found] = await rcs.sent()
    assert (found["to"], found["body"], found["state"]) == (CUSTOMER, "¡Hola!", "delivered")
    assert (found["displayed"], found["traffic"]) == (True, "TRANSACTION")
    assert found["at"] <= found["displayed_at"]


RICH = [
    Content(media=(PICTURE,)),
    Content(cards=(Card("A shoe", "It fits.", PICTURE, (Reply("Buy", "buy:1"),)),)),
    Content(cards=(Card("One"), Card(text="Two"), Card(media=PICTURE))),
    Content(
        text="Choose",
        suggestions=(
            Reply("Yes", "y"),
            Reply("No"),
            OpenUrl("See it", "https://example.org/?a=1&b=2"),
            Dial("Call us", "+14155550100"),
            ShowLocation("Where", 40.4, -3.7, "Shop"),
            AskLocation("Where are you?"),
            Calendar(
                "Note it",
                "Fitting" * 10,
                datetime(2026, 11, 1, 9, tzinfo=UTC),
                datetime(2026, 11, 1, 10, tzinfo=UTC),
            ),
        ),
    ),
]


@pytest.mark.parametrize("content", RICH)
async def test_sends_rich_content_that_google_takes(rcs: RcsStand, content: Content) -> None:
    await rcs.phone()
    assert rcs.adapter.shows(CUSTOMER).takes(content)
    await rcs.send(message(content, marketing=True))
    [found] = await rcs.sent()
    assert found["traffic"] == "PROMOTION"
    await until(lambda: rcs.words() == ["DELIVERED"])


async def test_a_repeat_is_the_same_message(rcs: RcsStand) -> None:
    await rcs.phone()
    one = message()
    await asyncio.gather(*(rcs.send(one) for _ in range(5)))
    await until(lambda: rcs.words() == ["DELIVERED"])
    assert len(await rcs.sent()) == 1
    await rcs.faults(drop_after_accept=1)
    other = message("Again")
    with pytest.raises(Ambiguous):
        await rcs.send(other)
    await rcs.faults()
    await rcs.send(other)
    await until(lambda: rcs.words() == ["DELIVERED", "DELIVERED"])
    assert [found["body"] for found in await rcs.sent()] == ["Hello", "Again"]


async def test_a_plain_phone_cannot_be_reached(rcs: RcsStand) -> None:
    await rcs.phone(rcs=False)
    for number in (CUSTOMER, "+14155550199"):
        with pytest.raises(NotCapable):
            await rcs.send(message(to=number))
    assert await rcs.sent() == []


@pytest.mark.parametrize(
    ("knob", "error"),
    [
        ("rate_429", Throttled),
        ("rate_500", Ambiguous),
        ("rate_503", Unreachable),
        ("rate_credentials", BadCredentials),
    ],
)
async def test_faults_mean_what_they_say(rcs: RcsStand, knob: str, error: type) -> None:
    await rcs.phone()
    await rcs.faults(**{knob: 1})
    with pytest.raises(error):
        await rcs.send(message())
    assert await rcs.sent() == []


async def test_google_refuses_what_is_wrong(rcs: RcsStand) -> None:
    await rcs.phone()
    with pytest.raises(Rejected) as refused:
        await rcs.call(rcs.adapter.send(message(Content(text="x", suggestions=(Reply("y" * 26),)))))
    assert refused.value.code == "INVALID_ARGUMENT"


# --- Credentials ----------------------------------------------------------------------------------


async def test_check_names_the_account(rcs: RcsStand) -> None:
    checked = await rcs.call(rcs.adapter.check())
    assert checked.summary == f"{AGENT}, rbm@shop-project.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    "fields",
    [
        {"service_account": key_file(private_key=private_key(1))},
        {"service_account": key_file(client_email="wrong@x.iam.gserviceaccount.com")},
        {"service_account": key_file(client_email="other@x.iam.gserviceaccount.com")},
        {"agent_id": "wrong_agent"},
    ],
)
async def test_wrong_credentials_are_told_at_once(rcs: RcsStand, fields: dict[str, str]) -> None:
    await rcs.phone()
    adapter = GoogleRcs(config(**fields), base_url=rcs.adapter.base_url)
    for steps in (adapter.check(), adapter.send(message())):
        with pytest.raises(BadCredentials) as refused:
            await rcs.call(steps)
        assert refused.value.text
    assert await rcs.sent() == []


async def test_an_agent_that_is_not_launched_fails_the_one_recipient(rcs: RcsStand) -> None:
    await rcs.phone()
    adapter = GoogleRcs(config(agent_id="unlaunched_agent"), base_url=rcs.adapter.base_url)
    await rcs.call(adapter.check())
    with pytest.raises(NotCapable) as refused:
        await rcs.call(adapter.send(message()))
    assert refused.value.code == "PERMISSION_DENIED"
    reached = await rcs.call(adapter.reach([CUSTOMER]))
    assert reached == {CUSTOMER: Reached(Reach.NOT_LAUNCHED)}


async def test_a_token_that_google_forgot_is_replaced(rcs: RcsStand) -> None:
    await rcs.phone()
    await rcs.send(message())
    url = f"{rcs.adapter.base_url}/v1/users:batchGet"
    async with rcs.http.post(url, json={}, headers={"Authorization": "Bearer old"}) as response:
        assert response.status == 401


# --- Reach ----------------------------------------------------------------------------------------


async def test_asks_whom_it_reaches(rcs: RcsStand) -> None:
    spain, plain, unknown = "+34600123456", "+447700900101", "+818012345678"
    await rcs.phone()
    await rcs.phone(spain)
    await rcs.phone(plain, rcs=False)
    asked = [unknown, CUSTOMER, spain, plain]
    yes, no = Reached(Reach.YES), Reached(Reach.NO)
    found = await rcs.call(rcs.adapter.reach(asked))
    assert found == {CUSTOMER: yes, spain: yes, plain: no, unknown: no}
    one = await rcs.call(rcs.adapter.reach([CUSTOMER]))
    assert one == {CUSTOMER: Reached(Reach.YES, tuple(sorted(FEATURES)))}
    assert await rcs.call(rcs.adapter.reach([plain])) == {plain: no}


async def test_asks_about_ten_thousand_at_once(rcs: RcsStand) -> None:
    await rcs.phone()
    numbers = [CUSTOMER, *(f"+1415{n:07d}" for n in range(9_999))]
    found = await rcs.call(rcs.adapter.reach(numbers))
    assert Counter(one.reach for one in found.values()) == {Reach.YES: 1, Reach.NO: 9_999}


# --- Withdrawal -----------------------------------------------------------------------------------


async def test_an_offline_phone_gets_it_later(rcs: RcsStand) -> None:
    await rcs.phone(online=False)
    await rcs.send(message("Later", lifetime_s=60))
    await asyncio.sleep(0.2)
    assert [(one["state"], one["displayed"]) for one in await rcs.sent()] == [("sent", False)]
    await rcs.phone(online=True)
    await until(lambda: rcs.words() == ["DELIVERED"])
    assert [one["displayed"] for one in await rcs.sent()] == [True]


async def test_a_message_is_withdrawn_by_us(rcs: RcsStand) -> None:
    await rcs.phone(online=False)
    one = message()
    sent = await rcs.send(one)
    for _ in range(2):
        assert await rcs.call(rcs.adapter.revoke(one, sent)) == Revoked(certain=False)
    await rcs.phone(online=True)
    await rcs.send(message("Other"))
    await until(lambda: rcs.words() == ["DELIVERED"])
    found = [(one["state"], one["displayed"]) for one in await rcs.sent()]
    assert found == [("revoked", False), ("delivered", True)]


async def test_what_is_delivered_cannot_be_withdrawn(rcs: RcsStand) -> None:
    await rcs.phone()
    one = message()
    sent = await rcs.send(one)
    await until(lambda: rcs.words() == ["DELIVERED"])
    for uid in (sent, str(uuid.uuid4())):
        with pytest.raises(Rejected):
            await rcs.call(rcs.adapter.revoke(one, uid))


async def test_a_message_is_withdrawn_when_its_time_is_over(rcs: RcsStand) -> None:
    await rcs.phone(online=False)
    sent = await rcs.send(message(lifetime_s=1))
    await until(lambda: rcs.words() == ["TTL_EXPIRATION_REVOKED"])
    [event] = rcs.events()
    assert isinstance(event, Withdrawal)
    assert (event.external_id, event.done, event.delivery_uid) == (sent, True, uuid.UUID(sent))
    await rcs.phone(online=True)
    [found] = await rcs.sent()
    assert (found["state"], found["displayed"]) == ("expired", False)
    assert found["withdrawn_at"] >= found["at"] + 1


async def test_a_withdrawal_that_fails_leaves_it_waiting(rcs: RcsStand) -> None:
    await rcs.faults(revoke_failed=1)
    await rcs.phone(online=False)
    await rcs.send(message(lifetime_s=1))
    await until(lambda: rcs.words() == ["TTL_EXPIRATION_REVOKE_FAILED"])
    await rcs.phone(online=True)
    await until(lambda: rcs.words() == ["TTL_EXPIRATION_REVOKE_FAILED", "DELIVERED"])


async def test_withdrawals_cross_with_deliveries(rcs: RcsStand) -> None:
    await rcs.faults(revoke_race=1)
    await rcs.phone(online=False)
    ours, theirs = message(), message(lifetime_s=1)
    sent = await rcs.send(ours)
    await rcs.send(theirs)
    assert await rcs.call(rcs.adapter.revoke(ours, sent)) == Revoked(certain=False)
    await until(lambda: rcs.words().count("DELIVERED") == 2)
    assert Counter(rcs.words()) == {"DELIVERED": 2, "TTL_EXPIRATION_REVOKE_FAILED": 1}
    assert [one["displayed"] for one in await rcs.sent()] == [True, True]
    with pytest.raises(Rejected):
        await rcs.call(rcs.adapter.revoke(ours, sent))


async def test_reports_come_late_twice_and_again(rcs: RcsStand) -> None:
    await rcs.faults(duplicate=1, late_status_s=0.3)
    await rcs.phone()
    rcs.door.answers = [503, 503]
    await rcs.send(message())
    await asyncio.sleep(0.2)
    assert rcs.words() == []
    await until(lambda: len(rcs.words()) >= 3)
    assert set(rcs.words()) == {"DELIVERED"}


# --- In -------------------------------------------------------------------------------------------

INBOUND = {"provider": "google_rcs", "channel_address": AGENT, "from": CUSTOMER}


async def inbound(rcs: RcsStand, **said: Any) -> Any:
    answer = await rcs.post("/inbound", INBOUND | said)
    assert answer["webhook_status"] == 200
    return answer["sid"]


async def test_a_customer_writes_taps_and_shares(rcs: RcsStand) -> None:
    await inbound(rcs, text="¿Hola? 📦")
    await inbound(rcs, text="Yes", payload="order:1")
    await inbound(rcs, location={"latitude": 40.5, "longitude": -3})
    await inbound(rcs, media=[{"url": "https://example.org/a.png", "content_type": "image/png"}])
    text, tap, place, file = rcs.events()
    assert isinstance(text, InboundMessage)
    assert (text.sender, text.text, text.payload) == (CUSTOMER, "¿Hola? 📦", None)
    assert isinstance(tap, InboundMessage)
    assert (tap.text, tap.payload) == ("Yes", "order:1")
    assert isinstance(place, InboundMessage)
    assert place.location == Location(40.5, -3.0)
    assert isinstance(file, InboundMessage)
    assert file.attachments == (Attachment("https://example.org/a.png", "image/png", "a.png"),)
    assert all(one.occurred_at for one in (text, tap, place, file))


async def test_a_repeat_has_the_same_id(rcs: RcsStand) -> None:
    sid = await inbound(rcs, text="Hi")
    assert await inbound(rcs, text="Hi", sid=sid) == sid
    assert rcs.events()[0] == rcs.events()[1]


async def test_a_phone_tells_that_somebody_writes_or_leaves(rcs: RcsStand) -> None:
    for event in ("IS_TYPING", "UNSUBSCRIBE", "SUBSCRIBE"):
        await inbound(rcs, event=event)
    typing, left, back = rcs.events()
    assert typing == Typing(CUSTOMER)
    assert isinstance(left, OptOut)
    assert isinstance(back, OptOut)
    assert (left.keyword, back.keyword) == (Keyword.STOP, Keyword.START)


async def test_what_makes_no_sense_is_refused(rcs: RcsStand) -> None:
    for said, field in (
        ({}, "text"),
        ({"location": "here"}, "location"),
        ({"event": "DANCE"}, "event"),
        ({"text": "x" * 3073}, "text"),
    ):
        answer = await rcs.post("/inbound", INBOUND | said, status=400)
        assert field in answer["errors"]


async def test_the_agent_writes_and_reads(rcs: RcsStand) -> None:
    await rcs.phone()
    sid = await inbound(rcs, text="Hi")
    uid = str(uuid.uuid4())
    for _repeat in range(2):
        await rcs.call(rcs.adapter.signal(Signal.TYPING, CUSTOMER, uid=uid))
    again = str(uuid.uuid4())
    await rcs.call(rcs.adapter.signal(Signal.READ, CUSTOMER, uid=again, about=sid))
    found = await rcs.get(f"/signals?to=%2B{CUSTOMER[1:]}")
    assert [(one["type"], one["from"], one["message"]) for one in found["signals"]] == [
        ("IS_TYPING", AGENT, None),
        ("READ", AGENT, sid),
    ]
    assert (await rcs.get("/signals?to=%2B1"))["signals"] == []
    state = await rcs.get(f"/phone/state?phone=%2B{CUSTOMER[1:]}")
    assert [one["status"] for one in state["threads"][CUSTOMER]] == ["read"]


async def test_a_plain_phone_is_shown_nothing(rcs: RcsStand) -> None:
    with pytest.raises(NotCapable):
        await rcs.call(rcs.adapter.signal(Signal.TYPING, "+14155550199", uid=str(uuid.uuid4())))
    assert (await rcs.get("/signals"))["count"] == 0
