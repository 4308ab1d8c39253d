"""Control calls: faults, customers who write, phones, and bodies that make no sense."""

import asyncio
from typing import Any

import aiohttp
import pytest

from gateway.events import InboundMessage, Keyword, OptOut
from tests.simulator.conftest import CUSTOMER, NUMBER, SERVICE, Stand, until

INBOUND = {"provider": "twilio", "channel_address": NUMBER, "from": CUSTOMER, "text": "¿Hola? 📦"}

# --- Customers write --------------------------------------------------------------------------


async def test_a_customer_writes(stand: Stand) -> None:
    answer = await stand.post("/inbound", INBOUND)
    assert answer["webhook_status"] == 200
    assert stand.door.events() == [
        InboundMessage(answer["sid"], CUSTOMER, NUMBER, "¿Hola? 📦"),
    ]


async def test_a_customer_writes_to_a_service_with_a_picture(stand: Stand) -> None:
    media = [{"url": "https://example.org/a.png", "content_type": "image/png"}]
    body = {**INBOUND, "channel_address": SERVICE, "text": "", "media": media}
    answer = await stand.post("/inbound", body)
    form = stand.door.form()
    assert answer["sid"].startswith("MM")
    assert (form["MessagingServiceSid"], form["NumMedia"]) == (SERVICE, "1")
    assert (form["MediaUrl0"], form["MediaContentType0"]) == (media[0]["url"], "image/png")
    assert len(stand.door.events()) == 1


async def test_the_same_message_again(stand: Stand) -> None:
    first = await stand.post("/inbound", INBOUND)
    again = await stand.post("/inbound", {**INBOUND, "sid": first["sid"], "text": "ignored"})
    assert again == first
    assert stand.door.events()[0] == stand.door.events()[1]
    state = await stand.get("/phone/state", params={"phone": CUSTOMER})
    assert len(state["threads"][CUSTOMER]) == 1


async def test_a_chosen_sid_is_used(stand: Stand) -> None:
    sid = "SM" + "7" * 32
    assert (await stand.post("/inbound", {**INBOUND, "sid": sid}))["sid"] == sid
    assert stand.door.form()["MessageSid"] == sid


async def test_what_the_product_answers_is_passed_on(stand: Stand) -> None:
    stand.door.answers = [403]
    assert (await stand.post("/inbound", INBOUND))["webhook_status"] == 403
    await asyncio.sleep(0.5)
    assert len(stand.door.received) == 1


async def test_tries_again_while_the_product_is_away(stand: Stand) -> None:
    stand.door.answers = [503, 500]
    answer = await stand.post("/inbound", INBOUND)
    assert answer["webhook_status"] == 503
    await until(lambda: len(stand.door.received) >= 3)
    assert {form["MessageSid"] for form in map(stand.door.form, range(3))} == {answer["sid"]}
    bubbles = (await stand.get("/phone/state", params={"phone": CUSTOMER}))["threads"][CUSTOMER]
    assert bubbles[0]["status"] == "received"


# --- STOP -------------------------------------------------------------------------------------


async def test_stop_blocks_and_is_answered_by_the_provider(stand: Stand) -> None:
    await stand.post("/inbound", {**INBOUND, "text": "Stop"})
    events = stand.door.events()
    assert isinstance(events[1], OptOut)
    assert (events[1].keyword, events[1].answered) == (Keyword.STOP, True)
    form = {"To": CUSTOMER, "From": NUMBER, "Body": "Buy!"}
    status, answer, _headers = await stand.twilio("/Messages.json", form)
    assert (status, answer["code"]) == (400, 21610)
    await asyncio.sleep(0.3)
    bubbles = (await stand.get("/phone/state", params={"phone": CUSTOMER}))["threads"][CUSTOMER]
    assert [bubble["mine"] for bubble in bubbles] == [True, False]
    assert "unsubscribed" in bubbles[1]["text"]

    await stand.post("/inbound", {**INBOUND, "text": "START"})
    await stand.send("Welcome back")
    sent = await stand.get("/sent")
    assert [message["body"] for message in sent["messages"]] == ["Welcome back"]


async def test_stop_holds_for_one_sender(stand: Stand) -> None:
    await stand.post("/inbound", {**INBOUND, "text": "STOP"})
    await stand.send("From the service", From="", MessagingServiceSid=SERVICE)


# --- Phones -----------------------------------------------------------------------------------


async def test_an_offline_phone_takes_nothing_until_it_is_online(stand: Stand) -> None:
    await stand.post("/phones", {"number": CUSTOMER, "online": False})
    await stand.send(StatusCallback=stand.status_url)
    await until(lambda: stand.door.statuses() == ["sent"])
    await asyncio.sleep(0.4)
    state = await stand.get("/phone/state", params={"phone": CUSTOMER})
    assert state["threads"][CUSTOMER] == []
    assert stand.door.statuses() == ["sent"]

    await stand.post("/phones", {"number": CUSTOMER, "online": True})
    await until(lambda: stand.door.statuses() == ["sent", "delivered"])
    state = await stand.get("/phone/state", params={"phone": CUSTOMER})
    assert [bubble["text"] for bubble in state["threads"][CUSTOMER]] == ["Hello"]


async def test_a_phone_that_fails(stand: Stand) -> None:
    await stand.post("/phones", {"number": CUSTOMER, "error_code": 30003})
    await stand.send(StatusCallback=stand.status_url)
    await until(lambda: stand.door.statuses() == ["sent", "undelivered"])
    assert stand.door.form()["ErrorCode"] == "30003"


async def test_what_a_phone_call_does_not_name_stays(stand: Stand) -> None:
    await stand.post("/phones", {"number": "+14155550177", "name": "Ann", "rcs": True})
    phone = await stand.post("/phones", {"number": "+14155550177", "online": False})
    assert (phone["name"], phone["rcs"], phone["online"]) == ("Ann", True, False)


# --- Faults -----------------------------------------------------------------------------------


async def faults(stand: Stand, **knobs: Any) -> None:
    await stand.post("/faults", {"provider": "twilio", **knobs})


@pytest.mark.parametrize(
    ("knob", "status", "code"),
    [
        ("rate_429", 429, 20429),
        ("rate_500", 500, 20500),
        ("rate_503", 503, 20503),
        ("rate_credentials", 401, 20003),
    ],
)
async def test_refusals_by_rate(stand: Stand, knob: str, status: int, code: int) -> None:
    await faults(stand, **{knob: 1})
    got, answer, headers = await stand.twilio("/Messages.json", {"To": CUSTOMER})
    assert (got, answer["code"]) == (status, code)
    assert headers.get("Retry-After") == ("1" if status == 429 else None)
    assert (await stand.get("/sent"))["count"] == 0
    await faults(stand)
    await stand.send()


async def test_accepts_and_cuts_the_connection(stand: Stand) -> None:
    await faults(stand, drop_after_accept=True)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await stand.send("Did it arrive?", StatusCallback=stand.status_url)
    assert (await stand.get("/sent"))["messages"][0]["body"] == "Did it arrive?"
    await until(lambda: stand.door.statuses() == ["sent", "delivered"])


async def test_reports_can_come_before_the_answer(stand: Stand) -> None:
    await faults(stand, latency_ms=600)
    await stand.send(StatusCallback=stand.status_url)
    assert stand.door.statuses() == ["sent", "delivered"]


async def test_duplicates(stand: Stand) -> None:
    await faults(stand, duplicate=1)
    await stand.post("/inbound", INBOUND)
    assert len(stand.door.received) == 2
    await stand.send(StatusCallback=stand.status_url)
    await until(lambda: len(stand.door.statuses()) == 4)
    assert sorted(stand.door.statuses()) == ["delivered", "delivered", "sent", "sent"]


async def test_reports_out_of_order(stand: Stand) -> None:
    await faults(stand, reorder=1)
    await stand.send(StatusCallback=stand.status_url)
    await until(lambda: stand.door.statuses() == ["delivered", "sent"])


async def test_late_reports(stand: Stand) -> None:
    await faults(stand, late_status_s=0.6)
    await stand.send(StatusCallback=stand.status_url)
    await asyncio.sleep(0.5)
    assert stand.door.statuses() == []
    await until(lambda: stand.door.statuses() == ["sent", "delivered"])


async def test_what_faults_do_not_name_is_off(stand: Stand) -> None:
    await faults(stand, rate_429=0.5, latency_ms=10)
    await faults(stand, duplicate=0.25)
    knobs = (await stand.get("/faults"))["twilio"]
    assert {name for name, value in knobs.items() if value} == {"duplicate"}


# --- Bodies that make no sense ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("/faults", [], {"body"}),
        ("/faults", {}, {"provider"}),
        ("/faults", {"provider": "fax"}, {"provider"}),
        ("/faults", {"provider": "twilio", "rate_429": 1.5}, {"rate_429"}),
        ("/faults", {"provider": "twilio", "rate_429": -1}, {"rate_429"}),
        ("/faults", {"provider": "twilio", "rate_429": "often"}, {"rate_429"}),
        ("/faults", {"provider": "twilio", "latency_ms": 1e9}, {"latency_ms"}),
        ("/faults", {"provider": "twilio", "rate429": 1}, {"rate429"}),
        ("/inbound", {}, {"provider", "channel_address", "from", "text"}),
        ("/inbound", {**INBOUND, "channel_address": "+1"}, {"channel_address"}),
        ("/inbound", {**INBOUND, "from": " "}, {"from"}),
        ("/inbound", {**INBOUND, "text": ""}, {"text"}),
        ("/inbound", {**INBOUND, "text": 5}, {"text"}),
        ("/inbound", {**INBOUND, "text": "x" * 1601}, {"text"}),
        ("/inbound", {**INBOUND, "media": "a"}, {"media"}),
        ("/inbound", {**INBOUND, "media": [{}]}, {"media"}),
        ("/phones", {}, {"number"}),
        ("/phones", {"number": CUSTOMER, "online": "yes"}, {"online"}),
        ("/phones", {"number": CUSTOMER, "error_code": "x"}, {"error_code"}),
        ("/phones", {"number": CUSTOMER, "color": "red"}, {"color"}),
    ],
)
async def test_400_names_the_field(stand: Stand, path: str, body: Any, fields: set[str]) -> None:
    before = await stand.get("/phones")
    answer = await stand.post(path, body, status=400)
    assert set(answer["errors"]) == fields
    assert stand.door.received == []
    assert await stand.get("/phones") == before


async def test_a_body_that_is_no_json(stand: Stand) -> None:
    async with stand.http.post(f"{stand.base}/faults", data=b"{") as response:
        assert response.status == 400
        assert list((await response.json())["errors"]) == ["body"]


async def test_sent_narrows(stand: Stand) -> None:
    for n in range(3):
        await stand.send(f"{n}")
    assert len((await stand.get("/sent?limit=2"))["messages"]) == 2
    assert (await stand.get("/sent?limit=2"))["messages"][-1]["body"] == "2"
    assert (await stand.get("/sent", params={"to": "+1"}))["messages"] == []
    async with stand.http.get(f"{stand.base}/sent?provider=fax") as response:
        assert response.status == 400
