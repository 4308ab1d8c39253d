"""The look-alike of Twilio's API: what it takes, refuses and reports."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels_sms.twilio_sms import TwilioSms
from gateway import transport
from gateway.content.model import Media
from gateway.errors import BadCredentials, OptedOut
from gateway.events import OutboundMessage, StatusUpdate
from gateway.states import State
from tests.payloads.twilio.exhibit import DELIVERY
from tests.simulator.conftest import ACCOUNT, CUSTOMER, NUMBER, SECONDARY, SERVICE, Stand, until

# --- Sending ----------------------------------------------------------------------------------


async def test_takes_a_message(stand: Stand) -> None:
    answer = await stand.send("Hi 👋", StatusCallback=stand.status_url)
    assert re.fullmatch("SM[0-9a-f]{32}", answer["sid"])
    shown = {name: answer[name] for name in ("status", "to", "from", "body", "direction")}
    assert shown == {
        "status": "queued",
        "to": CUSTOMER,
        "from": NUMBER,
        "body": "Hi 👋",
        "direction": "outbound-api",
    }
    assert (answer["num_segments"], answer["messaging_service_sid"]) == ("1", None)
    listed = await stand.get("/sent?provider=twilio")
    assert listed["count"] == 1
    assert listed["messages"][0]["sid"] == answer["sid"]
    assert abs(listed["messages"][0]["at"] - datetime.now(UTC).timestamp()) < 5


async def test_reports_with_a_signature_our_adapter_accepts(stand: Stand) -> None:
    answer = await stand.send(StatusCallback=stand.status_url)
    await until(lambda: len(stand.door.received) == 2)
    events = stand.door.events()
    assert [event.state for event in events if isinstance(event, StatusUpdate)] == [
        State.SENT,
        State.DELIVERED,
    ]
    assert all(isinstance(e, StatusUpdate) and str(e.delivery_uid) == DELIVERY for e in events)
    assert {form["MessageSid"] for form in map(stand.door.form, (0, 1))} == {answer["sid"]}


async def test_a_phone_that_is_off_for_too_long_gets_nothing(stand: Stand) -> None:
    await stand.post("/phones", {"number": CUSTOMER, "online": False})
    await stand.send("Code 1234", StatusCallback=stand.status_url, ValidityPeriod="1")
    await stand.send("No hurry", StatusCallback=stand.status_url)
    await until(lambda: "undelivered" in stand.door.statuses())
    [expired] = [event for event in stand.door.events() if event.state != State.SENT]  # type: ignore[union-attr]
    assert isinstance(expired, StatusUpdate)
    assert (expired.state, expired.error_class) == (State.EXPIRED, "")
    assert stand.door.form()["ErrorCode"] == "30036"
    await stand.post("/phones", {"number": CUSTOMER, "online": True})
    await until(lambda: "delivered" in stand.door.statuses())
    rows = (await stand.get("/sent?provider=twilio"))["messages"]
    assert [(row["body"], row["displayed"]) for row in rows] == [
        ("Code 1234", False),
        ("No hurry", True),
    ]


async def test_a_validity_that_is_none_is_refused(stand: Stand) -> None:
    form = {"To": CUSTOMER, "From": NUMBER, "Body": "Hi", "ValidityPeriod": "0"}
    status, answer, _headers = await stand.twilio("/Messages.json", form)
    assert (status, answer["code"]) == (400, 30012)


async def test_a_messaging_service_picks_the_sender(stand: Stand) -> None:
    answer = await stand.send(From="", MessagingServiceSid=SERVICE, StatusCallback=stand.status_url)
    assert (answer["status"], answer["from"]) == ("accepted", "+15551980309")
    assert answer["num_segments"] == "0"
    await until(lambda: len(stand.door.received) == 3)
    assert stand.door.statuses() == ["queued", "sent", "delivered"]
    assert stand.door.form()["MessagingServiceSid"] == SERVICE


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"To": ""}, 400, 21604),
        ({"To": "12"}, 400, 21211),
        ({"To": "whatever"}, 400, 21211),
        ({"To": "+15005550001"}, 400, 21211),
        ({"To": "+15005550002"}, 400, 21612),
        ({"To": "+15005550003"}, 400, 21408),
        ({"To": "+15005550004"}, 400, 21610),
        ({"To": "+15005550009"}, 400, 21614),
        ({"Body": ""}, 400, 21602),
        ({"Body": "   "}, 400, 21602),
        ({"Body": "x" * 1601}, 400, 21617),
        ({"From": ""}, 400, 21603),
        ({"From": "+14155559999"}, 400, 21606),
        ({"From": "", "MessagingServiceSid": "MG" + "9" * 32}, 400, 21701),
    ],
)
async def test_refuses(stand: Stand, fields: dict[str, str], status: int, code: int) -> None:
    form = {"To": CUSTOMER, "From": NUMBER, "Body": "Hello"} | fields
    got, answer, _headers = await stand.twilio("/Messages.json", form)
    assert (got, answer["code"], answer["status"]) == (status, code, status)
    assert answer["message"]
    assert await stand.get("/sent") == {"count": 0, "messages": []}


# --- Credentials ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "token", "status"),
    [
        (ACCOUNT, "0123456789abcdef0123456789abcdef", 200),
        (ACCOUNT, SECONDARY, 200),
        (ACCOUNT, "a" * 32, 401),
        (ACCOUNT, "", 401),
        ("AC" + "9" * 32, "a" * 32, 200),
        ("AC" + "9" * 32, "no token", 401),
        ("AC" + "9" * 32, "wrong" + "a" * 27, 401),
    ],
)
async def test_credentials(stand: Stand, account: str, token: str, status: int) -> None:
    got, answer, _headers = await stand.twilio(".json", account=account, token=token)
    assert got == status
    assert answer.get("code") == (20003 if status == 401 else None)


async def test_numbers_of_an_account(stand: Stand) -> None:
    path = "/IncomingPhoneNumbers.json"
    _status, every, _headers = await stand.twilio(path)
    assert [row["phone_number"] for row in every["incoming_phone_numbers"]] == [NUMBER]
    _status, one, _headers = await stand.twilio(path, params={"PhoneNumber": NUMBER})
    assert len(one["incoming_phone_numbers"]) == 1
    _status, none, _headers = await stand.twilio(path, params={"PhoneNumber": "+15005550001"})
    assert none["incoming_phone_numbers"] == []


# --- Lists and single messages ----------------------------------------------------------------


async def test_lists_newest_first_in_pages(stand: Stand) -> None:
    for n in range(5):
        await stand.send(f"{n}")
    await stand.send("other", To="+34600111999")
    params = {"To": CUSTOMER, "PageSize": "2"}
    _status, page, _headers = await stand.twilio("/Messages.json", params=params)
    assert [row["body"] for row in page["messages"]] == ["4", "3"]
    bodies = []
    while page["next_page_uri"]:
        path = page["next_page_uri"].partition(ACCOUNT)[2]
        _status, page, _headers = await stand.twilio(path)
        bodies += [row["body"] for row in page["messages"]]
    assert bodies == ["2", "1", "0"]


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({}, 1),
        ({"From": NUMBER}, 1),
        ({"From": "+14155559999"}, 0),
        ({"DateSent>": "2020-01-01"}, 1),
        ({"DateSent<": "2020-01-01"}, 0),
        ({"DateSent>": (datetime.now(UTC) + timedelta(days=1)).isoformat()}, 0),
        ({"DateSent": "2020-01-01"}, 0),
    ],
)
async def test_filters(stand: Stand, params: dict[str, str], count: int) -> None:
    await stand.send()
    _status, page, _headers = await stand.twilio("/Messages.json", params=params)
    assert len(page["messages"]) == count


async def test_single_messages(stand: Stand) -> None:
    sid = (await stand.send("secret"))["sid"]
    _status, found, _headers = await stand.twilio(f"/Messages/{sid}.json")
    assert found["body"] == "secret"
    status, answer, _headers = await stand.twilio(f"/Messages/{sid}.json", {"Status": "canceled"})
    assert (status, answer["code"]) == (409, 30409)
    _status, redacted, _headers = await stand.twilio(f"/Messages/{sid}.json", {"Body": ""})
    assert redacted["body"] == ""
    status, answer, _headers = await stand.twilio("/Messages/SM0.json")
    assert (status, answer["code"]) == (404, 20404)


async def test_unknown_resources_are_404_as_twilio_says_it(stand: Stand) -> None:
    async with stand.http.get(f"{stand.base}/twilio/2010-04-01/Accounts/x/Calls.json") as response:
        assert response.status == 404
        assert (await response.json())["code"] == 20404


# --- Our adapter against it, over the real transport ------------------------------------------


@pytest.fixture
def adapter(stand: Stand, settings: Any) -> Any:
    settings.SIMULATOR_URL = stand.base
    config = {
        "account_sid": ACCOUNT,
        "auth_token": "0123456789abcdef0123456789abcdef",
        "from_number": NUMBER,
    }
    return TwilioSms(config, base_url=f"{stand.base}/twilio")


def outbound(stand: Stand, text: str = "¿Qué tal? 50 €", to: str = CUSTOMER) -> OutboundMessage:
    return OutboundMessage(DELIVERY, to, text, stand.status_url, {"text": text})


async def test_adapter_sends_finds_and_checks(stand: Stand, adapter: Any) -> None:
    before = datetime.now(UTC)
    async with transport.new_session() as session:
        checked = await transport.drive(session, adapter.check(), [])
        nothing = await transport.drive(session, adapter.find(outbound(stand), before), [])
        sent = await transport.drive(session, adapter.send(outbound(stand)), [])
        found = await transport.drive(session, adapter.find(outbound(stand), before), [])
    assert checked.summary == "Simulated account, active"
    assert nothing.external_id is None
    assert found.external_id == sent.external_id
    assert (await stand.get("/sent"))["messages"][0]["body"] == "¿Qué tal? 50 €"


async def test_files_reach_the_phone(stand: Stand, adapter: Any) -> None:
    files = (Media("https://example.org/a.jpg", "image/jpeg"),)
    message = OutboundMessage(DELIVERY, CUSTOMER, "Look", stand.status_url, {}, files)
    async with transport.new_session() as session:
        sent = await transport.drive(session, adapter.send(message), [])
    assert sent.external_id.startswith("MM")
    [accepted] = (await stand.get("/sent"))["messages"]
    assert (accepted["body"], accepted["media"]) == ("Look", ["https://example.org/a.jpg"])


async def test_adapter_understands_refusals(stand: Stand, adapter: Any) -> None:
    async with transport.new_session() as session:
        with pytest.raises(OptedOut):
            await transport.drive(session, adapter.send(outbound(stand, to="+15005550004")), [])
        await stand.post("/faults", {"provider": "twilio", "rate_credentials": 1})
        with pytest.raises(BadCredentials):
            await transport.drive(session, adapter.send(outbound(stand)), [])
