"""What is asked of LINE, and what its answers mean."""

import json
import uuid
from collections.abc import Generator
from typing import Any

import pytest

from channels_social.line import Line
from gateway.content.adapting import adapt
from gateway.content.model import (
    AskLocation,
    Card,
    Content,
    Dial,
    Location,
    Media,
    Menu,
    OpenUrl,
    Reply,
    Row,
    ShowLocation,
)
from gateway.content.reading import write
from gateway.contract import Checked, Request, Response, Sent, Signal
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    NotCapable,
    Rejected,
    SendError,
    Throttled,
    TooLong,
    Unreachable,
)
from gateway.events import About, OutboundMessage
from tests.payloads.line.exhibit import ACCESS_TOKEN, CONFIG, CUSTOMER, SENT

adapter = Line(CONFIG)
API = "https://api.line.me/v2/bot"
UID = str(uuid.uuid4())
PICTURE = Media("https://example.org/a.jpg", "image/jpeg", "a.jpg")
BEARER = {"Authorization": f"Bearer {ACCESS_TOKEN}"}


def outbound(content: Content | str = "Hi", **more: Any) -> OutboundMessage:
    found = Content(text=content) if isinstance(content, str) else content
    status = "https://inbox.example.org/webhooks/x/?delivery=y"
    return OutboundMessage(UID, CUSTOMER, found.text, status, write(found), found.media, **more)


def answer(status: int, body: Any = None, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, named, json.dumps({} if body is None else body).encode())


def problem(status: int, words: str) -> Response:
    return answer(status, {"message": words})


ACCEPTED = answer(200, SENT)
INVALID_TOKEN = problem(400, "Invalid reply token")


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


def shown(content: Content) -> Any:
    assert adapter.shows(CUSTOMER).takes(content)
    _sent, [request] = drive(adapter.send(outbound(content)), ACCEPTED)
    [message] = request.json["messages"]
    return message


# --- Reply or push --------------------------------------------------------------------------------


def test_pushes_a_text_under_our_uid() -> None:
    sent, [request] = drive(adapter.send(outbound("¡Hola!")), ACCEPTED)
    assert sent == Sent("461230966842064897")
    assert (request.method, request.url) == ("POST", f"{API}/message/push")
    assert request.headers == BEARER | {"X-Line-Retry-Key": UID}
    assert request.json == {"to": CUSTOMER, "messages": [{"type": "text", "text": "¡Hola!"}]}


def test_replies_while_there_is_a_token() -> None:
    sent, [request] = drive(adapter.send(outbound(reply_token="t0")), ACCEPTED)
    assert sent == Sent("461230966842064897")
    assert request.url == f"{API}/message/reply"
    assert request.headers == BEARER  # LINE takes no retry key for a reply
    assert request.json == {"replyToken": "t0", "messages": [{"type": "text", "text": "Hi"}]}


def test_a_token_that_is_no_longer_good_is_followed_by_a_push() -> None:
    steps = adapter.send(outbound(reply_token="t0"))
    sent, requests = drive(steps, INVALID_TOKEN, ACCEPTED)
    assert sent == Sent("461230966842064897")
    assert [one.url for one in requests] == [f"{API}/message/reply", f"{API}/message/push"]
    assert requests[1].headers["X-Line-Retry-Key"] == UID


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (answer(500), Ambiguous),
        (answer(200), Ambiguous),
        (problem(400, "The request body has 1 error(s)"), Rejected),
        (answer(429), Throttled),
    ],
)
def test_a_reply_that_fails_otherwise_is_not_pushed(
    response: Response, error: type[SendError]
) -> None:
    """Whether LINE has sent it, it does not say; a push would not be recognised as a repeat."""
    with pytest.raises(error):
        drive(adapter.send(outbound(reply_token="t0")), response)


def test_what_was_accepted_under_our_uid_is_sent() -> None:
    before = answer(409, SENT, x_line_accepted_request_id="123e4567")
    assert drive(adapter.send(outbound()), before)[0] == Sent("461230966842064897")
    nameless = answer(409, {"message": "…"}, x_line_accepted_request_id="123e4567")
    assert drive(adapter.send(outbound()), nameless)[0] == Sent(UID)
    with pytest.raises(Rejected):
        drive(adapter.send(outbound()), problem(409, "Conflict"))


# --- Content --------------------------------------------------------------------------------------

YES, MAP = Reply("Yes", "y:1"), ShowLocation("Where", 1.5, -2.0, "Shop")
POSTBACK = {"type": "postback", "label": "Yes", "data": "Yes\ny:1", "displayText": "Yes"}
WHERE = {
    "type": "uri",
    "label": "Where",
    "uri": "https://www.google.com/maps/search/?api=1&query=1.500000,-2.000000",
}
OPEN = {"type": "uri", "label": "Open", "uri": "https://example.org/"}
VIDEO_PREVIEW = "https://inbox.example.org/static/icons/video.png"
LONG = "x" * 61


def test_suggestions_are_quick_replies() -> None:
    taps = (YES, OpenUrl("Open", "https://example.org/"), Dial("Call", "+34600123456"), MAP)
    found = shown(Content("Hi", suggestions=(*taps, AskLocation("Here"), Reply("No\nway"))))
    assert found == {
        "type": "text",
        "text": "Hi",
        "quickReply": {
            "items": [
                {"type": "action", "action": one}
                for one in (
                    POSTBACK,
                    OPEN,
                    {"type": "uri", "label": "Call", "uri": "tel:+34600123456"},
                    WHERE,
                    {"type": "location", "label": "Here"},
                    {
                        "type": "postback",
                        "label": "No\nway",
                        "data": "No way\nNo\nway",
                        "displayText": "No\nway",
                    },
                )
            ]
        },
    }


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        (PICTURE, {"type": "image", "previewImageUrl": PICTURE.url}),
        (
            Media("https://example.org/a.mp4", "video/mp4"),
            {"type": "video", "previewImageUrl": VIDEO_PREVIEW},
        ),
        (Media("https://example.org/a.m4a", "audio/m4a"), {"type": "audio", "duration": 60_000}),
    ],
)
def test_files_go_by_their_address(media: Media, expected: Any) -> None:
    assert shown(Content(media=(media,))) == {"originalContentUrl": media.url, **expected}


def test_a_place() -> None:
    place = {"type": "location", "latitude": 40.4, "longitude": -3.7}
    assert shown(Content(location=Location(40.4, -3.7, "Shop"))) == place | {
        "title": "Shop",
        "address": "Shop",
    }
    where = "40.400000, -3.700000"
    assert shown(Content(location=Location(40.4, -3.7))) == place | {
        "title": where,
        "address": where,
    }


def test_a_small_card_is_a_template() -> None:
    card = Card("Title", "Words", PICTURE, (YES,))
    assert shown(Content(cards=(card,))) == {
        "type": "template",
        "altText": "Title\nWords",
        "template": {
            "type": "buttons",
            "text": "Words",
            "title": "Title",
            "thumbnailImageUrl": PICTURE.url,
            "actions": [POSTBACK],
        },
    }
    two = Card(text="x" * 240, suggestions=(YES, MAP))
    assert shown(Content(cards=(two,)))["template"] == {
        "type": "confirm",
        "text": "x" * 240,
        "actions": [POSTBACK, WHERE],
    }


def test_cards_that_are_alike_are_a_carousel_template() -> None:
    cards = (Card("A", "a", PICTURE, (YES,)), Card("B", "b", PICTURE, (MAP,)))
    column = {"thumbnailImageUrl": PICTURE.url}
    assert shown(Content(cards=cards)) == {
        "type": "template",
        "altText": "A\na\nB\nb",
        "template": {
            "type": "carousel",
            "columns": [
                {"title": "A", "text": "a", "actions": [POSTBACK], **column},
                {"title": "B", "text": "b", "actions": [WHERE], **column},
            ],
        },
    }


def test_what_no_template_holds_is_flex() -> None:
    bubble = {
        "type": "bubble",
        "hero": {
            "type": "image",
            "url": PICTURE.url,
            "size": "full",
            "aspectRatio": "20:13",
            "aspectMode": "cover",
        },
        "body": {
            "type": "box",
            "layout": "vertical",
            "spacing": "sm",
            "contents": [
                {"type": "text", "text": "Title", "weight": "bold", "wrap": True},
                {"type": "text", "text": LONG, "wrap": True},
            ],
        },
        "footer": {
            "type": "box",
            "layout": "vertical",
            "spacing": "sm",
            "contents": [{"type": "button", "action": POSTBACK}],
        },
    }
    card = Card("Title", LONG, PICTURE, (YES,))
    alt = f"Title\n{LONG}"
    assert shown(Content(cards=(card,))) == {"type": "flex", "altText": alt, "contents": bubble}
    bare = {"type": "bubble", "hero": bubble["hero"]}
    pair = shown(Content(cards=(card, Card(media=PICTURE))))
    assert pair["contents"] == {"type": "carousel", "contents": [bubble, bare]}
    assert shown(Content(cards=(Card(media=PICTURE),)))["altText"] == "🖼"
    assert len(shown(Content(cards=(Card("x" * 200, "y" * 2000),)))["altText"]) == 400


@pytest.mark.parametrize(
    ("content", "taken"),
    [
        (Content("x" * 5000), True),
        (Content("👋" * 2500), True),
        (Content("👋" * 2500 + "x"), False),
        (Content("x", suggestions=(Reply("y" * 20, "p" * 279),) * 13), True),
        (Content("x", suggestions=(Reply("y" * 21),)), False),
        (Content("x", suggestions=(Reply("y", "p" * 280),)), False),
        (Content("x", suggestions=(Reply("y"),) * 14), False),
        (Content(cards=(Card("x", suggestions=(AskLocation("y"),)),)), False),
        (Content("words", media=(PICTURE,)), False),
        (Content(media=(PICTURE,) * 2), False),
        (Content(media=(Media("https://x/", "image/jpeg", size=10_000_001),)), False),
        (Content(media=(Media("https://x/", "application/pdf"),)), False),
        (Content(menu=Menu("Pick", (Row("One"),))), False),
    ],
)
def test_what_line_shows(content: Content, taken: bool) -> None:
    assert adapter.shows(CUSTOMER).takes(content) is taken


def test_a_long_text_is_cut_where_line_counts() -> None:
    """Emoji are two units each; a piece never has more than LINE takes."""
    parts = adapt(Content("👋" * 6000), adapter.shows(CUSTOMER)).parts
    assert [len(part.text) for part in parts] == [2500, 2500, 1000]
    with pytest.raises(TooLong):
        next(adapter.send(outbound("👋" * 2501)))


# --- Answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "error", "text"),
    [
        (
            problem(400, "The property, 'to', is invalid"),
            Rejected,
            "The property, 'to', is invalid",
        ),
        (problem(400, "Failed to send messages"), NotCapable, "Failed to send messages"),
        (problem(401, "Authentication failed"), BadCredentials, "Authentication failed"),
        (answer(403), BadCredentials, "The channel or its plan may not do this"),
        (answer(404), Rejected, "LINE does not know what this is about"),
        (answer(410), Rejected, "It is no longer there"),
        (answer(413), Rejected, "The message is too large"),
        (answer(415), Rejected, "LINE does not take such files"),
        (
            problem(429, "You have reached your monthly limit."),
            BadCredentials,
            "You have reached your monthly limit.",
        ),
        (
            problem(429, "The API rate limit has been exceeded. Try again later."),
            Throttled,
            "The API rate limit has been exceeded. Try again later.",
        ),
        (answer(500), Ambiguous, "An answer that says nothing (HTTP 500)"),
        (answer(503), Unreachable, "Service unavailable"),
        (answer(418), Rejected, "An answer that says nothing (HTTP 418)"),
        (
            answer(400, {"message": "1 error", "details": [{"property": "to", "message": "bad"}]}),
            Rejected,
            "1 error; to: bad",
        ),
    ],
)
def test_refusals(response: Response, error: type[SendError], text: str) -> None:
    with pytest.raises(SendError) as refused:
        drive(adapter.send(outbound()), response)
    assert type(refused.value) is error
    assert (refused.value.text, refused.value.code) == (text, str(response.status))


# --- Beside messages ------------------------------------------------------------------------------


def test_typing() -> None:
    steps = adapter.signal(Signal.TYPING, CUSTOMER, uid=UID)
    _none, [request] = drive(steps, answer(202))
    assert (request.method, request.url) == ("POST", f"{API}/chat/loading/start")
    assert request.json == {"chatId": CUSTOMER, "loadingSeconds": 10}
    assert Line(CONFIG | {"signals": "none"}).capabilities.signals == frozenset()


def test_read() -> None:
    """A message is named by the token that came with it."""
    steps = adapter.signal(Signal.READ, CUSTOMER, uid=UID, about="R4XaSh...")
    _none, [request] = drive(steps, answer(200))
    assert (request.method, request.url) == ("POST", f"{API}/chat/markAsRead")
    assert request.json == {"markAsReadToken": "R4XaSh..."}


@pytest.mark.parametrize(
    ("content", "quotes"),
    [
        (Content("Yes"), True),
        (Content("Which?", suggestions=(YES,)), True),
        (Content(media=(PICTURE,)), False),
        (Content(location=Location(40.4, -3.7, "Here")), False),
    ],
)
def test_words_quote_a_message_by_its_token(content: Content, quotes: bool) -> None:
    about = About(reply_to="468353770545201", quote_token="q3Plxr4AgKd...")
    _sent, [request] = drive(adapter.send(outbound(content, about=about)), ACCEPTED)
    [message] = request.json["messages"]
    assert message.get("quoteToken") == ("q3Plxr4AgKd..." if quotes else None)


INFO = {"userId": "U1", "basicId": "@123abcde", "displayName": "Shop", "chatMode": "bot"}


def test_check_names_the_account() -> None:
    found, [request] = drive(adapter.check(), answer(200, INFO))
    assert found == Checked("Shop (@123abcde)")
    assert (request.method, request.url) == ("GET", f"{API}/info")
    premium = answer(200, INFO | {"basicId": "@other", "premiumId": "@123abcde"})
    assert drive(adapter.check(), premium)[0] == found


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (answer(401), BadCredentials),
        (answer(200, INFO | {"basicId": "@other"}), BadCredentials),
        (answer(200, []), Unreachable),
        (answer(500), Unreachable),
    ],
)
def test_check_fails(response: Response, error: type[SendError]) -> None:
    with pytest.raises(error):
        drive(adapter.check(), response)


def test_registers_the_webhook() -> None:
    url = "https://inbox.example.org/webhooks/1/"
    found, [request] = drive(adapter.register(url), answer(200))
    assert found == Checked(url)
    assert (request.method, request.url) == ("PUT", f"{API}/channel/webhook/endpoint")
    assert request.json == {"endpoint": url}
    with pytest.raises(Rejected):
        drive(adapter.register(url), problem(400, "Invalid webhook endpoint URL"))


FILE = "https://api-data.line.me/v2/bot/message/46/content"


@pytest.mark.parametrize("asked", [answer(200, {"status": "succeeded"}), answer(404), answer(400)])
def test_fetches_a_file_with_the_token(asked: Response) -> None:
    request, [question] = drive(adapter.fetch(FILE), asked)
    assert (question.url, question.headers) == (f"{FILE}/transcoding", BEARER)
    assert (request.url, request.headers) == (FILE, BEARER)


def test_a_file_that_is_not_ready_is_fetched_later() -> None:
    with pytest.raises(Unreachable):
        drive(adapter.fetch(FILE), answer(200, {"status": "processing"}))


def test_a_file_elsewhere_gets_no_token() -> None:
    with pytest.raises(StopIteration) as done:
        next(adapter.fetch("https://example.org/a.jpg"))
    assert done.value.value == Request("GET", "https://example.org/a.jpg")
