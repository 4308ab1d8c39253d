"""What Messenger and Instagram are asked, message by message, and what their answers mean."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels_social.instagram import Instagram
from channels_social.messaging_account import MessagingAccount
from channels_social.messenger import Messenger
from gateway.content.adapting import adapt
from gateway.content.changes import changes
from gateway.content.model import (
    Card,
    Content,
    Dial,
    Location,
    Media,
    Menu,
    OpenUrl,
    Reply,
    Row,
)
from gateway.content.reading import write
from gateway.contract import Request, Response, Signal
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    NotCapable,
    Rejected,
    SendError,
    Throttled,
    TooLong,
    Unreachable,
    WindowClosed,
)
from gateway.events import About, OutboundMessage, Window
from tests.gateway.test_conformance import drive
from tests.payloads.instagram import exhibit as of_instagram
from tests.payloads.messenger import exhibit as of_messenger

MESSENGER = Messenger(of_messenger.config())
INSTAGRAM = Instagram(of_instagram.config())
PERSON = of_messenger.CUSTOMER
UID = "0d7b3c1a-aaaa-4bbb-8ccc-ddddeeeeffff"
ACCEPTED = Response(200, {}, b'{"recipient_id": "1", "message_id": "m_500"}')
PICTURE = Media("https://inbox.example.org/m/a1", "image/png", "mug.png", 5000)
PDF = Media("https://inbox.example.org/m/a2", "application/pdf", "bill.pdf", 5000)
VIDEO = Media("https://inbox.example.org/m/a3", "video/mp4", "v.mp4", 5000)
YES, NO = Reply("Yes", "yes:1"), Reply("No")
SITE = OpenUrl("Our site", "https://shop.example/")


def message(content: Content, about: About | None = None, **more: Any) -> OutboundMessage:
    found = {"status_url": "", "content": write(content), "media": content.media} | more
    return OutboundMessage(UID, PERSON, content.text, about=about or About(), **found)


def asked(adapter: MessagingAccount, out: OutboundMessage) -> Request:
    """The only request that sends this."""
    _sent, requests = drive(adapter.send(out), ACCEPTED)
    assert len(requests) == 1
    return requests[0]


def sent(adapter: MessagingAccount, content: Content) -> Any:
    """The ``message`` of the request that sends this content; it is one part."""
    assert adapt(content, adapter.shows(PERSON)).parts == (content,)
    body = asked(adapter, message(content)).json["message"]
    return {name: value for name, value in body.items() if name != "metadata"}


def attached(kind: str, url: str) -> dict[str, Any]:
    return {"attachment": {"type": kind, "payload": {"url": url, "is_reusable": False}}}


def template(kind: str, **payload: Any) -> dict[str, Any]:
    return {"attachment": {"type": "template", "payload": {"template_type": kind, **payload}}}


def quick(title: str, payload: str) -> dict[str, str]:
    return {"content_type": "text", "title": title, "payload": payload}


SITE_BUTTON = {"type": "web_url", "url": "https://shop.example/", "title": "Our site"}
YES_BUTTON = {"type": "postback", "title": "Yes", "payload": "yes:1"}
MUGS = (
    Card("Blue mug", "9 €", PICTURE, (YES, SITE)),
    Card("Red mug", "", PICTURE, (NO,)),
    Card("", "More soon", None, (SITE,)),
)
ELEMENTS = [
    {
        "title": "Blue mug",
        "subtitle": "9 €",
        "image_url": PICTURE.url,
        "buttons": [YES_BUTTON, SITE_BUTTON],
    },
    {
        "title": "Red mug",
        "image_url": PICTURE.url,
        "buttons": [{"type": "postback", "title": "No", "payload": "No"}],
    },
    {"title": "More soon", "buttons": [SITE_BUTTON]},
]

SENT: dict[str, tuple[Content, dict[str, Any]]] = {
    "text": (Content("¡Hola! 👋"), {"text": "¡Hola! 👋"}),
    "picture": (Content(media=(PICTURE,)), attached("image", PICTURE.url)),
    "video": (Content(media=(VIDEO,)), attached("video", VIDEO.url)),
    "quick replies": (
        Content("Sure?", suggestions=(YES, NO)),
        {"text": "Sure?", "quick_replies": [quick("Yes", "yes:1"), quick("No", "No")]},
    ),
    "buttons": (
        Content("Look", suggestions=(SITE, YES)),
        template("button", text="Look", buttons=[SITE_BUTTON, YES_BUTTON]),
    ),
    "card": (Content(cards=MUGS[:1]), template("generic", elements=ELEMENTS[:1])),
    "card of words": (Content(cards=(Card("Only a title"),)), {"text": "Only a title"}),
    "carousel": (Content(cards=MUGS), template("generic", elements=ELEMENTS)),
}


@pytest.mark.parametrize("adapter", [MESSENGER, INSTAGRAM], ids=["messenger", "instagram"])
@pytest.mark.parametrize("name", SENT)
def test_sends(adapter: MessagingAccount, name: str) -> None:
    content, expected = SENT[name]
    assert sent(adapter, content) == expected


def test_what_messenger_shows_alone() -> None:
    assert sent(MESSENGER, Content(media=(PDF,))) == attached("file", PDF.url)
    call = Content("Call us", suggestions=(Dial("Call", "+34900100200"),))
    button = {"type": "phone_number", "title": "Call", "payload": "+34900100200"}
    assert sent(MESSENGER, call) == template("button", text="Call us", buttons=[button])


ADAPTED: dict[str, tuple[MessagingAccount, Content, list[Content]]] = {
    "no such file on Instagram": (
        INSTAGRAM,
        Content("Your bill", media=(PDF,)),
        [Content(f"Your bill\n\nbill.pdf: {PDF.url}")],
    ),
    "words beside a file": (
        MESSENGER,
        Content("Look", media=(PICTURE, VIDEO)),
        [Content("Look"), Content(media=(PICTURE,)), Content(media=(VIDEO,))],
    ),
    "a list": (
        MESSENGER,
        Content("Size?", menu=Menu("Sizes", (Row("S"), Row("M")))),
        [Content("Size?\n\nSizes:\n1. S\n2. M")],
    ),
    "a place": (
        INSTAGRAM,
        Content(location=Location(40.4, -3.7, "Shop")),
        [Content("Shop\nhttps://www.google.com/maps/search/?api=1&query=40.400000,-3.700000")],
    ),
    "buttons below long words": (
        MESSENGER,
        Content("x" * 641, suggestions=(SITE,)),
        [Content("x" * 641 + "\n\nOur site: https://shop.example/")],
    ),
    "more buttons than there is room for": (
        MESSENGER,
        Content("Look", suggestions=(SITE, SITE, SITE, YES)),
        [Content("Look\n\n" + "Our site: https://shop.example/\n" * 3 + "1. Yes")],
    ),
    "a number to call on Instagram": (
        INSTAGRAM,
        Content("Call us", suggestions=(Dial("Call", "+34900100200"),)),
        [Content("Call us\n\nCall: +34900100200")],
    ),
}


@pytest.mark.parametrize("name", ADAPTED)
def test_what_is_not_shown_is_adapted(name: str) -> None:
    adapter, content, parts = ADAPTED[name]
    adapted = adapt(content, adapter.shows(PERSON))
    assert list(adapted.parts) == parts
    assert changes(content, adapted, adapter.shows(PERSON), "It")
    for part in adapted.parts:
        asked(adapter, message(part))


def test_the_request() -> None:
    request = asked(MESSENGER, message(Content("Hola")))
    assert request.method == "POST"
    assert request.url == f"https://graph.facebook.com/v25.0/{of_messenger.PAGE}/messages"
    assert request.headers == {"Authorization": "Bearer EAAGpagetoken0123456789"}
    assert request.json == {
        "recipient": {"id": PERSON},
        "message": {"text": "Hola", "metadata": UID},
        "messaging_type": "RESPONSE",
    }
    other = Messenger(of_messenger.config(api_version="v26.0"))
    assert "/v26.0/" in asked(other, message(Content("Hola"))).url


# --- Two logins ---------------------------------------------------------------------------------


def test_instagram_is_asked_where_the_account_was_connected() -> None:
    own = Instagram(of_instagram.config(login="instagram"))
    assert asked(INSTAGRAM, message(Content("x"))).url == (
        "https://graph.facebook.com/v25.0/me/messages"
    )
    assert asked(own, message(Content("x"))).url == "https://graph.instagram.com/v25.0/me/messages"
    look = Instagram(of_instagram.config(login="instagram"), base_url="http://127.0.0.1:9/look")
    assert asked(look, message(Content("x"))).url == "http://127.0.0.1:9/look/v25.0/me/messages"


# --- When it may be sent ------------------------------------------------------------------------

NOW = datetime.now(UTC)
OPEN, CLOSED = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
TAGGED = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
RESPONSE, UPDATE = {"messaging_type": "RESPONSE"}, {"messaging_type": "UPDATE"}
HUMAN = About(person=True)
APPROVED = Messenger(of_messenger.config(human_agent="on"))


@pytest.mark.parametrize(
    ("adapter", "about", "until", "expected"),
    [
        (APPROVED, HUMAN, CLOSED, TAGGED),
        (APPROVED, HUMAN, OPEN, RESPONSE),
        (APPROVED, HUMAN, None, RESPONSE),
        (APPROVED, About(), CLOSED, RESPONSE),
        (MESSENGER, HUMAN, CLOSED, RESPONSE),
    ],
)
def test_a_person_may_answer_later_if_meta_has_approved(
    adapter: Messenger, about: About, until: datetime | None, expected: dict[str, str]
) -> None:
    body = asked(adapter, message(Content("Hi"), about, window_until=until)).json
    assert {name: body[name] for name in body.keys() & {"messaging_type", "tag"}} == expected


def test_marketing_is_said_to_be_no_answer() -> None:
    assert asked(MESSENGER, message(Content("Sale"), marketing=True)).json.items() >= UPDATE.items()


def test_the_windows() -> None:
    day, week = Window(86_400), Window(7 * 86_400)
    for adapter in (MESSENGER, INSTAGRAM):
        assert (adapter.capabilities.window, adapter.capabilities.human_window) == (day, None)
    assert (APPROVED.capabilities.window, APPROVED.capabilities.human_window) == (day, week)


# --- Comments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("adapter", "about", "path"),
    [
        (MESSENGER, About("10_20", "1_10", public=True), "10_20/comments"),
        (MESSENGER, About("", "1_10", public=True), "1_10/comments"),
        (INSTAGRAM, About("179200", "179100", public=True), "179200/replies"),
        (INSTAGRAM, About("", "179100", public=True), "179100/comments"),
    ],
)
def test_answers_below_a_comment(adapter: MessagingAccount, about: About, path: str) -> None:
    out = message(Content("9 €", suggestions=(YES,)), about)
    sent, requests = drive(adapter.send(out), Response(200, {}, b'{"id": "10_30"}'))
    assert sent.external_id == "10_30"
    assert [one.url for one in requests] == [f"https://graph.facebook.com/v25.0/{path}"]
    assert requests[0].json == {"message": "9 €\n\n1. Yes"}


def test_a_picture_below_a_comment() -> None:
    about = About("10_20", public=True)
    steps = MESSENGER.send(message(Content(media=(PICTURE,)), about))
    assert next(steps).json == {"attachment_url": PICTURE.url}
    steps = INSTAGRAM.send(message(Content(media=(PICTURE,)), about))
    assert next(steps).json == {"message": f"mug.png: {PICTURE.url}"}


def test_an_answer_in_private_to_a_comment_names_it() -> None:
    for adapter, identity in ((MESSENGER, "10_20"), (INSTAGRAM, "17900000000000200")):
        body = asked(adapter, message(Content("Hello"), About(identity, person=True))).json
        assert body["recipient"] == {"comment_id": identity}
        assert body["message"]["text"] == "Hello"
        assert "messaging_type" not in body


def test_an_answer_to_a_message_is_for_its_person() -> None:
    for identity in ("m_001", "aWdfZAG1", ""):
        body = asked(MESSENGER, message(Content("Hello"), About(identity))).json
        assert body["recipient"] == {"id": PERSON}


def test_a_public_answer_to_nothing_and_a_long_one_are_refused() -> None:
    with pytest.raises(Rejected):
        next(MESSENGER.send(message(Content("x"), About("m_1", public=True))))
    with pytest.raises(TooLong):
        next(INSTAGRAM.send(message(Content("x" * 2201), About("1", public=True))))


# --- Answers ------------------------------------------------------------------------------------


def problem(code: int, subcode: int = 0, words: str = "Meta's words") -> bytes:
    found = {"message": words, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    return json.dumps({"error": found | ({"error_subcode": subcode} if subcode else {})}).encode()


@pytest.mark.parametrize(
    ("code", "subcode", "error"),
    [
        (190, 463, BadCredentials),
        (10, 0, BadCredentials),
        (200, 0, BadCredentials),
        (299, 0, BadCredentials),
        (10, 2018278, WindowClosed),
        (10, 2534022, WindowClosed),
        (10, 1893063, BadCredentials),
        (551, 1545041, NotCapable),
        (100, 2018001, Rejected),
        (100, 1893061, Rejected),
        (100, 0, Rejected),
        (4, 0, Throttled),
        (32, 0, Throttled),
        (613, 0, Throttled),
        (80006, 0, Throttled),
        (1, 0, Ambiguous),
        (2, 0, Ambiguous),
        (1200, 0, Unreachable),
        (368, 0, BadCredentials),
        (2018109, 0, Rejected),
        (2018344, 0, BadCredentials),
        (987654, 0, Rejected),
    ],
)
def test_an_error_has_a_class(code: int, subcode: int, error: type[SendError]) -> None:
    for adapter in (MESSENGER, INSTAGRAM):
        with pytest.raises(error) as raised:
            drive(adapter.send(message(Content("x"))), Response(400, {}, problem(code, subcode)))
        assert type(raised.value) is error
        assert (raised.value.code, raised.value.text) == (str(code), "Meta's words")


def test_too_long_a_text_never_leaves() -> None:
    with pytest.raises(TooLong):
        next(MESSENGER.send(message(Content("x" * 2001))))
    with pytest.raises(TooLong):
        next(INSTAGRAM.send(message(Content("x" * 1001))))


# --- Signals and the check ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signal", "action"), [(Signal.TYPING, "typing_on"), (Signal.READ, "mark_seen")]
)
def test_signals(signal: Signal, action: str) -> None:
    steps = MESSENGER.signal(signal, PERSON, uid=UID, about="m_001")
    _none, requests = drive(steps, Response(200, {}, b'{"recipient_id": "1"}'))
    assert [one.json for one in requests] == [
        {"recipient": {"id": PERSON}, "sender_action": action}
    ]
    assert requests[0].url.endswith(f"/{of_messenger.PAGE}/messages")


def test_signals_can_be_switched_off() -> None:
    assert Messenger(of_messenger.config(signals="read")).capabilities.signals == {Signal.READ}


@pytest.mark.parametrize(
    ("adapter", "path", "answer", "words"),
    [
        (MESSENGER, "me", {"id": of_messenger.PAGE, "name": "Shop"}, "Shop (106540352242922)"),
        (
            INSTAGRAM,
            of_instagram.ACCOUNT,
            {"id": of_instagram.ACCOUNT, "username": "shop"},
            "@shop (17841405822304914)",
        ),
        (
            Instagram(of_instagram.config(login="instagram")),
            "me",
            {"id": "77", "user_id": of_instagram.ACCOUNT, "username": "shop"},
            "@shop (17841405822304914)",
        ),
    ],
)
def test_check(adapter: MessagingAccount, path: str, answer: dict[str, str], words: str) -> None:
    checked, requests = drive(adapter.check(), Response(200, {}, json.dumps(answer).encode()))
    assert (checked.summary, checked.tried) == (words, True)
    assert requests[0].method == "GET"
    assert requests[0].url.endswith(f"/v25.0/{path}")


def test_a_token_of_another_page_is_refused() -> None:
    for adapter in (MESSENGER, Instagram(of_instagram.config(login="instagram"))):
        answer = Response(200, {}, b'{"id": "999", "name": "Other", "username": "other"}')
        with pytest.raises(BadCredentials, match=r"ther \(999\)"):
            drive(adapter.check(), answer)


@pytest.mark.parametrize("adapter", [MESSENGER, INSTAGRAM])
def test_a_reaction_is_given_in_metas_word_and_taken_back(adapter: MessagingAccount) -> None:
    given = About(reply_to="m_1", reacts=True, reaction="❤")
    sent, [request] = drive(adapter.react(message(Content(), given)), Response(200, {}, b"{}"))
    assert request.json == {
        "recipient": {"id": PERSON},
        "sender_action": "react",
        "payload": {"message_id": "m_1", "reaction": "love"},
    }
    assert sent.external_id == f"reaction:{UID}"
    taken = About(reply_to="m_1", reacts=True)
    _sent, [request] = drive(adapter.react(message(Content(), taken)), Response(200, {}, b"{}"))
    assert request.json["sender_action"] == "unreact"
    assert request.json["payload"] == {"message_id": "m_1"}


def test_instagram_takes_the_heart_alone() -> None:
    able = INSTAGRAM.capabilities.reactions
    assert able is not None
    assert able.take("❤")
    assert not able.take("👍")
