"""What is asked of Twilio and what its answers mean."""

import json
import uuid
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from channels_sms.twilio_errors import TABLE, meaning
from channels_sms.twilio_sms import TwilioSms
from gateway import transport
from gateway.content.model import Media
from gateway.contract import Checked, Found, Request, Response, Sent
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    NotCapable,
    OptedOut,
    Rejected,
    SendError,
    Throttled,
    TooLong,
    Unreachable,
    WindowClosed,
)
from gateway.events import OutboundMessage
from tests.payloads.twilio.exhibit import CONFIG, NUMBER, SENT_SID, SERVICE, STATUS_URL, TOKEN

adapter = TwilioSms(CONFIG, base_url="http://127.0.0.1:9/twilio")
ACCOUNT = f"/2010-04-01/Accounts/{CONFIG['account_sid']}"
NOW = datetime(2026, 10, 21, 12, 0, 0, tzinfo=UTC)
TO = "+34600123456"


def outbound(text: str = "¡Hola! 50 €", **content: Any) -> OutboundMessage:
    return OutboundMessage(str(uuid.uuid4()), TO, text, STATUS_URL, {"text": text, **content})


def answer(status: int, body: Any = None, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def drive(
    steps: Generator[Request, Response, Any], *answers: Response
) -> tuple[Any, list[Request]]:
    """The result and the requests, answered in turn."""
    requests = [next(steps)]
    for response in answers:
        try:
            requests.append(steps.send(response))
        except StopIteration as done:
            return done.value, requests
    raise AssertionError("It wants another answer.")


def refusal(response: Response) -> SendError:
    with pytest.raises(SendError) as raised:
        drive(adapter.send(outbound()), response)
    return raised.value


# --- Sending ------------------------------------------------------------------------------------


def test_sends_from_a_number() -> None:
    sent, [request] = drive(adapter.send(outbound()), answer(201, {"sid": SENT_SID}))
    assert sent == Sent(SENT_SID)
    assert request == Request(
        method="POST",
        url=f"http://127.0.0.1:9/twilio{ACCOUNT}/Messages.json",
        data=[
            ("To", TO),
            ("Body", "¡Hola! 50 €"),
            ("From", NUMBER),
            ("StatusCallback", STATUS_URL),
        ],
        auth=(CONFIG["account_sid"], TOKEN),
        secrets=(TOKEN,),
        private=frozenset({"Body", "MediaUrl"}),
    )


def test_sends_through_a_messaging_service() -> None:
    service = TwilioSms(SERVICE)
    _sent, [request] = drive(service.send(outbound()), answer(201, {"sid": SENT_SID}))
    assert request.url == f"https://api.twilio.com{ACCOUNT}/Messages.json"
    assert request.data is not None
    assert ("MessagingServiceSid", SERVICE["messaging_service_sid"]) in request.data
    assert "From" not in dict(request.data)


def test_sends_files_by_mms() -> None:
    files = (
        Media("https://example.org/a.jpg", "image/jpeg"),
        Media("https://example.org/b.vcf", "text/vcard"),
    )
    message = OutboundMessage(str(uuid.uuid4()), "+14155550123", "", STATUS_URL, {}, files)
    _sent, [request] = drive(adapter.send(message), answer(201, {"sid": "MM" + "1" * 32}))
    assert [value for name, value in request.data or [] if name == "MediaUrl"] == [
        "https://example.org/a.jpg",
        "https://example.org/b.vcf",
    ]
    assert b"MediaUrl=https://example.org/a.jpg&MediaUrl=" in encoded(request)


def encoded(request: Request) -> bytes:
    """The body as it leaves, slashes and colons as they were."""
    letter = transport._letter(request)
    assert letter is not None
    return unquote_to_bytes(letter._value)


@pytest.mark.parametrize(
    ("config", "address", "kind", "size", "taken"),
    [
        ({"from_number": "+14155550199"}, "+14155550123", "image/jpeg", 5_000_000, True),
        ({"from_number": "+14155550199"}, "+14155550123", "image/jpeg", 5_000_001, False),
        ({"from_number": "+14155550199"}, "+14155550123", "image/bmp", 500_000, True),
        ({"from_number": "+14155550199"}, "+14155550123", "image/bmp", 500_001, False),
        ({"from_number": "+14155550199"}, "+14155550123", "application/zip", 1, False),
        ({"from_number": "+14155550199"}, "+34600123456", "image/jpeg", 1, False),
        ({"from_number": "+34911234567"}, "+14155550123", "image/jpeg", 1, False),
        ({"messaging_service_sid": "MG" + "a" * 32}, "+14155550123", "video/mp4", None, True),
    ],
)
def test_files_go_by_mms_where_there_is_mms(
    config: dict[str, str], address: str, kind: str, size: int | None, taken: bool
) -> None:
    number = {name: value for name, value in CONFIG.items() if name != "from_number"}
    shows = TwilioSms({**number, **config}).shows(address)
    assert shows.takes_file(Media("https://example.org/file", kind, size=size)) is taken


def test_both_tokens_are_secret() -> None:
    both = TwilioSms({**CONFIG, "auth_token_secondary": "second"})
    assert next(both.send(outbound())).secrets == (TOKEN, "second")


def test_sends_composed_characters() -> None:
    request = next(adapter.send(outbound("cafe\u0301")))
    assert dict(request.data or [])["Body"] == "café"


def test_1600_characters_are_the_most() -> None:
    next(adapter.send(outbound("x" * 1600)))
    with pytest.raises(TooLong):
        next(adapter.send(outbound("x" * 1601)))


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, 20003, BadCredentials),
        (403, 20403, BadCredentials),
        (404, 20404, BadCredentials),
        (429, 20429, Throttled),
        (500, 20500, Ambiguous),
        (503, 20503, Unreachable),
        (400, 14107, Throttled),
        (400, 21211, Rejected),
        (400, 21212, BadCredentials),
        (400, 21408, NotCapable),
        (400, 21602, Rejected),
        (400, 21606, BadCredentials),
        (400, 21608, Rejected),
        (400, 21610, OptedOut),
        (400, 21611, Throttled),
        (400, 21612, NotCapable),
        (400, 21614, NotCapable),
        (400, 21617, TooLong),
        (400, 21703, BadCredentials),
        (400, 30002, BadCredentials),
        (400, 63016, WindowClosed),
        (400, 63018, Throttled),
        (400, 63033, OptedOut),
        (400, 63036, NotCapable),
        (400, 21999, Rejected),
        (400, 30999, Unreachable),
        (400, 63999, NotCapable),
        (400, 99999, Rejected),
        (400, None, Rejected),
        (400, "x", Rejected),
        (404, 0, Rejected),
        (401, 0, BadCredentials),
        (408, None, Ambiguous),
        (100, None, Ambiguous),
    ],
)
def test_error_codes(status: int, code: Any, error: type[SendError]) -> None:
    raised = refusal(answer(status, {"code": code, "message": "Said so", "status": status}))
    assert type(raised) is error
    if status < 408 and status >= 400:
        assert raised.text == "Said so"
        assert raised.code == str(code if code and code != "x" else status)


def test_every_known_code_has_words() -> None:
    assert all(known.text for known in TABLE.values())
    assert meaning(21610).error is OptedOut


def test_an_answer_that_cannot_be_stored_is_still_an_error() -> None:
    raised = refusal(answer(400, {"code": 21211, "message": "a\0b\ud800" + "c" * 9000}))
    assert raised.text.startswith("ab?c")
    assert len(raised.text) == 500


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("7", 7, 7),
        ("0", 0, 0),
        (format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True), 80_000, 86_401),
        (format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True), 0, 0),
        ("soon", None, None),
        ("-5", None, None),
        ("", None, None),
    ],
)
def test_retry_after(header: str, low: float | None, high: float | None) -> None:
    raised = refusal(answer(429, {"code": 20429}, retry_after=header))
    if low is None or high is None:
        assert raised.retry_after is None
    else:
        assert raised.retry_after is not None
        assert low <= raised.retry_after <= high


# --- Finding an unclear attempt -----------------------------------------------------------------


def listed(sid: str, seconds: float, **fields: Any) -> dict[str, Any]:
    """A message of the list, created so many seconds after the attempt."""
    return {
        "sid": sid,
        "body": "¡Hola! 50 €",
        "to": TO,
        "from": NUMBER,
        "direction": "outbound-api",
        "date_created": format_datetime(NOW + timedelta(seconds=seconds)),
    } | fields


def page(*entries: dict[str, Any], following: str | None = None) -> Response:
    return answer(200, {"messages": list(entries), "next_page_uri": following})


def find(*answers: Response, **content: Any) -> tuple[Any, list[Request]]:
    return drive(adapter.find(outbound(**content), NOW), *answers)


def test_finds_the_message() -> None:
    found, [request] = find(page(listed("SM9", 3600, body="later"), listed("SM2", 1)))
    assert found == Found("SM2")
    assert request.method == "GET"
    assert request.params == [("To", TO), ("PageSize", "50")]


@pytest.mark.parametrize(
    "entry",
    [
        listed("SM2", 1, body="Another text"),
        listed("SM2", 1, direction="inbound"),
        listed("SM2", 1, **{"from": "+14155550199"}),
        listed("SM2", -3600),
        listed("SM1", 1),
    ],
)
def test_what_is_not_ours_is_not_found(entry: dict[str, Any]) -> None:
    found, _requests = find(page(entry), known_external_ids=["SM1"])
    assert found == Found(None)


def test_looks_on_through_the_pages_until_the_attempt() -> None:
    following = f"{ACCOUNT}/Messages.json?To=%2B34600123456&PageSize=50&Page=1&PageToken=PASM1"
    found, requests = find(
        page(listed("SM3", 9, body="x"), following=following), page(listed("SM2", 1))
    )
    assert found == Found("SM2")
    assert requests[1].url == f"http://127.0.0.1:9/twilio{following}"
    found, requests = find(page(listed("SM3", -99, body="x"), following=following))
    assert found == Found(None)


@pytest.mark.parametrize(
    "following",
    ["https://evil.example/x", "@evil.example/x", "/2010-04-01/Accounts/ACother/Messages.json", 5],
)
def test_never_follows_a_page_elsewhere(following: Any) -> None:
    found, _requests = find(page(listed("SM3", 9, body="x"), following=following))
    assert found == Found(None)


def test_a_list_without_end_is_no_answer() -> None:
    endless = page(listed("SM3", 9, body="x"), following=f"{ACCOUNT}/Messages.json?Page=1")
    with pytest.raises(Ambiguous):
        find(*[endless] * 30)


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (answer(500, {}), Unreachable),
        (answer(429, {}), Throttled),
        (answer(401, {"code": 20003}), BadCredentials),
        (answer(200, {}), Unreachable),
        (answer(200, {"messages": {}}), Unreachable),
        (answer(200, []), Unreachable),
        (answer(200, b"<html>"), Unreachable),
    ],
)
def test_no_answer_is_not_nothing_found(response: Response, error: type[SendError]) -> None:
    with pytest.raises(error):
        find(response)


# --- Checking credentials -----------------------------------------------------------------------

ACTIVE = answer(200, {"friendly_name": "Acme", "status": "active"})


def test_check_asks_for_the_account_and_the_number() -> None:
    owned = answer(200, {"incoming_phone_numbers": [{"phone_number": NUMBER}]})
    checked, requests = drive(adapter.check(), ACTIVE, owned)
    assert checked == Checked("Acme, active")
    assert [request.url.removeprefix("http://127.0.0.1:9/twilio") for request in requests] == [
        f"{ACCOUNT}.json",
        f"{ACCOUNT}/IncomingPhoneNumbers.json",
    ]
    assert requests[1].params == [("PhoneNumber", NUMBER)]


def test_check_of_a_service_asks_for_the_account() -> None:
    checked, requests = drive(TwilioSms(SERVICE).check(), ACTIVE)
    assert checked == Checked("Acme, active")
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([answer(401, {"code": 20003, "message": "Authenticate"})], "Authenticate"),
        ([answer(404, {"code": 20404, "message": "Not found"})], "Not found"),
        ([answer(200, {"friendly_name": "Acme", "status": "suspended"})], "Acme: suspended"),
        ([ACTIVE, answer(200, {"incoming_phone_numbers": []})], "does not belong"),
    ],
)
def test_check_says_what_is_wrong(answers: list[Response], words: str) -> None:
    with pytest.raises(BadCredentials, match=words):
        drive(adapter.check(), *answers)


# --- Configuration ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        ({"from_number": NUMBER}, set()),
        ({"messaging_service_sid": "MG" + "0" * 32}, set()),
        ({}, {"from_number"}),
        ({"from_number": "", "messaging_service_sid": ""}, {"from_number"}),
        (
            {"from_number": NUMBER, "messaging_service_sid": "MG" + "0" * 32},
            {"messaging_service_sid"},
        ),
    ],
)
def test_a_number_or_a_service(config: dict[str, str], fields: set[str]) -> None:
    assert set(TwilioSms.check_config(config)) == fields


def test_channel_address() -> None:
    assert TwilioSms.channel_address(CONFIG) == NUMBER
    assert TwilioSms.channel_address(SERVICE) == "MG" + "0" * 32


def test_segments_of_the_bucket() -> None:
    assert [adapter.segments(text) for text in ("", "a", "á" * 71)] == [1, 1, 2]
