"""What is asked of Viber for a bot, and what its answers mean."""

import json
from collections.abc import Generator
from typing import Any

import pytest

from channels_social.viber import Viber
from channels_social.viber_content import MAX_CAPTION, MAX_TEXT
from channels_social.viber_errors import BY_STATUS
from gateway.content.adapting import adapt
from gateway.content.model import (
    AskLocation,
    Card,
    ContactCard,
    Content,
    Location,
    Media,
    Menu,
    OpenUrl,
    Reply,
    Row,
    ShowLocation,
)
from gateway.content.reading import write
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
    WindowClosed,
)
from gateway.events import OutboundMessage
from tests.payloads.viber.exhibit import ACCEPTED, CUSTOMER, MESSAGE_TOKEN, TOKEN, config

adapter = Viber(config())
ROOT = "https://chatapi.viber.com/pa"
UID = "0d7b3c1a-aaaa-4bbb-8ccc-ddddeeeeffff"
PICTURE = Media("https://example.org/a.jpg", "image/jpeg", "a.jpg")
MAP = "https://www.google.com/maps/search/?api=1&query=1.500000,-2.000000"


def outbound(content: Content | str = "Hi") -> OutboundMessage:
    found = Content(text=content) if isinstance(content, str) else content
    return OutboundMessage(UID, CUSTOMER, found.text, "https://x/", write(found), found.media)


def answer(body: Any, status: int = 200) -> Response:
    return Response(status, {}, json.dumps(body).encode())


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


def key(text: str, kind: str, body: str) -> dict[str, Any]:
    return {"Columns": 6, "Rows": 1, "Text": text, "ActionType": kind, "ActionBody": body}


def keys(*buttons: dict[str, Any]) -> dict[str, Any]:
    found = {"Type": "keyboard", "DefaultHeight": False, "Buttons": list(buttons)}
    return {"keyboard": found}


def still(rows: int, **more: str) -> dict[str, Any]:
    return {"Columns": 6, "Rows": rows, "ActionType": "none", "ActionBody": "none"} | more


def words(text: str) -> dict[str, Any]:
    return still(2, Text=text, TextHAlign="left", TextVAlign="middle")


REQUESTS: dict[str, tuple[Content, dict[str, Any]]] = {
    "text": (Content("¡Hola! <b>"), {"type": "text", "text": "¡Hola! <b>"}),
    "contact": (
        Content(contacts=(ContactCard("Ana", ("+34600111222",)),)),
        {"type": "contact", "contact": {"name": "Ana", "phone_number": "+34600111222"}},
    ),
    "buttons": (
        Content(
            "Shall we?",
            suggestions=(
                Reply("Yes & <no>", "order:1"),
                OpenUrl("Open", "https://e.org/?a=1&b=2"),
                ShowLocation("Where", 1.5, -2.0, "Shop"),
            ),
        ),
        {
            "type": "text",
            "text": "Shall we?",
            **keys(
                key("Yes &amp; &lt;no&gt;", "reply", "Yes & <no>"),
                key("Open", "open-url", "https://e.org/?a=1&b=2"),
                key("Where", "open-url", MAP),
            ),
        },
    ),
    "a place asked for": (
        Content("Where are you?", suggestions=(AskLocation("Send it"),)),
        {
            "type": "text",
            "text": "Where are you?",
            "min_api_version": 3,
            **keys(key("Send it", "location-picker", "Send it")),
        },
    ),
    "menu": (
        Content("Pick", menu=Menu("Options", (Row("One", "1", "The first"), Row("Two")))),
        {
            "type": "text",
            "text": "Pick\nOne – The first",
            **keys(key("One", "reply", "One"), key("Two", "reply", "Two")),
        },
    ),
    "menu alone": (
        Content(menu=Menu("Options", (Row("One"),))),
        {"type": "text", "text": "Options", **keys(key("One", "reply", "One"))},
    ),
    "picture": (
        Content("Look", media=(PICTURE,), suggestions=(Reply("OK"),)),
        {
            "type": "picture",
            "text": "Look",
            "media": PICTURE.url,
            **keys(key("OK", "reply", "OK")),
        },
    ),
    "picture alone": (
        Content(media=(PICTURE,)),
        {"type": "picture", "text": "", "media": PICTURE.url},
    ),
    "gif": (
        Content("Look", media=(Media("https://e.org/g", "image/gif", "g.gif", 9),)),
        {"type": "text", "text": "Look\nhttps://e.org/g"},
    ),
    "video": (
        Content(media=(Media("https://e.org/v", "video/mp4", size=26_000_000),)),
        {"type": "video", "media": "https://e.org/v", "size": 26_000_000},
    ),
    "video of a size nobody knows": (
        Content(media=(Media("https://e.org/v", "video/mp4"),)),
        {"type": "url", "media": "https://e.org/v"},
    ),
    "file": (
        Content(media=(Media("https://e.org/p", "application/pdf", "p.pdf", 5),)),
        {"type": "file", "media": "https://e.org/p", "size": 5, "file_name": "p.pdf"},
    ),
    "location": (
        Content(location=Location(1.5, -2.0)),
        {"type": "location", "location": {"lat": 1.5, "lon": -2.0}},
    ),
    "location with a name": (
        Content(location=Location(1.5, -2.0, "Shop")),
        {"type": "text", "text": f"Shop\n{MAP}"},
    ),
    "cards": (
        Content(
            cards=(
                Card(
                    "One & only",
                    "Words",
                    PICTURE,
                    (Reply("Buy", "b1"), OpenUrl("See", "https://e.org/")),
                ),
                Card("Two"),
            )
        ),
        {
            "type": "rich_media",
            "min_api_version": 7,
            "alt_text": "One & only\nWords\nBuy\nSee\n\nTwo",
            "rich_media": {
                "Type": "rich_media",
                "ButtonsGroupColumns": 6,
                "ButtonsGroupRows": 7,
                "BgColor": "#FFFFFF",
                "Buttons": [
                    still(3, Image=PICTURE.url),
                    words("<b>One &amp; only</b><br>Words"),
                    key("Buy", "reply", "Buy – One & only"),
                    key("See", "open-url", "https://e.org/"),
                    still(3, Text=""),
                    words("<b>Two</b>"),
                    still(1, Text=""),
                    still(1, Text=""),
                ],
            },
        },
    ),
}


@pytest.mark.parametrize("name", list(REQUESTS))
def test_request(name: str) -> None:
    content, body = REQUESTS[name]
    assert adapter.shows(CUSTOMER).takes(content)
    sent, [request] = drive(adapter.send(outbound(content)), ACCEPTED)
    assert sent == Sent(MESSAGE_TOKEN)
    assert (request.method, request.url) == ("POST", f"{ROOT}/send_message")
    assert request.headers == {"X-Viber-Auth-Token": TOKEN}
    assert request.json == {
        "receiver": CUSTOMER,
        "sender": {"name": "Corner Shop"},
        "tracking_data": UID,
        "min_api_version": 1,
        **body,
    }


@pytest.mark.parametrize(
    ("content", "taken"),
    [
        (Content("x" * 7000), True),
        (Content("x" * 7001), False),
        (Content("x" * MAX_CAPTION, media=(PICTURE,)), True),
        (Content("x" * (MAX_CAPTION + 1), media=(PICTURE,)), False),
        (Content("x", media=(Media("https://e.org/v", "video/mp4", size=5),)), False),
        (Content(media=(Media("https://e.org/a", "image/png", size=1_000_001),)), False),
        (Content(media=(Media("https://e.org/v", "video/mp4", size=26_000_001),)), False),
        (Content(media=(Media("https://e.org/p", "application/pdf", size=50_000_001),)), False),
        (Content(cards=(Card("x" * 81),)), False),
        (Content(cards=(Card("x", "y" * 121),)), False),
        (Content(cards=(Card("x", suggestions=(Reply("y"),) * 3),)), False),
        (Content(cards=(Card("x"),) * 6), True),
        (Content(cards=(Card("x"),) * 7), False),
    ],
)
def test_what_a_phone_shows(content: Content, taken: bool) -> None:
    assert adapter.shows(CUSTOMER).takes(content) is taken


def test_words_that_a_file_has_no_room_for_go_apart() -> None:
    video, long = Media("https://e.org/v", "video/mp4", size=5), "w" * (MAX_CAPTION + 1)
    shows = adapter.shows(CUSTOMER)
    for words_, file in (("Look", video), (long, PICTURE)):
        parts = adapt(Content(words_, media=(file,)), shows).parts
        assert parts == (Content(words_), Content(media=(file,)))


def test_what_is_too_long() -> None:
    rows = tuple(Row(str(n), "", "d" * 800) for n in range(10))
    for content in (Content("x" * (MAX_TEXT + 1)), Content("x", menu=Menu("Pick", rows))):
        with pytest.raises(TooLong):
            next(adapter.send(outbound(content)))


# --- Answers --------------------------------------------------------------------------------------

CLASSES: dict[type[SendError], tuple[int, ...]] = {
    BadCredentials: (1, 2, 7, 8, 9, 10, 15, 17, 18, 19, 20, 22, 24),
    Rejected: (3, 4, 14, 16, 21),
    NotCapable: (5, 11, 13),
    OptedOut: (6,),
    Throttled: (12,),
    WindowClosed: (23,),
    Unreachable: (25, 99),
}


@pytest.mark.parametrize(
    ("status", "error"), [(code, error) for error, codes in CLASSES.items() for code in codes]
)
def test_status(status: int, error: type[SendError]) -> None:
    for words_ in ("Said.", ""):
        response = answer({"status": status, "status_message": words_})
        with pytest.raises(SendError) as raised:
            drive(adapter.send(outbound()), response)
        assert type(raised.value) is error
        assert raised.value.code == str(status)
        assert raised.value.text == (words_ or raised.value.text)
        assert raised.value.text


def test_every_status_is_tried() -> None:
    assert set(BY_STATUS) < {code for codes in CLASSES.values() for code in codes}


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (answer({"status": 0, "status_message": "ok"}), Ambiguous),
        (answer({"status": "0"}), Ambiguous),
        (answer({"status": True}), Ambiguous),
        (answer([]), Ambiguous),
        (answer({}, 400), Rejected),
        (answer({"status": 6}, 500), Ambiguous),
        (answer({}, 408), Ambiguous),
    ],
)
def test_an_answer_without_a_status(response: Response, error: type[SendError]) -> None:
    with pytest.raises(SendError) as raised:
        drive(adapter.send(outbound()), response)
    assert type(raised.value) is error


# --- Checking, registering ------------------------------------------------------------------------


def test_asks_for_the_account() -> None:
    body = {"status": 0, "status_message": "ok", "id": "pa:1", "name": "Shop", "uri": "shop"}
    found, [request] = drive(adapter.check(), answer(body))
    assert found == Checked("Shop, shop")
    assert (request.url, request.json) == (f"{ROOT}/get_account_info", {})
    for response, error in (
        (answer({"status": 2, "status_message": "invalidAuthToken"}), BadCredentials),
        (answer({"status": 12}), Throttled),
        (answer({}), Unreachable),
    ):
        with pytest.raises(error):
            drive(adapter.check(), response)


def test_registers_the_webhook() -> None:
    url = "https://inbox.example.org/webhooks/x/"
    found, [request] = drive(adapter.register(url), answer({"status": 0, "event_types": []}))
    assert found == Checked("corner_shop")
    assert request.url == f"{ROOT}/set_webhook"
    assert request.json == {
        "url": url,
        "event_types": [
            "delivered",
            "seen",
            "failed",
            "subscribed",
            "unsubscribed",
            "conversation_started",
        ],
        "send_name": True,
        "send_photo": False,
    }
    with pytest.raises(BadCredentials, match="not reached"):
        drive(adapter.register(url), answer({"status": 1, "status_message": "not reached"}))
