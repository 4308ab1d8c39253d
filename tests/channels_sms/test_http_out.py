"""What is asked of a provider without an adapter, and what its answers mean."""

import json
from collections.abc import Generator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from yarl import URL as Url

from channels_sms.http_answers import Reading
from channels_sms.http_sms import HttpSms
from gateway import guard
from gateway.contract import Checked, Request, Response, Sent
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
)
from gateway.events import OutboundMessage
from gateway.redaction import request_summary, response_summary, url_summary
from tests.payloads.http.exhibit import (
    DELIVERY,
    HOME,
    JSON_CONFIG,
    NUMBER,
    PLAIN_CONFIG,
    SECRET,
    SENT_ID,
    STATUS_URL,
)

TO = "+34600123456"
FORM_CONFIG = PLAIN_CONFIG | {
    "send_url": f"{HOME}/sms?v=2",
    "method": "PUT",
    "body_type": "form",
    "body": "to={{to_digits}}\n text = {{text}} \nref={{id}}\nempty=",
    "basic_user": "acme",
    "signature": "header",
}
adapter = HttpSms(JSON_CONFIG)


def outbound(text: str = "¡Hola! 50 €", to: str = TO) -> OutboundMessage:
    return OutboundMessage(DELIVERY, to, text, STATUS_URL, {"text": text})


def answer(status: int, body: Any = None, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def drive(steps: Generator[Request, Response, Any], response: Response) -> Any:
    next(steps)
    with pytest.raises(StopIteration) as done:
        steps.send(response)
    return done.value.value


def refusal(response: Response, **config: str) -> SendError:
    steps = HttpSms(JSON_CONFIG | config).send(outbound())
    next(steps)
    with pytest.raises(SendError) as raised:
        steps.send(response)
    return raised.value


# --- Requests -----------------------------------------------------------------------------------


def test_sends_json() -> None:
    request = next(adapter.send(outbound('say "hi", {{key}} \\ ')))
    assert (request.method, request.url, request.params) == ("POST", f"{HOME}/v1/messages", [])
    assert request.json == {
        "to": TO,
        "from": NUMBER,
        "content": {"type": "text", "body": 'say "hi", {{key}} \\ '},
        "reference": DELIVERY,
        "callback": STATUS_URL,
        "flash": False,
    }
    assert request.headers == {
        "Authorization": "Bearer bearer-0123456789",
        "Idempotency-Key": DELIVERY,
    }
    assert request.data is None
    assert request.auth is None
    assert request.private == {"body"}


def test_sends_in_the_address() -> None:
    request = next(HttpSms(PLAIN_CONFIG).send(outbound("a&b=c#d")))
    assert (request.method, request.url) == ("GET", f"{HOME}/send/34600123456")
    assert request.params == [
        ("user", "acme"),
        ("pass", "p&ss w=rd/1"),
        ("msg", "a&b=c#d"),
        ("from", NUMBER),
        ("dlr", f"{STATUS_URL}&token={SECRET}"),
    ]
    assert request.json is request.data is None


def test_sends_a_form_with_basic() -> None:
    request = next(HttpSms(FORM_CONFIG).send(outbound()))
    assert (request.method, request.url, request.params) == ("PUT", f"{HOME}/sms", [("v", "2")])
    assert request.data == [
        ("to", "34600123456"),
        ("text", "¡Hola! 50 €"),
        ("ref", DELIVERY),
        ("empty", ""),
    ]
    assert request.auth == ("acme", "p&ss w=rd/1")


def test_the_look_alike_takes_everything() -> None:
    there = HttpSms(PLAIN_CONFIG, base_url="http://127.0.0.1:9/http")
    assert next(there.send(outbound())).url == "http://127.0.0.1:9/http/send/34600123456"
    typed = HttpSms(
        PLAIN_CONFIG | {"send_url": "http://127.0.0.1:9/http/x?text={{text}}"},
        base_url="http://127.0.0.1:9/http",
    )
    assert next(typed.send(outbound())).url == "http://127.0.0.1:9/http/x"


@pytest.mark.parametrize("to", [".", ".."])
def test_a_recipient_cannot_change_the_path(to: str) -> None:
    config = PLAIN_CONFIG | {"send_url": f"{HOME}/a/{{{{to}}}}/b?text={{{{text}}}}"}
    with pytest.raises(Rejected):
        next(HttpSms(config).send(outbound(to=to)))
    request = next(HttpSms(config).send(outbound(to="../x?y#z%2F")))
    assert request.url == f"{HOME}/a/..%2Fx%3Fy%23z%252F/b"
    assert guard.check_url(request.url).raw_path == "/a/..%2Fx%3Fy%23z%252F/b"


def test_the_limit_is_the_channels() -> None:
    assert adapter.capabilities.max_text == 1000
    assert HttpSms.capabilities.max_text == HttpSms(PLAIN_CONFIG).capabilities.max_text == 1600
    next(adapter.send(outbound("x" * 1000)))
    with pytest.raises(TooLong):
        next(adapter.send(outbound("x" * 1001)))
    assert adapter.shows(TO).text == 1000


def test_a_repeat_is_safe_where_the_channel_says_so() -> None:
    assert not adapter.capabilities.idempotent_send
    assert HttpSms(JSON_CONFIG | {"idempotent": "yes"}).capabilities.idempotent_send


def test_segments() -> None:
    assert [adapter.segments(text) for text in ("", "a" * 160, "a" * 161, "ñ" * 71)] == [1, 1, 2, 1]
    assert adapter.segments("á" * 71) == 2


# --- Answers ------------------------------------------------------------------------------------


def test_the_id_of_the_answer_or_our_own() -> None:
    accepted = answer(202, {"messages": [{"id": SENT_ID}]})
    assert drive(adapter.send(outbound()), accepted) == Sent(SENT_ID)
    number = answer(200, {"messages": [{"id": 12345678901234567890}]})
    assert drive(adapter.send(outbound()), number) == Sent("12345678901234567890")
    plain = HttpSms(PLAIN_CONFIG)
    assert drive(plain.send(outbound()), answer(200, b"OK")) == Sent(DELIVERY)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, None, Rejected),
        (400, 1610, OptedOut),
        (400, "1401", TooLong),
        (400, "nobody knows", Rejected),
        (402, None, BadCredentials),
        (402, 1610, OptedOut),
        (401, None, BadCredentials),
        (403, None, BadCredentials),
        (404, None, Rejected),
        (408, None, Ambiguous),
        (409, None, Rejected),
        (429, None, Throttled),
        (500, None, Ambiguous),
        (500, 1610, OptedOut),
        (503, None, Unreachable),
        (302, None, Ambiguous),
        # Some providers answer 200 to everything.
        (200, 1610, OptedOut),
        (200, 7, Ambiguous),
    ],
)
def test_what_errors_mean(status: int, code: Any, error: type[SendError]) -> None:
    raised = refusal(answer(status, {"error": {"code": code, "message": "Said so"}}))
    assert type(raised) is error
    assert raised.text
    if status != 200:
        assert raised.text == "Said so"
        assert raised.code == str(code or status)


def test_codes_that_are_statuses() -> None:
    codes = "409 = unreachable\n5 = not_capable"
    assert type(refusal(answer(409, {}), error_codes=codes)) is Unreachable
    assert type(refusal(answer(400, {"error": {"code": 5}}), error_codes=codes)) is NotCapable


def test_which_statuses_mean_accepted() -> None:
    sent = answer(201, {"messages": [{"id": "1"}]})
    assert type(refusal(sent, accepted="200, 202")) is Ambiguous
    both = HttpSms(JSON_CONFIG | {"accepted": "200 201"})
    assert drive(both.send(outbound()), sent) == Sent("1")


def test_throttled_says_how_long() -> None:
    assert refusal(answer(429, {}, retry_after="30")).retry_after == 30


@pytest.mark.parametrize(
    "body", [{}, [], "x", {"messages": []}, {"messages": [{"id": ""}]}, {"messages": [{"id": {}}]}]
)
def test_a_success_without_its_id_is_unclear(body: Any) -> None:
    assert type(refusal(answer(200, body))) is Ambiguous
    assert type(refusal(answer(200, {"messages": [{"id": "x" * 256}]}))) is Ambiguous
    assert type(refusal(answer(200, {"messages": [{"id": "a\nb"}]}))) is Ambiguous


def test_words_can_be_stored_and_show_no_secret() -> None:
    said = f"bad\0 key bearer-0123456789 {SECRET}" + "x" * 900
    raised = refusal(answer(400, {"error": {"message": said}}))
    assert raised.text.startswith("bad key ••• •••xxx")
    assert len(raised.text) == 500


def test_reading_without_settings() -> None:
    assert Reading().message_id(answer(204, b""), "own") == "own"


# --- Check --------------------------------------------------------------------------------------


def test_checks_at_the_named_address() -> None:
    request = next(adapter.check())
    assert (request.method, request.url) == ("GET", f"{HOME}/v1/account")
    # What needs a message cannot be filled.
    assert request.headers == {"Authorization": "Bearer bearer-0123456789"}
    assert drive(adapter.check(), answer(200, {"account": {"name": "Acme"}})) == Checked(
        "account.name: Acme"
    )
    plain = HttpSms(JSON_CONFIG | {"check_path": ""})
    assert drive(plain.check(), answer(204, b"")) == Checked("HTTP 204")


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, BadCredentials), (404, Rejected), (429, Throttled), (500, Unreachable)],
)
def test_what_a_refused_check_means(status: int, error: type[SendError]) -> None:
    steps = adapter.check()
    next(steps)
    with pytest.raises(error) as raised:
        steps.send(answer(status, {}))
    assert type(raised.value) is error


def test_without_an_address_nothing_is_tried() -> None:
    steps = HttpSms(PLAIN_CONFIG).check()
    with pytest.raises(StopIteration) as done:
        next(steps)
    assert done.value.value.tried is False
    assert "not tried" in done.value.value.summary


# --- The log ------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [JSON_CONFIG, PLAIN_CONFIG, FORM_CONFIG])
def test_neither_key_nor_text_reach_the_log(config: dict[str, str]) -> None:
    config = config | {"key": "p&ss w=rd/1", "headers": "X-Key: {{key}}\nX-Token: token-0123456"}
    text = 'Private "words"\nof a customer & more'
    request = next(HttpSms(config).send(outbound(text)))
    echo = answer(400, {"your": {"request": [text, config["key"], "token-0123456", SECRET]}})
    logged = request_summary(request) + url_summary(request) + response_summary(request, echo)
    for hidden in ("Private", "p&ss", "p%26ss", "token-0123456", SECRET):
        assert hidden not in logged
    assert "34600123456" in logged


def test_a_key_in_the_path_is_hidden() -> None:
    config = PLAIN_CONFIG | {"send_url": f"{HOME}/{{{{key}}}}/send?to={{{{to}}}}&text={{{{text}}}}"}
    request = next(HttpSms(config).send(outbound()))
    assert request.url == f"{HOME}/p%26ss%20w%3Drd%2F1/send"
    assert url_summary(request).startswith(f"{HOME}/•••/send?to=")


def test_the_query_leaves_as_it_was_filled() -> None:
    request = next(HttpSms(PLAIN_CONFIG).send(outbound("1+1=2 & ñ#%41;{{to}}")))
    sent = str(Url(request.url).extend_query(list(request.params)))
    assert parse_qsl(urlsplit(sent).query) == list(request.params)
