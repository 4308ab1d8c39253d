"""One suite over every registered adapter: what the engine relies on, whatever the provider."""

import contextlib
import json
import uuid
from collections.abc import Generator
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from gateway.contract import Found, Request, Response, Signal, WebhookRequest
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    BadSignature,
    Malformed,
    SendError,
    Throttled,
    TooLong,
    Unreachable,
)
from gateway.events import InboundMessage, OutboundMessage, StatusUpdate, UnknownEvent
from gateway.redaction import request_summary, response_summary, url_summary
from gateway.registry import adapters
from gateway.states import REPORTABLE, State, after_report
from tests.payloads.exhibit import Exhibit
from tests.payloads.exhibits import exhibit

STATUS_URL = "https://inbox.example.org/webhooks/x/?delivery=0d7b3c1a-aaaa-4bbb-8ccc-ddddeeeeffff"
TEXT = "Guten Tag, Ihr Code ist 4711"


@pytest.fixture(params=list(adapters()))
def shown(request: pytest.FixtureRequest) -> Exhibit:
    """The exhibit of each registered kind."""
    return exhibit(request.param)


def outbound(shown: Exhibit, text: str = TEXT) -> OutboundMessage:
    return OutboundMessage(str(uuid.uuid4()), shown.recipient, text, STATUS_URL, {"text": text})


def enter(shown: Exhibit, request: WebhookRequest) -> str:
    """What the door does before it stores a request."""
    shown.adapter.verify(request)
    return shown.adapter.shard_key(request)


def drive(
    steps: Generator[Request, Response, Any], *responses: Response
) -> tuple[Any, list[Request]]:
    """Answer an adapter's requests in turn (the last answer again and again)."""
    answers, requests = list(responses), [next(steps)]
    try:
        while True:
            requests.append(steps.send(answers.pop(0) if len(answers) > 1 else answers[0]))
    except StopIteration as done:
        return done.value, requests


def test_declares_what_it_is(shown: Exhibit) -> None:
    adapter = shown.adapter
    assert adapter.kind == adapter.kind.lower()
    assert adapter.provider_url.startswith("https://")
    assert adapter.capabilities.max_text > 0
    assert len({field.name for field in adapter.fields}) == len(adapter.fields)
    assert adapter.check_config(adapter.config) == {}
    assert adapter.channel_address(adapter.config)


# --- The way in ---------------------------------------------------------------------------------


def test_takes_a_signed_request(shown: Exhibit) -> None:
    for request in (shown.inbound, *shown.statuses, shown.unknown):
        shown.adapter.verify(request)
        assert isinstance(shown.adapter.shard_key(request), str)
        assert 200 <= shown.adapter.acknowledge(request).status < 300


def test_refuses_no_signature(shown: Exhibit) -> None:
    plain = {"content-type": shown.inbound.headers["content-type"]}
    bare = shown.inbound.url.partition("?")[0]
    with pytest.raises(BadSignature):
        shown.adapter.verify(replace(shown.inbound, url=bare, headers=plain))


def test_refuses_a_wrong_signature(shown: Exhibit) -> None:
    wrong = {
        name: value if name == "content-type" else "x"
        for name, value in shown.inbound.headers.items()
    }
    query = parse_qsl(urlsplit(shown.inbound.url).query)
    url = shown.inbound.url.partition("?")[0] + "?" + urlencode({name: "x" for name, _ in query})
    with pytest.raises(BadSignature):
        shown.adapter.verify(replace(shown.inbound, url=url, headers=wrong))


@pytest.mark.parametrize("value", ["", "\udcff", "ñ" * 71, "=" * 10_000])
def test_refuses_what_cannot_be_a_signature(shown: Exhibit, value: str) -> None:
    wrong = {
        name: found if name == "content-type" else value
        for name, found in shown.inbound.headers.items()
    }
    with pytest.raises(BadSignature):
        shown.adapter.verify(replace(shown.inbound, url=bare(shown), headers=wrong))


def bare(shown: Exhibit) -> str:
    """Where it was posted, without a signature in the query."""
    return shown.inbound.url.partition("?")[0]


def test_refuses_a_changed_body(shown: Exhibit) -> None:
    if not shown.signs_body:
        pytest.skip("The provider repeats a secret and signs nothing.")
    with pytest.raises(BadSignature):
        shown.adapter.verify(replace(shown.inbound, body=shown.inbound.body + b"&Body=more"))


def test_refuses_another_channels_secret(shown: Exhibit) -> None:
    secrets = {field.name for field in shown.adapter.fields if field.secret}
    config = {
        name: "another" if name in secrets else value
        for name, value in shown.adapter.config.items()
    }
    with pytest.raises(BadSignature):
        type(shown.adapter)(config).verify(shown.inbound)


def test_refuses_everything_without_a_secret(shown: Exhibit) -> None:
    secrets = {field.name for field in shown.adapter.fields if field.secret}
    config = {
        name: "" if name in secrets else value for name, value in shown.adapter.config.items()
    }
    with pytest.raises(BadSignature):
        type(shown.adapter)(config).verify(shown.sign(shown.inbound))


def test_garbage_is_malformed_when_signed_and_refused_when_not(shown: Exhibit) -> None:
    for request in shown.garbage:
        with pytest.raises(BadSignature):
            shown.adapter.verify(request)
        with pytest.raises(Malformed):
            enter(shown, shown.sign(request))


# About as much as the door lets in, and far deeper than anything is read.
DEEP = {
    "lists": b"[" * 400_000,
    "objects": b'{"a":' * 150_000 + b"1" + b"}" * 150_000,
    "within": b'{"object":' + b"[" * 400_000 + b"]" * 400_000 + b"}",
    "elements": b"<xml>" + b"<a>" * 200_000,
}


@pytest.mark.parametrize("how", DEEP)
def test_what_is_nested_without_an_end_is_no_more_than_garbage(shown: Exhibit, how: str) -> None:
    deep = replace(shown.inbound, body=DEEP[how])
    with contextlib.suppress(BadSignature):
        shown.adapter.verify(deep)
    try:
        signed = shown.sign(deep)
    except (ValueError, RecursionError):
        pytest.skip("What the provider signs is within an envelope.")
    with contextlib.suppress(Malformed, BadSignature):
        enter(shown, signed)
        shown.adapter.parse(signed)


def test_a_repeat_gives_the_same_ids(shown: Exhibit) -> None:
    first, again = shown.adapter.parse(shown.inbound), shown.adapter.parse(shown.inbound)
    assert list(first) == list(again)
    messages = [event for event in first if isinstance(event, InboundMessage)]
    assert [message.external_id for message in messages] == list(shown.inbound_ids)
    assert all(message.sender for message in messages)


def test_statuses_in_any_order_end_the_same(shown: Exhibit) -> None:
    if not shown.statuses:
        pytest.skip("This provider reports on no message.")
    events = [event for request in shown.statuses for event in shown.adapter.parse(request)]
    reports = [event for event in events if isinstance(event, StatusUpdate)]
    if not shown.statuses:
        pytest.skip("Its provider reports on no message.")
    assert len(reports) == len(events) >= len(shown.statuses)
    assert all(event.state in REPORTABLE for event in reports)
    assert len({event.external_id for event in reports}) == 1
    for order in (reports, reports[::-1], reports + reports):
        state = State.SENDING
        for event in order:
            state = after_report(state, event.state)
        assert state == reports[-1].state


def test_messages_and_statuses_of_a_person_keep_one_order(shown: Exhibit) -> None:
    keys = {shown.adapter.shard_key(request) for request in (shown.inbound, *shown.statuses)}
    assert len(keys) == 1


def test_an_unknown_kind_is_kept_as_such(shown: Exhibit) -> None:
    events = shown.adapter.parse(shown.unknown)
    assert len(events) == 1
    assert isinstance(events[0], UnknownEvent)
    assert events[0].kind


# --- The way out --------------------------------------------------------------------------------


def test_sends(shown: Exhibit) -> None:
    message = outbound(shown)
    sent, requests = drive(shown.adapter.send(message), shown.accepted)
    assert sent.external_id == (shown.accepted_id or message.uid)
    for request in requests:
        assert request.url.startswith(shown.adapter.provider_url)


def test_talks_to_the_look_alike_and_nobody_else(shown: Exhibit) -> None:
    there = type(shown.adapter)(shown.adapter.config, base_url="http://127.0.0.1:9/look")
    for steps in (there.send(outbound(shown)), there.check()):
        assert next(steps).url.startswith("http://127.0.0.1:9/look/")


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (Response(429, {}, b"{}"), Throttled),
        (Response(429, {}, b"<html>slow down"), Throttled),
        (Response(500, {}, b"{}"), Ambiguous),
        (Response(502, {}, b"<html>Bad gateway"), Ambiguous),
        (Response(504, {}, b""), Ambiguous),
        (Response(503, {}, b""), Unreachable),
        (Response(401, {}, b"{}"), BadCredentials),
        (Response(403, {}, b"no json"), BadCredentials),
        (Response(302, {"location": "https://elsewhere.example"}, b""), Ambiguous),
        (Response(200, {}, b"<html>All is well"), Ambiguous),
        (Response(201, {}, b"{}"), Ambiguous),
        (Response(201, {}, b"[]"), Ambiguous),
        (Response(201, {}, b""), Ambiguous),
        (Response(201, {}, b"\xff" * 10), Ambiguous),
        (Response(201, {}, b"[" * 100_000), Ambiguous),
    ],
)
def test_an_unsuccessful_answer_has_a_class(
    shown: Exhibit, response: Response, error: type[SendError]
) -> None:
    with pytest.raises(error) as raised:
        drive(shown.adapter.send(outbound(shown)), response)
    assert type(raised.value) is error
    assert raised.value.text


def test_honours_retry_after(shown: Exhibit) -> None:
    with pytest.raises(Throttled) as raised:
        drive(shown.adapter.send(outbound(shown)), Response(429, {"retry-after": "7"}, b"{}"))
    assert raised.value.retry_after == 7


def test_too_long_is_said_before_anything_is_sent(shown: Exhibit) -> None:
    with pytest.raises(TooLong):
        next(shown.adapter.send(outbound(shown, "x" * (shown.adapter.capabilities.max_text + 1))))


def test_a_question_never_ends_ambiguous(shown: Exhibit) -> None:
    """Asking changes nothing, so a failed question can simply be asked again."""
    for response in (Response(500, {}, b""), Response(200, {}, b"<html>"), Response(302, {}, b"")):
        with pytest.raises(Unreachable):
            drive(shown.adapter.check(), response)


def test_only_who_says_so_can_be_asked(shown: Exhibit) -> None:
    message, when = outbound(shown), shown.inbound.received_at
    if not shown.adapter.capabilities.can_find:
        with pytest.raises(TypeError):
            shown.adapter.find(message, when)
        return
    assert next(shown.adapter.find(message, when)).method == "GET"
    assert Found(None) != Found("x")


@pytest.mark.parametrize("signal", list(Signal))
def test_only_signals_that_are_declared_can_be_shown(shown: Exhibit, signal: Signal) -> None:
    uid = str(uuid.uuid4())
    names = signal is Signal.READ or shown.adapter.capabilities.typing_about
    about = shown.inbound_ids[0] if names else ""
    if signal not in shown.adapter.capabilities.signals:
        with pytest.raises(TypeError):
            next(shown.adapter.signal(signal, shown.recipient, uid=uid, about=about))
        return
    steps = shown.adapter.signal(signal, shown.recipient, uid=uid, about=about)
    assert drive(steps, Response(200, {}, b"{}"))[0] is None
    there = type(shown.adapter)(shown.adapter.config, base_url="http://127.0.0.1:9/look")
    request = next(there.signal(signal, shown.recipient, uid=uid, about=about))
    assert request.url.startswith("http://127.0.0.1:9/look/")
    if shown.names_what_was_read:
        assert about in f"{request.url} {request.params} {request.data} {request.json}"


@pytest.mark.parametrize("signal", list(Signal))
@pytest.mark.parametrize(
    ("response", "error"),
    [
        (Response(429, {"retry-after": "7"}, b"{}"), Throttled),
        (Response(500, {}, b"{}"), Unreachable),
        (Response(503, {}, b"<html>"), Unreachable),
        (Response(302, {"location": "https://elsewhere.example"}, b""), Unreachable),
        (Response(401, {}, b"{}"), BadCredentials),
    ],
)
def test_a_signal_that_failed_has_a_class_and_is_never_ambiguous(
    shown: Exhibit, signal: Signal, response: Response, error: type[SendError]
) -> None:
    if signal not in shown.adapter.capabilities.signals:
        pytest.skip("It shows no such signal.")
    steps = shown.adapter.signal(signal, shown.recipient, uid=str(uuid.uuid4()), about="x")
    with pytest.raises(error):
        drive(steps, response)


def test_secrets_and_texts_stay_out_of_the_log(shown: Exhibit) -> None:
    adapter = shown.adapter
    secrets = [
        adapter.config[field.name]
        for field in adapter.fields
        if field.secret and adapter.config.get(field.name)
    ]
    echo = Response(400, {}, json.dumps({"message": " ".join(secrets)}).encode())
    steps = [adapter.send(outbound(shown)), adapter.check()]
    if adapter.capabilities.can_find:
        steps.append(adapter.find(outbound(shown), shown.inbound.received_at))
    steps += [
        adapter.signal(signal, shown.recipient, uid=str(uuid.uuid4()), about="x")
        for signal in adapter.capabilities.signals
    ]
    for request in map(next, steps):
        logged = request_summary(request) + url_summary(request) + response_summary(request, echo)
        assert not any(secret in logged for secret in secrets)
        assert TEXT not in logged
        shown_parts = {
            name: part
            for name, part in asdict(request).items()
            if name not in {"auth", "secrets", "headers", shown.secret_in}
        }
        assert not any(secret in str(shown_parts) for secret in secrets)


# --- Files --------------------------------------------------------------------------------------


def test_a_strange_host_gets_no_credentials(shown: Exhibit) -> None:
    base = shown.adapter.base_url
    for url in ("https://evil.example/a", f"{base}.evil.example/a", f"{base}@evil.example/a"):
        request = shown.adapter.media_request(url)
        assert (request.method, request.url) == ("GET", url)
        assert request.auth is None
        assert not request.headers
