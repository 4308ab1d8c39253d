"""What is asked of Google for an RCS agent, and what its answers mean."""

import json
import uuid
from collections.abc import Generator
from datetime import datetime, timedelta, timezone
from typing import Any

import jwt
import pytest

from channels_sms import rbm_account
from channels_sms.google_rcs import GoogleRcs
from channels_sms.rbm_account import InvalidKeyFile, read_key_file, read_token
from gateway.content.model import Calendar, Card, Content, Media, OpenUrl, Reply, ShowLocation
from gateway.content.reading import write
from gateway.contract import (
    Reach,
    Reached,
    Request,
    Response,
    Revoked,
    Sent,
    Signal,
    Token,
)
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    NotCapable,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
)
from gateway.events import OutboundMessage
from tests.payloads.google_rcs.exhibit import AGENT, CUSTOMER, EMAIL, config, key_file, private_key

adapter = GoogleRcs(config())
GOOGLE = "https://rcsbusinessmessaging.googleapis.com"
UID = str(uuid.uuid4())
PICTURE = Media("https://example.org/a.jpg", "image/jpeg", "a.jpg")


def outbound(content: Content | str = "Hi", **more: Any) -> OutboundMessage:
    found = Content(text=content) if isinstance(content, str) else content
    return OutboundMessage(
        UID, CUSTOMER, found.text, "https://x/", write(found), found.media, **more
    )


def answer(status: int, body: Any = None) -> Response:
    return Response(status, {}, json.dumps({} if body is None else body).encode())


def problem(status: int, word: str) -> Response:
    return answer(status, {"error": {"code": status, "message": "Said.", "status": word}})


ACCEPTED = answer(200, {"name": f"phones/{CUSTOMER}/agentMessages/{UID}"})


def drive(
    steps: Generator[Request, Response, Any], *answers: Response
) -> tuple[Any, list[Request]]:
    requests = [next(steps)]
    for response in answers:
        try:
            requests.append(steps.send(response))
        except StopIteration as done:
            return done.value, requests
    raise AssertionError("It wants another answer.")


def sent_body(message: OutboundMessage) -> Any:
    _sent, [request] = drive(adapter.send(message), ACCEPTED)
    return request.json


# --- Sending --------------------------------------------------------------------------------------


def test_sends_a_text() -> None:
    sent, [request] = drive(adapter.send(outbound("¡Hola!")), ACCEPTED)
    assert sent == Sent(UID)
    assert (request.method, request.url) == ("POST", f"{GOOGLE}/v1/phones/{CUSTOMER}/agentMessages")
    assert request.params == [("messageId", UID), ("agentId", AGENT)]
    assert request.json == {
        "contentMessage": {"text": "¡Hola!"},
        "messageTrafficType": "TRANSACTION",
    }
    assert request.grant is not None


def test_says_what_it_is_for_and_how_long_it_holds() -> None:
    body = sent_body(outbound(marketing=True, lifetime_s=90))
    assert (body["messageTrafficType"], body["ttl"]) == ("PROMOTION", "90s")


@pytest.mark.parametrize(
    ("region", "host"),
    [("", GOOGLE), ("global", GOOGLE), ("us", "https://us-rcsbusinessmessaging.googleapis.com")],
)
def test_a_region_has_a_host_of_its_own(region: str, host: str) -> None:
    steps = GoogleRcs(config(region=region), base_url=GOOGLE).send(outbound())
    assert next(steps).url.startswith(f"{host}/v1/")
    there = GoogleRcs(config(region=region), base_url="http://127.0.0.1:9/google_rcs")
    assert next(there.send(outbound())).url.startswith("http://127.0.0.1:9/google_rcs/v1/")


def test_cards_and_their_chips() -> None:
    rome = timezone(timedelta(hours=2))
    card = Card(
        "Title",
        "Words",
        PICTURE,
        (
            Reply("Yes", "payload"),
            OpenUrl("Open", "https://example.org/"),
            ShowLocation("Where", 1.5, -2.0, "Shop"),
            Calendar(
                "Note",
                "Fitting",
                datetime(2026, 5, 1, 18, tzinfo=rome),
                datetime(2026, 5, 1, 19, tzinfo=rome),
            ),
        ),
    )
    shown = {
        "title": "Title",
        "description": "Words",
        "media": {
            "height": "MEDIUM",
            "contentInfo": {"fileUrl": PICTURE.url, "forceRefresh": False},
        },
        "suggestions": [
            {"reply": {"text": "Yes", "postbackData": "payload"}},
            {
                "action": {
                    "text": "Open",
                    "postbackData": "Open",
                    "openUrlAction": {"url": "https://example.org/"},
                }
            },
            {
                "action": {
                    "text": "Where",
                    "postbackData": "Where",
                    "viewLocationAction": {
                        "latLong": {"latitude": 1.5, "longitude": -2.0},
                        "label": "Shop",
                    },
                }
            },
            {
                "action": {
                    "text": "Note",
                    "postbackData": "Note",
                    "createCalendarEventAction": {
                        "startTime": "2026-05-01T16:00:00Z",
                        "endTime": "2026-05-01T17:00:00Z",
                        "title": "Fitting",
                        "description": "",
                    },
                }
            },
        ],
    }
    alone = sent_body(outbound(Content(cards=(card,))))["contentMessage"]
    assert alone == {
        "richCard": {"standaloneCard": {"cardOrientation": "VERTICAL", "cardContent": shown}}
    }
    pair = sent_body(outbound(Content(cards=(card, Card("Two")))))["contentMessage"]
    assert pair == {
        "richCard": {
            "carouselCard": {"cardWidth": "MEDIUM", "cardContents": [shown, {"title": "Two"}]}
        }
    }


@pytest.mark.parametrize(
    ("content", "taken"),
    [
        (Content("x" * 3072), True),
        (Content("x" * 3073), False),
        (Content("x", suggestions=(Reply("y" * 25),) * 11), True),
        (Content("x", suggestions=(Reply("y" * 26),)), False),
        (Content("x", suggestions=(Reply("y"),) * 12), False),
        (Content(cards=(Card("x" * 200, "y" * 2000, PICTURE, (Reply("y"),) * 4),)), True),
        (Content(cards=(Card("x", suggestions=(Reply("y"),) * 5),)), False),
        (Content(cards=(Card("x"),) * 10), True),
        (Content(media=(Media("https://x/", "application/pdf"),)), True),
        (Content(cards=(Card(media=Media("https://x/", "application/pdf")),)), False),
        (Content(media=(Media("https://x/", "video/mp4", size=100_000_001),)), False),
        (Content("words", media=(PICTURE,)), False),
    ],
)
def test_what_a_phone_shows(content: Content, taken: bool) -> None:
    assert adapter.shows(CUSTOMER).takes(content) is taken


# --- Answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (problem(400, "INVALID_ARGUMENT"), Rejected),
        (problem(401, "UNAUTHENTICATED"), BadCredentials),
        (problem(404, "NOT_FOUND"), NotCapable),
        (problem(429, "RESOURCE_EXHAUSTED"), Throttled),
        (problem(500, "INTERNAL"), Ambiguous),
        (problem(502, "UNAVAILABLE"), Ambiguous),
        (problem(503, "UNAVAILABLE"), Unreachable),
        (problem(418, "TEAPOT"), Rejected),
    ],
)
def test_refusals(response: Response, error: type[SendError]) -> None:
    with pytest.raises(SendError) as refused:
        drive(adapter.send(outbound()), response)
    assert type(refused.value) is error
    assert refused.value.text == "Said."
    assert getattr(refused.value, "reach", "") == (Reach.NO if error is NotCapable else "")


def test_a_known_id_is_accepted() -> None:
    sent, _requests = drive(adapter.send(outbound()), problem(409, "ALREADY_EXISTS"))
    assert sent == Sent(UID)


@pytest.mark.parametrize(
    ("second", "error"),
    [
        (answer(200), NotCapable),
        (answer(200, {"reachableUsers": [CUSTOMER]}), NotCapable),
        (problem(403, "PERMISSION_DENIED"), BadCredentials),
        (problem(404, "NOT_FOUND"), BadCredentials),
        (problem(429, "RESOURCE_EXHAUSTED"), Throttled),
        (problem(500, "INTERNAL"), Unreachable),
    ],
)
def test_a_403_is_the_recipients_or_the_channels(second: Response, error: type) -> None:
    """Nothing was accepted, so whatever the question brings, no message is left unclear."""
    with pytest.raises(SendError) as refused:
        drive(adapter.send(outbound()), problem(403, "PERMISSION_DENIED"), second)
    assert type(refused.value) is error
    reach = Reach.NOT_LAUNCHED if error is NotCapable else ""
    assert getattr(refused.value, "reach", "") == reach


def test_withdraws() -> None:
    revoked, [request] = drive(adapter.revoke(outbound(), UID), answer(200))
    assert revoked == Revoked(certain=False)
    url = f"{GOOGLE}/v1/phones/{CUSTOMER}/agentMessages/{UID}"
    assert (request.method, request.url, request.params) == ("DELETE", url, [("agentId", AGENT)])
    for response, error in (
        (problem(404, "NOT_FOUND"), Rejected),
        (problem(500, "INTERNAL"), Ambiguous),
        (problem(429, "RESOURCE_EXHAUSTED"), Throttled),
    ):
        with pytest.raises(error):
            drive(adapter.revoke(outbound(), UID), response)


def test_asks_for_one_and_for_many() -> None:
    found, [request] = drive(adapter.reach([CUSTOMER]), answer(200, {"features": ["B", "A", 5]}))
    assert found == {CUSTOMER: Reached(Reach.YES, ("A", "B"))}
    assert request.url == f"{GOOGLE}/v1/phones/{CUSTOMER}/capabilities"
    for response, reach in (
        (problem(404, "NOT_FOUND"), Reach.NO),
        (problem(403, "PERMISSION_DENIED"), Reach.NOT_LAUNCHED),
    ):
        assert drive(adapter.reach([CUSTOMER]), response)[0] == {CUSTOMER: Reached(reach)}
    with pytest.raises(Unreachable):
        drive(adapter.reach([CUSTOMER]), problem(500, "INTERNAL"))

    maya, emma = "+14155550111", "+447700900101"
    found, requests = drive(
        adapter.reach([maya, CUSTOMER, emma]),
        answer(200, {"reachableUsers": [emma]}),
        answer(200, {"reachableUsers": [maya, "+19995550000"]}),
    )
    assert {number: one.reach.value for number, one in found.items()} == {
        maya: "yes",
        CUSTOMER: "no",
        emma: "yes",
    }
    assert [one.url for one in requests] == [
        f"https://{region}-rcsbusinessmessaging.googleapis.com/v1/users:batchGet"
        for region in ("europe", "us")
    ]
    assert requests[0].json == {"users": [CUSTOMER, emma], "agentId": AGENT}


# --- Tokens and key files -------------------------------------------------------------------------


def test_asks_for_a_token_with_a_signed_claim() -> None:
    account = read_key_file(key_file())
    grant = rbm_account.grant(account, rbm_account.TOKEN_URI)
    request = grant.ask()
    assert (request.method, request.url) == ("POST", "https://oauth2.googleapis.com/token")
    form = dict(request.data or [])
    claims = jwt.decode(form["assertion"], options={"verify_signature": False})
    assert (claims["iss"], claims["aud"]) == (EMAIL, "https://oauth2.googleapis.com/token")
    assert claims["exp"] - claims["iat"] == 3600
    assert jwt.get_unverified_header(form["assertion"]) == {
        "alg": "RS256",
        "typ": "JWT",
        "kid": "k1",
    }
    other = rbm_account.grant(read_key_file(key_file(private_key=private_key(1))), request.url)
    assert other.key != grant.key


def test_reads_a_token() -> None:
    assert read_token(answer(200, {"access_token": "t", "expires_in": 3599})) == Token("t", 3599)
    refused = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    for response, error in (
        (answer(400, refused), BadCredentials),
        (answer(401), BadCredentials),
        (answer(429), Throttled),
        (answer(500), Unreachable),
        (answer(200), Unreachable),
        (answer(200, {"access_token": "a\nb"}), Unreachable),
        (Response(200, {}, b"<html>"), Unreachable),
    ):
        with pytest.raises(error):
            read_token(response)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        key_file(type="authorized_user"),
        key_file(client_email=""),
        key_file(client_email=5),
        key_file(private_key="-----BEGIN PRIVATE KEY-----"),
        key_file(private_key=None),
        key_file(token_uri="https://evil.example/token"),
    ],
)
def test_a_wrong_key_file_is_told(text: str) -> None:
    with pytest.raises(InvalidKeyFile) as wrong:
        read_key_file(text)
    assert str(wrong.value.words)
    assert list(GoogleRcs.check_config(config(service_account=text))) == ["service_account"]


def test_nothing_is_asked_without_a_key() -> None:
    broken = GoogleRcs(config(service_account="{}"))
    for steps in (broken.send(outbound()), broken.check()):
        with pytest.raises(BadCredentials):
            next(steps)


# --- Signals --------------------------------------------------------------------------------------


def test_shows_that_somebody_is_writing() -> None:
    done, [request] = drive(adapter.signal(Signal.TYPING, CUSTOMER, uid=UID), answer(200))
    assert done is None
    assert (request.method, request.url) == ("POST", f"{GOOGLE}/v1/phones/{CUSTOMER}/agentEvents")
    assert request.params == [("eventId", UID), ("agentId", AGENT)]
    assert request.json == {"eventType": "IS_TYPING"}


def test_shows_which_message_was_read() -> None:
    steps = adapter.signal(Signal.READ, CUSTOMER, uid=UID, about="Mx001")
    _done, [request] = drive(steps, answer(200))
    assert request.json == {"eventType": "READ", "messageId": "Mx001"}


def test_a_repeated_signal_was_shown() -> None:
    steps = adapter.signal(Signal.READ, CUSTOMER, uid=UID, about="Mx001")
    assert drive(steps, problem(409, "ALREADY_EXISTS"))[0] is None


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (problem(404, "NOT_FOUND"), NotCapable),
        (problem(403, "PERMISSION_DENIED"), BadCredentials),
        (problem(400, "INVALID_ARGUMENT"), Rejected),
        (answer(500), Unreachable),
    ],
)
def test_a_signal_that_is_not_shown(response: Response, error: type[SendError]) -> None:
    with pytest.raises(error):
        drive(adapter.signal(Signal.TYPING, CUSTOMER, uid=UID), response)


@pytest.mark.parametrize(
    ("chosen", "signals"),
    [
        ({}, {Signal.TYPING, Signal.READ}),
        ({"signals": "both"}, {Signal.TYPING, Signal.READ}),
        ({"signals": "typing"}, {Signal.TYPING}),
        ({"signals": "read"}, {Signal.READ}),
        ({"signals": "none"}, set()),
    ],
)
def test_what_customers_see_is_a_setting(chosen: dict[str, str], signals: set[Signal]) -> None:
    assert GoogleRcs(config(**chosen)).capabilities.signals == signals
    assert GoogleRcs.capabilities.signals == {Signal.TYPING, Signal.READ}
