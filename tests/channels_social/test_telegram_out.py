"""What is asked of Telegram for a bot, and what its answers mean."""

import json
from collections.abc import Generator
from typing import Any

import pytest

from channels_social.telegram import Telegram
from channels_social.telegram_content import MAX_CAPTION, MAX_TEXT
from gateway.content.adapting import adapt
from gateway.content.model import (
    AskLocation,
    Card,
    ContactCard,
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
from gateway.contract import Checked, Part, Request, Response, Sent, Signal
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    OptedOut,
    Rejected,
    SendError,
    Throttled,
    TooLong,
    Unreachable,
)
from gateway.events import About, OutboundMessage
from tests.payloads.telegram.exhibit import BOT, CUSTOMER, SECRET, TOKEN, accepted, config, payload

adapter = Telegram(config())
ROOT = f"https://api.telegram.org/bot{TOKEN}"
CHAT = int(CUSTOMER)
UID = "0d7b3c1a-aaaa-4bbb-8ccc-ddddeeeeffff"
OWN = Media(
    "https://inbox.example.org/f/x",
    "image/jpeg",
    "a.jpg",
    1000,
    "0d7b3c1a-0000-4000-8000-000000000001",
)
PHOTO = Media("https://example.org/a.jpg", "image/jpeg", "a.jpg")
LONG = "x" * 65


def outbound(content: Content | str = "Hi", **more: Any) -> OutboundMessage:
    found = Content(text=content) if isinstance(content, str) else content
    return OutboundMessage(
        UID, CUSTOMER, found.text, "https://x/", write(found), found.media, **more
    )


def answer(status: int, body: Any) -> Response:
    return Response(status, {}, json.dumps(body).encode())


def problem(status: int, description: str = "Said.", **parameters: int) -> Response:
    body = {"ok": False, "error_code": status, "description": description}
    return answer(status, body | ({"parameters": parameters} if parameters else {}))


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


def called(content: Content | str, **more: Any) -> tuple[str, Any]:
    """The method and the JSON of the request that shows a content."""
    sent, [request] = drive(adapter.send(outbound(content, **more)), accepted())
    assert sent == Sent(f"{CUSTOMER}:77")
    assert request.method == "POST"
    assert request.url.startswith(f"{ROOT}/")
    assert TOKEN in request.secrets
    return request.url.removeprefix(f"{ROOT}/"), request.json


def keyboard(*lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inline_keyboard": list(lines)}


MAP = "https://www.google.com/maps/search/?api=1&query=1.500000,-2.000000"
REQUESTS: dict[str, tuple[Content, str, dict[str, Any]]] = {
    "text": (Content("¡Hola! *a* <b>"), "sendMessage", {"text": "¡Hola! *a* <b>"}),
    "buttons": (
        Content(
            "Shall we?",
            suggestions=(Reply("Yes", "order:1"), Reply("No"), OpenUrl("Open", "https://e.org/")),
        ),
        "sendMessage",
        {
            "text": "Shall we?",
            "reply_markup": keyboard(
                [
                    {"text": "Yes", "callback_data": "order:1"},
                    {"text": "No", "callback_data": "No"},
                    {"text": "Open", "url": "https://e.org/"},
                ]
            ),
        },
    ),
    "long payloads": (
        Content(
            "Which?",
            suggestions=(
                Reply("A label of some length", LONG),
                Reply("Ñ", "ñ" * 33),
                Reply("#", "#1"),
                Reply("Z", "z" * 64),
            ),
        ),
        "sendMessage",
        {
            "text": "Which?",
            "reply_markup": keyboard(
                [
                    {"text": "A label of some length", "callback_data": "#0"},
                    {"text": "Ñ", "callback_data": "#1"},
                    {"text": "#", "callback_data": "#2"},
                ],
                [{"text": "Z", "callback_data": "z" * 64}],
            ),
        },
    ),
    "a place shown": (
        Content("Here", suggestions=(ShowLocation("Where", 1.5, -2.0, "Shop"),)),
        "sendMessage",
        {"text": "Here", "reply_markup": keyboard([{"text": "Where", "url": MAP}])},
    ),
    "a place asked for": (
        Content(
            "Where are you?",
            suggestions=(
                AskLocation("Send it"),
                Reply("Later", LONG),
                OpenUrl("Map", "https://e.org/"),
            ),
        ),
        "sendMessage",
        {
            "text": "Where are you?\nMap: https://e.org/",
            "reply_markup": {
                "keyboard": [[{"text": "Send it", "request_location": True}], [{"text": "Later"}]],
                "one_time_keyboard": True,
                "resize_keyboard": True,
            },
        },
    ),
    "menu": (
        Content("Pick", menu=Menu("Options", (Row("One", "1", "The first"), Row("Two")))),
        "sendMessage",
        {
            "text": "Pick\nOne – The first",
            "reply_markup": keyboard(
                [{"text": "One", "callback_data": "1"}], [{"text": "Two", "callback_data": "Two"}]
            ),
        },
    ),
    "menu alone": (
        Content(menu=Menu("Options", (Row("One", LONG),)), suggestions=(Reply("None", LONG),)),
        "sendMessage",
        {
            "text": "Options",
            "reply_markup": keyboard(
                [{"text": "One", "callback_data": "#0"}], [{"text": "None", "callback_data": "#1"}]
            ),
        },
    ),
    "photo": (
        Content("Look", media=(PHOTO,)),
        "sendPhoto",
        {"caption": "Look", "photo": PHOTO.url},
    ),
    "video": (
        Content(media=(Media("https://e.org/v", "video/mp4", size=20_000_000),)),
        "sendVideo",
        {"video": "https://e.org/v"},
    ),
    "audio": (
        Content(media=(Media("https://e.org/a", "audio/mpeg"),)),
        "sendAudio",
        {"audio": "https://e.org/a"},
    ),
    "voice": (
        Content(media=(Media("https://e.org/o", "audio/ogg"),)),
        "sendVoice",
        {"voice": "https://e.org/o"},
    ),
    "gif": (
        Content(media=(Media("https://e.org/g", "image/gif"),)),
        "sendAnimation",
        {"animation": "https://e.org/g"},
    ),
    "pdf": (
        Content("Bill", media=(Media("https://e.org/p", "application/pdf"),)),
        "sendDocument",
        {"caption": "Bill", "document": "https://e.org/p"},
    ),
    "album": (
        Content("Look", media=(PHOTO, Media("https://e.org/v", "video/mp4"), PHOTO)),
        "sendMediaGroup",
        {
            "media": [
                {"type": "photo", "media": PHOTO.url, "caption": "Look"},
                {"type": "video", "media": "https://e.org/v"},
                {"type": "photo", "media": PHOTO.url},
            ]
        },
    ),
    "sounds": (
        Content(media=(Media("https://e.org/a", "audio/mpeg"),) * 2),
        "sendMediaGroup",
        {"media": [{"type": "audio", "media": "https://e.org/a"}] * 2},
    ),
    "card": (
        Content(cards=(Card("Title", "Words", PHOTO, (Reply("Buy", "buy:1"),)),)),
        "sendPhoto",
        {
            "caption": "Title\nWords",
            "photo": PHOTO.url,
            "reply_markup": keyboard([{"text": "Buy", "callback_data": "buy:1"}]),
        },
    ),
    "card without picture": (Content(cards=(Card("Title"),)), "sendMessage", {"text": "Title"}),
    "location": (
        Content(location=Location(1.5, -2.0)),
        "sendLocation",
        {"latitude": 1.5, "longitude": -2.0},
    ),
    "contact": (
        Content(contacts=(ContactCard("Ana de la Vega", ("+34600111222",)),)),
        "sendContact",
        {"phone_number": "+34600111222", "first_name": "Ana", "last_name": "de la Vega"},
    ),
    "contact with more on its card": (
        Content(
            contacts=(ContactCard("Ana, Shop", ("+34600111222", "+34600111223"), ("a@e.org",)),)
        ),
        "sendContact",
        {
            "phone_number": "+34600111222",
            "first_name": "Ana,",
            "last_name": "Shop",
            "vcard": "BEGIN:VCARD\r\nVERSION:3.0\r\nN:;Ana\\, Shop;;;\r\nFN:Ana\\, Shop\r\n"
            "TEL:+34600111222\r\nTEL:+34600111223\r\nEMAIL:a@e.org\r\nEND:VCARD\r\n",
        },
    ),
    "venue": (
        Content(location=Location(1.5, -2.0, "Shop")),
        "sendVenue",
        {"latitude": 1.5, "longitude": -2.0, "title": "Shop", "address": "1.500000, -2.000000"},
    ),
}


@pytest.mark.parametrize("name", list(REQUESTS))
def test_request(name: str) -> None:
    content, method, body = REQUESTS[name]
    assert adapter.shows(CUSTOMER).takes(content)
    assert called(content) == (method, {"chat_id": CHAT, **body})


UPLOADS: dict[str, tuple[Media, str, str]] = {
    "our own": (OWN, "sendPhoto", "photo"),
    "a photo too large to be fetched": (
        Media("https://e.org/a", "image/png", size=5_000_001),
        "sendPhoto",
        "photo",
    ),
    "a photo too large to be one": (
        Media("https://e.org/a", "image/png", size=10_000_001),
        "sendDocument",
        "document",
    ),
    "a type that is not fetched": (
        Media("https://e.org/a", "text/csv", "a.csv"),
        "sendDocument",
        "document",
    ),
    "a video too large to be fetched": (
        Media("https://e.org/v", "video/mp4", size=20_000_001),
        "sendVideo",
        "video",
    ),
}


@pytest.mark.parametrize("name", list(UPLOADS))
def test_upload(name: str) -> None:
    media, method, field = UPLOADS[name]
    content = Content("Look", media=(media,), suggestions=(Reply("OK", "ok"),))
    _sent, [request] = drive(adapter.send(outbound(content)), accepted())
    assert request.url == f"{ROOT}/{method}"
    assert request.json is None
    markup = json.dumps(keyboard([{"text": "OK", "callback_data": "ok"}]))
    assert list(request.parts) == [
        Part("chat_id", CUSTOMER),
        Part("caption", "Look"),
        Part("reply_markup", markup),
        Part(field, media, media.name or "file", media.content_type),
    ]


def test_an_album_of_our_own_files() -> None:
    """Each is uploaded under a name of its own; the id is the first message's."""
    album = Response(200, {}, json.dumps({"ok": True, "result": [told(77), told(78)]}).encode())
    sent, [request] = drive(adapter.send(outbound(Content(media=(OWN, PHOTO)))), album)
    assert sent.external_id == f"{CUSTOMER}:77"
    items = [{"type": "photo", "media": "attach://file0"}, {"type": "photo", "media": PHOTO.url}]
    assert list(request.parts) == [
        Part("chat_id", CUSTOMER),
        Part("media", json.dumps(items)),
        Part("file0", OWN, OWN.name or "file", OWN.content_type),
    ]


def told(number: int) -> dict[str, Any]:
    return {"message_id": number, "chat": {"id": CHAT, "type": "private"}, "date": 1}


BILL = Media("https://e.org/p", "application/pdf")
VOICE = Media("https://e.org/o", "audio/ogg")
OK = (Reply("OK", "ok"),)


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        # What is of another kind, or can be in no album, is a message of its own.
        (
            Content("Look", media=(PHOTO, PHOTO, BILL, VOICE, VOICE)),
            (
                Content("Look", media=(PHOTO, PHOTO)),
                Content(media=(BILL,)),
                Content(media=(VOICE,)),
                Content(media=(VOICE,)),
            ),
        ),
        (Content(media=(PHOTO,) * 11), (Content(media=(PHOTO,) * 10), Content(media=(PHOTO,)))),
        # An album has no buttons: they go below the words, or below the last file.
        (
            Content("Which?", media=(PHOTO, PHOTO), suggestions=OK),
            (Content(media=(PHOTO, PHOTO)), Content("Which?", suggestions=OK)),
        ),
        (
            Content(media=(PHOTO,) * 3, suggestions=OK),
            (Content(media=(PHOTO, PHOTO)), Content(media=(PHOTO,), suggestions=OK)),
        ),
        (
            Content("One", media=(PHOTO,), suggestions=OK),
            (Content("One", media=(PHOTO,), suggestions=OK),),
        ),
    ],
)
def test_albums(content: Content, parts: tuple[Content, ...]) -> None:
    shows = adapter.shows(CUSTOMER)
    assert adapt(content, shows).parts == parts
    assert all(map(shows.takes, parts))


@pytest.mark.parametrize(
    ("reply_to", "quoted"),
    [
        (f"{CUSTOMER}:12", {"message_id": 12, "allow_sending_without_reply": True}),
        ("", None),
        ("callback:4382", None),
        ("999:12", None),
        (f"{CUSTOMER}:x", None),
    ],
)
def test_quotes(reply_to: str, quoted: Any) -> None:
    _method, body = called("Hi", about=About(reply_to=reply_to))
    assert body.get("reply_parameters") == quoted


def test_what_is_too_long() -> None:
    rows = tuple(Row(str(n), "", "d" * 500) for n in range(10))
    for content in (Content("x" * (MAX_TEXT + 1)), Content("x", menu=Menu("Pick", rows))):
        with pytest.raises(TooLong):
            next(adapter.send(outbound(content)))


def test_what_is_no_caption_goes_apart() -> None:
    shows = adapter.shows(CUSTOMER)
    long = "w" * (MAX_CAPTION + 1)
    assert shows.takes(Content("w" * MAX_CAPTION, media=(PHOTO,)))
    assert adapt(Content(long, media=(PHOTO,)), shows).parts == (
        Content(long),
        Content(media=(PHOTO,)),
    )
    assert not shows.takes(Content("x", suggestions=(Dial("Call", "+14155550100"),)))
    assert not shows.takes(Content(cards=(Card("a"), Card("b"))))


# --- Taps ---------------------------------------------------------------------------------------


def test_a_long_payload_comes_back_as_its_label() -> None:
    """Over 64 bytes it stays with us: the label is what tells which answer it was."""
    [event] = adapter.parse(payload("callback_query_long"))
    assert (event.text, event.payload) == ("The long one", None)  # type: ignore[union-attr]


# --- Answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "error", "code"),
    [
        (problem(400, "Bad Request: chat not found"), Rejected, "400"),
        (problem(400, "Bad Request: message is too long"), TooLong, "400"),
        (problem(400, "Bad Request: message caption is too long"), TooLong, "400"),
        (problem(400, "Bad Request: can't parse entities"), Rejected, "400"),
        (problem(401, "Unauthorized"), BadCredentials, "401"),
        (problem(403, "Forbidden: bot was blocked by the user"), OptedOut, "403"),
        (problem(403, "Forbidden: user is deactivated"), OptedOut, "403"),
        (problem(403, "Forbidden: bot can't initiate conversation with a user"), Rejected, "403"),
        (Response(403, {}, b"<html>"), BadCredentials, "403"),
        (problem(404, "Not Found"), BadCredentials, "404"),
        (problem(409, "Conflict: terminated by other getUpdates"), BadCredentials, "409"),
        (problem(413, "Request Entity Too Large"), Rejected, "413"),
        (problem(418, "I'm a teapot"), Rejected, "418"),
        (problem(429, "Too Many Requests: retry after 9", retry_after=9), Throttled, "429"),
        (problem(500, "Internal Server Error"), Ambiguous, "500"),
        (problem(502, "Bad Gateway"), Ambiguous, "502"),
        (problem(503, "Service Unavailable"), Unreachable, "503"),
        (
            answer(
                200, {"ok": False, "error_code": 403, "description": "bot was blocked by the user"}
            ),
            OptedOut,
            "403",
        ),
        (answer(200, {"ok": True, "result": True}), Ambiguous, ""),
        (answer(200, {"ok": True, "result": {"message_id": 5}}), Ambiguous, ""),
    ],
)
def test_answer(response: Response, error: type[SendError], code: str) -> None:
    with pytest.raises(SendError) as raised:
        drive(adapter.send(outbound()), response)
    assert type(raised.value) is error
    assert raised.value.code == code
    assert raised.value.retry_after == (9 if error is Throttled else None)


def test_a_chat_that_moved_is_followed_once() -> None:
    moved = problem(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1005)
    sent, [first, second] = drive(adapter.send(outbound()), moved, accepted(8, -1005))
    assert (first.json["chat_id"], second.json["chat_id"]) == (CHAT, -1005)
    assert sent == Sent("-1005:8")
    with pytest.raises(Rejected):
        drive(adapter.send(outbound()), moved, moved)


# --- Typing, checking, registering, files -----------------------------------------------------


def test_shows_typing() -> None:
    steps = adapter.signal(Signal.TYPING, CUSTOMER, uid=UID)
    _none, [request] = drive(steps, answer(200, {"ok": True, "result": True}))
    assert request.url == f"{ROOT}/sendChatAction"
    assert request.json == {"chat_id": CHAT, "action": "typing"}
    silent = Telegram(config(signals="none"))
    assert not silent.capabilities.signals
    with pytest.raises(TypeError):
        next(silent.signal(Signal.TYPING, CUSTOMER, uid=UID))


def test_checks_who_the_bot_is() -> None:
    bot = {"id": 1, "is_bot": True, "first_name": "Corner Shop", "username": "corner_shop_bot"}
    found, [request] = drive(adapter.check(), answer(200, {"ok": True, "result": bot}))
    assert found == Checked("@corner_shop_bot, Corner Shop")
    assert request.url == f"{ROOT}/getMe"
    for response, error in (
        (problem(401, "Unauthorized"), BadCredentials),
        (problem(404, "Not Found"), BadCredentials),
        (problem(502), Unreachable),
        (answer(200, {"ok": True, "result": []}), Unreachable),
    ):
        with pytest.raises(error):
            drive(adapter.check(), response)


def test_registers_the_webhook_with_its_secret() -> None:
    url = "https://inbox.example.org/webhooks/x/"
    found, [request] = drive(adapter.register(url), answer(200, {"ok": True, "result": True}))
    assert found == Checked(BOT)
    assert request.url == f"{ROOT}/setWebhook"
    assert request.json == {
        "url": url,
        "secret_token": SECRET,
        "allowed_updates": [
            "message",
            "edited_message",
            "callback_query",
            "my_chat_member",
            "message_reaction",
        ],
    }
    with pytest.raises(BadCredentials):
        drive(adapter.register(url), problem(401, "Unauthorized"))
    with pytest.raises(Rejected, match="HTTPS"):
        drive(adapter.register(url), problem(400, "Bad Request: An HTTPS URL must be provided"))


def test_fetches_a_file_in_two_steps() -> None:
    [event] = adapter.parse(payload("message_document"))
    [attachment] = event.attachments  # type: ignore[union-attr]
    lies = {"file_id": "BQACd", "file_path": "documents/file 1.pdf"}
    file, [request] = drive(
        adapter.fetch(attachment.url), answer(200, {"ok": True, "result": lies})
    )
    assert (request.url, request.json) == (f"{ROOT}/getFile", {"file_id": "BQACd"})
    assert file.method == "GET"
    assert file.url == f"https://api.telegram.org/file/bot{TOKEN}/documents/file%201.pdf"
    assert TOKEN in file.secrets


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (problem(400, "Bad Request: file is too big"), Rejected),
        (problem(429, retry_after=3), Throttled),
        (problem(500), Unreachable),
        (answer(200, {"ok": True, "result": {}}), Unreachable),
        (answer(200, {"ok": True, "result": {"file_path": "../../bot1/getMe"}}), Unreachable),
    ],
)
def test_a_file_that_is_not_to_be_had(response: Response, error: type[SendError]) -> None:
    with pytest.raises(error):
        drive(adapter.fetch("https://api.telegram.org/file_id/X"), response)


@pytest.mark.parametrize(
    ("field", "value", "fits"),
    [
        ("bot_token", TOKEN, True),
        ("bot_token", "123456789", False),
        ("bot_token", f"{TOKEN}/../x", False),
        ("username", "@corner_shop_bot", True),
        ("username", "t.me/corner", False),
        ("secret_token", "short", False),
    ],
)
def test_settings(field: str, value: str, fits: bool) -> None:
    import re

    [found] = [one for one in adapter.fields if one.name == field]
    assert bool(re.fullmatch(found.pattern, value)) is fits
    assert Telegram.channel_address(config(username="@corner_shop_bot")) == BOT


@pytest.mark.parametrize(("emoji", "given"), [("❤️", [{"type": "emoji", "emoji": "❤"}]), ("", [])])
def test_a_reaction_is_given_and_taken_back(emoji: str, given: list[Any]) -> None:
    about = About(reply_to=f"{CUSTOMER}:12", reacts=True, reaction=emoji)
    sent, [request] = drive(
        adapter.react(outbound("", about=about)), answer(200, {"ok": True, "result": True})
    )
    assert request.url == f"{ROOT}/setMessageReaction"
    assert request.json == {"chat_id": CHAT, "message_id": 12, "reaction": given}
    assert sent == Sent(f"reaction:{UID}")


def test_what_becomes_of_a_reaction_is_never_unclear() -> None:
    about = About(reply_to=f"{CUSTOMER}:12", reacts=True, reaction="👍")
    with pytest.raises(Unreachable):
        drive(adapter.react(outbound("", about=about)), answer(502, {}))
    with pytest.raises(Rejected):
        drive(adapter.react(outbound("", about=About("999:12", reacts=True))))
