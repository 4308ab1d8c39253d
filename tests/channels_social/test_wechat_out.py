"""What is asked of WeChat, and what its answers mean."""

import json
import uuid
from collections.abc import Generator
from typing import Any

import pytest

from channels_social.wechat import WeChat
from gateway.content.adapting import adapt
from gateway.content.model import (
    Card,
    Content,
    Location,
    Media,
    OpenUrl,
    Reply,
    TemplateUse,
)
from gateway.content.reading import write
from gateway.content.templates import ProviderTemplate, TemplateStatus
from gateway.contract import Checked, Part, Request, Response, Sent, Signal, Token
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    OptedOut,
    Rejected,
    SendError,
    Throttled,
    TooLong,
    Unreachable,
    WindowClosed,
)
from gateway.events import OutboundMessage
from tests.payloads.wechat.exhibit import APP_ID, CONFIG, CUSTOMER, SECRET

adapter = WeChat(CONFIG)
API = "https://api.weixin.qq.com/cgi-bin"
UID = str(uuid.uuid4())
PICTURE = Media("https://example.org/a.jpg", "image/jpeg", "a.jpg")
UTF8 = {"Content-Type": "application/json; charset=utf-8"}


def outbound(content: Content | str = "Hi", **more: Any) -> OutboundMessage:
    found = Content(text=content) if isinstance(content, str) else content
    return OutboundMessage(
        UID, CUSTOMER, found.text, "https://x/", write(found), found.media, **more
    )


def answer(status: int = 200, **body: Any) -> Response:
    return Response(status, {}, json.dumps(body).encode())


OK = answer(errcode=0, errmsg="ok")


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


def shown(content: Content, *before: Response) -> Any:
    assert adapter.shows(CUSTOMER).takes(content)
    sent, requests = drive(adapter.send(outbound(content)), *before, OK)
    assert sent == Sent(UID)
    request = requests[-1]
    assert (request.method, request.url) == ("POST", f"{API}/message/custom/send")
    assert (request.headers, request.json) == (UTF8, None)
    body = json.loads(request.body or b"")
    assert body.pop("touser") == CUSTOMER
    return body


# --- Content --------------------------------------------------------------------------------------


def test_text_goes_unescaped() -> None:
    """WeChat would show \\u4f60 as it stands."""
    assert shown(Content("你好 👋")) == {"msgtype": "text", "text": {"content": "你好 👋"}}
    _sent, [request] = drive(adapter.send(outbound("你好 👋")), OK)
    assert '"你好 👋"'.encode() in (request.body or b"")
    assert request.grant is not None
    assert request.grant.param == "access_token"


@pytest.mark.parametrize(
    ("media", "word"),
    [
        (PICTURE, "image"),
        (Media("https://example.org/a.mp4", "video/mp4", "a.mp4"), "video"),
        (Media("https://example.org/a.amr", "audio/amr"), "voice"),
    ],
)
def test_a_file_is_uploaded_before_it_is_sent(media: Media, word: str) -> None:
    content, kept = Content(media=(media,)), answer(type=word, media_id="m1", created_at=1)
    assert shown(content, kept) == {"msgtype": word, word: {"media_id": "m1"}}
    upload = next(adapter.send(outbound(content)))
    assert (upload.method, upload.url) == ("POST", f"{API}/media/upload")
    assert upload.params == [("type", word)]
    assert upload.parts == [Part("media", media, media.name or "file", media.content_type)]
    assert upload.grant is not None


@pytest.mark.parametrize(
    ("kept", "error"),
    [
        (answer(errcode=40004, errmsg="invalid media type"), Rejected),
        (answer(500), Unreachable),
        (answer(), Unreachable),
    ],
)
def test_an_upload_that_fails_leaves_nothing_unclear(
    kept: Response, error: type[SendError]
) -> None:
    with pytest.raises(error):
        drive(adapter.send(outbound(Content(media=(PICTURE,)))), kept)


def test_a_card_is_an_article() -> None:
    card = Card("Title", "Words", PICTURE, (OpenUrl("See more", "https://example.org/"),))
    assert shown(Content(cards=(card,))) == {
        "msgtype": "news",
        "news": {
            "articles": [
                {
                    "title": "Title",
                    "description": "Words\nSee more ›",
                    "picurl": PICTURE.url,
                    "url": "https://example.org/",
                }
            ]
        },
    }
    [bare] = shown(Content(cards=(Card(text="Words"),)))["news"]["articles"]
    assert bare == {"title": "Words", "description": ""}


def test_suggestions_are_a_menu() -> None:
    taps = (Reply("Yes", "order:42:yes"), Reply("No"), Reply("Long", "x" * 64))
    assert shown(Content("Well?", suggestions=taps)) == {
        "msgtype": "msgmenu",
        "msgmenu": {
            "head_content": "Well?",
            "list": [
                {"id": "order:42:yes", "content": "Yes"},
                {"id": "No", "content": "No"},
                {"id": "x" * 64, "content": "Long"},
            ],
            "tail_content": "",
        },
    }


@pytest.mark.parametrize(
    ("content", "taken"),
    [
        (Content("x" * 2048), True),
        (Content("你" * 682), True),
        (Content("你" * 683), False),
        (Content("x", suggestions=(Reply("y"),) * 10), True),
        (Content("x", suggestions=(Reply("y"),) * 11), False),
        (Content("x", suggestions=(Reply("y", "p" * 65),)), False),
        (Content("x", suggestions=(OpenUrl("y", "https://x/"),)), False),
        (Content(media=(PICTURE,), suggestions=(Reply("y"),)), False),
        (Content(cards=(Card("x"),), suggestions=(Reply("y"),)), False),
        (Content(cards=(Card(media=PICTURE),)), False),
        (Content(cards=(Card("x"),) * 2), False),
        (Content(cards=(Card("x", suggestions=(Reply("y"),)),)), False),
        (Content("words", media=(PICTURE,)), False),
        (Content(media=(Media("https://x/", "video/mp4", size=10_000_001),)), False),
        (Content(location=Location(1, 2)), False),
    ],
)
def test_what_wechat_shows(content: Content, taken: bool) -> None:
    assert adapter.shows(CUSTOMER).takes(content) is taken


def test_a_long_text_is_cut_where_wechat_counts() -> None:
    """A character may be four bytes; a piece never has more than WeChat takes."""
    parts = adapt(Content("你" * 1000 + "👋" * 1000), adapter.shows(CUSTOMER)).parts
    assert "".join(part.text for part in parts) == "你" * 1000 + "👋" * 1000
    assert [len(part.text.encode()) for part in parts] == [2046, 2046, 2048, 860]
    with pytest.raises(TooLong):
        next(adapter.send(outbound("你" * 683)))


def test_answers_below_a_card_are_numbered() -> None:
    content = Content(cards=(Card("Title"),), suggestions=(Reply("Yes", "y"), Reply("No", "n")))
    adapted = adapt(content, adapter.shows(CUSTOMER))
    assert adapted.parts == (Content(cards=(Card("Title"),)), Content("1. Yes\n2. No"))
    assert [one.answer.payload for one in adapted.options] == ["y", "n"]


# --- Templates ------------------------------------------------------------------------------------

USE = TemplateUse(
    "订单 ngqIpbwh8bUfcSsECmogfXcV14J0tQlEpBO27izEYtY",
    "zh_CN",
    "Your order 42",
    body=(("first", "Your order"), ("keyword1", "42 你")),
)


def test_a_template_goes_by_its_id() -> None:
    sent, [request] = drive(
        adapter.send(outbound(Content(template=USE))),
        answer(errcode=0, errmsg="ok", msgid=200228332),
    )
    assert sent == Sent("200228332")
    assert request.url == f"{API}/message/template/send"
    assert json.loads(request.body or b"") == {
        "touser": CUSTOMER,
        "template_id": "ngqIpbwh8bUfcSsECmogfXcV14J0tQlEpBO27izEYtY",
        "data": {"first": {"value": "Your order"}, "keyword1": {"value": "42 你"}},
    }
    with pytest.raises(Ambiguous):
        drive(adapter.send(outbound(Content(template=USE))), OK)


def test_a_template_may_open_a_page() -> None:
    use = TemplateUse("x", "zh_CN", "Hi", buttons=((0, "https://example.org/42"),))
    request = next(adapter.send(outbound(Content(template=use))))
    assert json.loads(request.body or b"")["url"] == "https://example.org/42"


def test_templates_are_listed() -> None:
    row = {
        "template_id": "iPk5sOIt5X_flOVKn5GrTFpncEYTojx6ddbt8WYoV5s",
        "title": "领取奖金提醒",
        "primary_industry": "IT",
        "deputy_industry": "Internet",
        "content": "{ {result.DATA} }\nPaid:{{ amount.DATA }}\nBy:{{card.DATA}}",
        "example": "…",
    }
    found, [request] = drive(adapter.templates(), answer(template_list=[row, {}, 5]))
    assert (request.method, request.url) == ("GET", f"{API}/template/get_all_private_template")
    assert found == (
        ProviderTemplate(
            external_id="iPk5sOIt5X_flOVKn5GrTFpncEYTojx6ddbt8WYoV5s",
            name="领取奖金提醒 iPk5sOIt5X_flOVKn5GrTFpncEYTojx6ddbt8WYoV5s",
            language="zh_CN",
            category="it",
            status=TemplateStatus.APPROVED,
            body="{ {result.DATA} }\nPaid:{{amount}}\nBy:{{card}}",
        ),
    )
    for wrong in (answer(), answer(template_list=5), answer(500)):
        with pytest.raises(Unreachable):
            drive(adapter.templates(), wrong)


# --- Answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "error", "wait"),
    [
        (-1, Unreachable, None),
        (40001, BadCredentials, None),
        (40003, Rejected, None),
        (40007, Rejected, None),
        (40013, BadCredentials, None),
        (40014, BadCredentials, None),
        (40037, Rejected, None),
        (40125, BadCredentials, None),
        (40164, BadCredentials, None),
        (42001, BadCredentials, None),
        (43004, OptedOut, None),
        (45002, TooLong, None),
        (45009, Throttled, 3600),
        (45011, Throttled, 60),
        (45015, WindowClosed, None),
        (45047, WindowClosed, None),
        (47001, Rejected, None),
        (48001, BadCredentials, None),
        (48002, OptedOut, None),
        (50002, BadCredentials, None),
        (99999, Rejected, None),
    ],
)
def test_refusals_are_answered_with_200(
    code: int, error: type[SendError], wait: float | None
) -> None:
    with pytest.raises(SendError) as refused:
        drive(adapter.send(outbound()), answer(errcode=code, errmsg="said rid: 1"))
    assert type(refused.value) is error
    assert (refused.value.code, refused.value.retry_after) == (str(code), wait)
    assert refused.value.text.endswith("said rid: 1")


# --- The token ------------------------------------------------------------------------------------


def test_the_token_is_the_one_every_process_is_given() -> None:
    grant = next(adapter.check()).grant
    assert grant is not None
    asked = grant.ask()
    assert (asked.method, asked.url) == ("POST", f"{API}/stable_token")
    body = {"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET}
    assert asked.json == body
    assert SECRET not in grant.key
    assert grant.read(answer(access_token="t1", expires_in=7200)) == Token("t1", 6900)
    assert grant.read(answer(access_token="t1", expires_in=60)) == Token("t1", 30)


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_token_that_is_taken_no_more(code: int) -> None:
    grant = next(adapter.check()).grant
    assert grant is not None
    assert grant.stale is not None
    assert grant.stale(answer(errcode=code))
    assert not grant.stale(OK)
    assert not grant.stale(Response(200, {}, b"<html>"))


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (answer(errcode=40125, errmsg="invalid appsecret"), BadCredentials),
        (answer(errcode=40164, errmsg="invalid ip"), BadCredentials),
        (answer(errcode=45009), Throttled),
        (answer(500), Unreachable),
        (answer(), Unreachable),
        (answer(access_token="a b\n"), Unreachable),
    ],
)
def test_no_token(response: Response, error: type[SendError]) -> None:
    grant = next(adapter.check()).grant
    assert grant is not None
    with pytest.raises(error):
        grant.read(response)


# --- Beside messages ------------------------------------------------------------------------------


def test_typing() -> None:
    steps = adapter.signal(Signal.TYPING, CUSTOMER, uid=UID)
    _none, [request] = drive(steps, OK)
    assert (request.method, request.url) == ("POST", f"{API}/message/custom/typing")
    assert json.loads(request.body or b"") == {"touser": CUSTOMER, "command": "Typing"}
    assert WeChat(CONFIG | {"signals": "none"}).capabilities.signals == frozenset()


def test_check_names_the_account() -> None:
    found, [request] = drive(adapter.check(), answer(ip_list=["127.0.0.1"]))
    assert found == Checked("gh_7f083739789a, wx5823bf96d3bd56c7")
    assert (request.method, request.url) == ("GET", f"{API}/getcallbackip")
    with pytest.raises(BadCredentials):
        drive(adapter.check(), answer(errcode=48001, errmsg="api unauthorized"))


FILE = f"{API}/media/get?media_id=m%261"


def test_fetches_a_file_with_the_token() -> None:
    request, [question] = drive(adapter.fetch(FILE), Response(200, {}, b"\xff\xd8"))
    for one in (request, question):
        assert (one.url, one.params) == (f"{API}/media/get", [("media_id", "m&1")])
        assert one.grant is not None


def test_a_video_lies_elsewhere() -> None:
    place = "https://vweixinp.tc.qq.com/1007_a.mp4"
    said = place.replace("https", "http")
    request, _asked = drive(adapter.fetch(FILE), answer(video_url=said))
    assert request == Request("GET", place)


@pytest.mark.parametrize(
    ("response", "error"),
    [(answer(errcode=40007, errmsg="invalid media_id"), Rejected), (answer(x=1), Unreachable)],
)
def test_a_file_that_is_gone(response: Response, error: type[SendError]) -> None:
    with pytest.raises(error):
        drive(adapter.fetch(FILE), response)
