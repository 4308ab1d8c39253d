"""What is asked of X, and what its answers mean."""

import json
import time
import uuid
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from channels_social.x import X
from channels_social.x_errors import failure
from channels_social.x_oauth import app_grant
from channels_social.x_poll import Cursor, Place
from channels_social.x_register import EVENTS
from gateway.content.model import Media
from gateway.contract import Checked, Part, Request, Response, Sent
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    Rejected,
    SendError,
    Throttled,
    TooLong,
    Unreachable,
)
from gateway.events import About, OutboundMessage, Sought
from tests.payloads.x.exhibit import BOB, CONFIG, OWN, URL

BASE = "http://127.0.0.1:9/x"
adapter = X(CONFIG, base_url=BASE)
POST = "2080765813578191303"
PUBLIC = About(reply_to=POST, thread=POST, public=True)
PNG = Media("https://inbox.example.org/f/a", "image/png", "a.png", 1000)
GIF = Media("https://inbox.example.org/f/b", "image/gif", "b.gif", 1000)
SENT = "2080765813578195555"
PROBLEM = "https://api.twitter.com/2/problems/"


def outbound(text: str = "On its way!", about: About = PUBLIC, *media: Media) -> OutboundMessage:
    return OutboundMessage(
        str(uuid.uuid4()), BOB, text, "", {"text": text}, media=media, about=about
    )


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


def asked(request: Request) -> tuple[str, str, Any]:
    """Method, path and JSON; every request is signed as the account, and its keys are hidden."""
    assert request.headers["Authorization"].startswith("OAuth ")
    assert set(request.secrets) == {
        CONFIG[name] for name in ("consumer_secret", "access_token", "access_token_secret")
    }
    assert request.url.startswith(BASE)
    return request.method, request.url.removeprefix(BASE), request.json


# --- Sending ------------------------------------------------------------------------------------

TWEETS = "/2/tweets"
DIRECT = f"/2/dm_conversations/with/{BOB}/messages"
TO_POST = {"in_reply_to_tweet_id": POST}


@pytest.mark.parametrize(
    ("message", "path", "body"),
    [
        (outbound(), TWEETS, {"text": "On its way!", "reply": TO_POST}),
        (outbound("Q1 #acmechat", About(public=True)), TWEETS, {"text": "Q1 #acmechat"}),
        (outbound("Hi", About()), DIRECT, {"text": "Hi"}),
        # What a direct message answers cannot be named.
        (outbound("Hi", About(reply_to="5")), DIRECT, {"text": "Hi"}),
    ],
)
def test_texts(message: OutboundMessage, path: str, body: Any) -> None:
    ids = {"id": SENT, "dm_event_id": SENT}
    sent, [request] = drive(adapter.send(message), answer(201, {"data": ids}))
    assert sent == Sent(SENT)
    assert asked(request) == ("POST", path, body)
    assert request.private == {"text"}


@pytest.mark.parametrize(
    ("message", "category", "path", "body"),
    [
        (
            outbound("See", PUBLIC, PNG, PNG),
            "tweet_image",
            TWEETS,
            {"text": "See", "reply": TO_POST, "media": {"media_ids": ["71", "72"]}},
        ),
        (
            outbound("", PUBLIC, PNG),
            "tweet_image",
            TWEETS,
            {"reply": TO_POST, "media": {"media_ids": ["71"]}},
        ),
        (
            outbound("See", About(), PNG),
            "dm_image",
            DIRECT,
            {"text": "See", "attachments": [{"media_id": "71"}]},
        ),
        (outbound("", About(), GIF), "dm_gif", DIRECT, {"attachments": [{"media_id": "71"}]}),
    ],
)
def test_files_go_first(message: OutboundMessage, category: str, path: str, body: Any) -> None:
    uploads = [answer(200, {"data": {"id": f"7{n + 1}"}}) for n in range(len(message.media))]
    done = answer(201, {"data": {"id": SENT, "dm_event_id": SENT}})
    sent, requests = drive(adapter.send(message), *uploads, done)
    assert sent == Sent(SENT)
    for request, media in zip(requests, message.media, strict=False):
        assert asked(request) == ("POST", "/2/media/upload", None)
        assert request.parts == (Part("media_category", category), Part("media", media))
    assert asked(requests[-1]) == ("POST", path, body)


def test_nothing_is_posted_while_a_file_is_unclear() -> None:
    """Nobody has seen an upload: whatever became of it, all can be repeated."""
    for response in (answer(500), answer(200, {}), answer(302)):
        with pytest.raises(Unreachable):
            drive(adapter.send(outbound("See", PUBLIC, PNG)), response)
    with pytest.raises(Rejected):
        drive(adapter.send(outbound("See", PUBLIC, PNG)), answer(413, {}))


def test_the_length_is_weighed_before_anything_is_sent() -> None:
    next(adapter.send(outbound("語" * 140)))
    for text in ("語" * 141, "x" * 281):
        with pytest.raises(TooLong):
            next(adapter.send(outbound(text)))
    next(X(CONFIG | {"post_length": "25000"}).send(outbound("x" * 25_000)))
    next(adapter.send(outbound("語" * 10_000, About())))
    with pytest.raises(TooLong):
        next(adapter.send(outbound("x" * 10_001, About())))


@pytest.mark.parametrize("address", ["../../users/me", "+34600123456", "@bob", "1?x=2", ""])
def test_only_ids_of_people_become_part_of_an_address(address: str) -> None:
    message = outbound("Hi", About())
    message.address = address
    with pytest.raises(Rejected):
        next(adapter.send(message))


def test_what_is_shown() -> None:
    direct, post = adapter.shows(BOB), adapter.shows_in(BOB, PUBLIC)
    assert adapter.shows_in(BOB, About()) == direct
    assert (direct.text, direct.file_count, post.text, post.file_count) == (10_000, 1, 280, 4)
    assert direct.takes_file(GIF)
    assert not post.takes_file(GIF)
    assert post.takes_file(PNG)
    assert not post.takes_file(Media("u", "image/png", size=5_000_001))
    assert post.measure("https://example.com/" + "x" * 100) == 23


# --- Answers ------------------------------------------------------------------------------------


def problem(status: int, kind: str = "about:blank", detail: str = "", **more: Any) -> Response:
    type_ = kind if kind.startswith("about") else PROBLEM + kind
    return answer(status, {"title": "T", "detail": detail, "type": type_, **more})


ANSWERS: list[tuple[Response, type[SendError], str]] = [
    (answer(401, {"title": "Unauthorized", "status": 401}), BadCredentials, "access tokens"),
    (answer(402, {"title": "CreditsDepleted"}), BadCredentials, "credits"),
    (problem(402, "credits-depleted", "x"), BadCredentials, "credits"),
    (
        problem(403, detail="You are not allowed to create a Tweet with duplicate content."),
        Rejected,
        "same text",
    ),
    (
        problem(
            403,
            detail="Reply to this conversation is not allowed because you have not been mentioned "
            "or otherwise engaged by the author of the post you are replying to.",
        ),
        Rejected,
        "mentioned",
    ),
    (problem(403, detail="You have been blocked from replying."), Rejected, "blocked"),
    (
        problem(403, detail="You cannot send messages to this user."),
        Rejected,
        "direct messages",
    ),
    (
        problem(
            403,
            detail="You do not have permission to DM one or more participants.",
        ),
        Rejected,
        "direct messages",
    ),
    (problem(403, detail="You may not do this."), Rejected, "You may not do this."),
    (problem(403, "oauth1-permissions", "Your client app …"), BadCredentials, "permission"),
    (
        problem(403, "client-forbidden", "Use a developer App.", reason="client-not-enrolled"),
        BadCredentials,
        "project",
    ),
    (
        problem(403, "client-forbidden", "…", reason="official-client-forbidden"),
        BadCredentials,
        "this app",
    ),
    (problem(403, "client-forbidden", "Not for you."), Rejected, "Not for you."),
    (problem(403, detail="Your account is suspended and …"), BadCredentials, "suspended"),
    (
        problem(403, detail="To protect … this account is temporarily locked."),
        BadCredentials,
        "locked",
    ),
    (answer(403, {}), BadCredentials, "let"),
    (problem(404, "resource-not-found", "Not Found Error"), Rejected, "not exist"),
    (answer(404, {}), Rejected, "not exist"),
    (problem(400, "invalid-request", "Bad"), Rejected, "Bad"),
    (
        answer(
            400, {"errors": [{"message": "Your media IDs are invalid."}], "title": "", "type": ""}
        ),
        Rejected,
        "files",
    ),
    (problem(400, detail="Tweet text is too long."), TooLong, "longer"),
    (problem(429, "usage-capped", "Usage cap exceeded: Monthly"), BadCredentials, "quota"),
    (problem(429, detail="Too Many Requests"), Throttled, "Too Many"),
    (answer(500, {}), Ambiguous, "500"),
    (answer(503, {}), Unreachable, "available"),
    (answer(201, {"data": {}}), Ambiguous, "without an id"),
    # Said inside a success.
    (
        answer(200, {"errors": [{"type": PROBLEM + "not-authorized-for-resource", "detail": "…"}]}),
        Rejected,
        "may not see",
    ),
    (
        answer(200, {"errors": [{"type": PROBLEM + "resource-not-found", "detail": "…"}]}),
        Rejected,
        "not exist",
    ),
]


@pytest.mark.parametrize(("response", "error", "words"), ANSWERS)
def test_answers(response: Response, error: type[SendError], words: str) -> None:
    with pytest.raises(SendError) as raised:
        drive(adapter.send(outbound()), response)
    assert type(raised.value) is error
    assert words in raised.value.text


def test_an_id_beside_partial_errors_is_a_success() -> None:
    body = {"data": {"id": SENT}, "errors": [{"detail": "…"}]}
    assert drive(adapter.send(outbound()), answer(200, body))[0] == Sent(SENT)


def test_waits_until_the_limit_is_lifted() -> None:
    date = "Fri, 24 Jul 2026 21:23:44 GMT"
    reset = failure(answer(429, {}, x_rate_limit_reset="1784928314", date=date))
    assert reset.retry_after == 90
    assert failure(answer(429, {}, x_rate_limit_reset="1", date=date)).retry_after == 0
    soon = failure(answer(429, {}, x_rate_limit_reset=str(int(time.time()) + 60)))
    assert soon.retry_after == pytest.approx(60, abs=5)
    assert failure(answer(429, {}, x_rate_limit_reset="soon", retry_after="7")).retry_after == 7
    assert failure(answer(429, {})).retry_after is None


# --- The account --------------------------------------------------------------------------------


def me(name: str = "Acme", id: str = OWN, shown: str = "Acme Shops") -> Response:
    return answer(200, {"data": {"id": id, "name": shown, "username": name}})


def test_check() -> None:
    checked, [request] = drive(adapter.check(), me())
    assert checked == Checked("Acme Shops (@Acme)")
    assert asked(request) == ("GET", "/2/users/me", None)
    for response in (me("other"), me(id="5"), answer(401, {})):
        with pytest.raises(BadCredentials):
            drive(adapter.check(), response)


def test_the_handle_with_or_without_its_sign() -> None:
    for handle in ("acme", "@acme"):
        assert X.channel_address(CONFIG | {"username": handle}) == "@acme"
        drive(X(CONFIG | {"username": handle}, base_url=BASE).check(), me())


def test_files_of_direct_messages_are_asked_for_signed() -> None:
    for host in ("ton.twitter.com", "ton.x.com"):
        url = f"https://{host}/1.1/ton/data/dm/1/2/a.jpg"
        assert adapter.media_request(url).headers["Authorization"].startswith("OAuth ")
    for url in (
        "https://pbs.twimg.com/media/a.jpg",
        "http://ton.twitter.com/a.jpg",
        "https://ton.twitter.com@evil.example/a.jpg",
        "https://ton.twitter.com.evil.example/a.jpg",
        "https://ton.twitter.com:8443/a.jpg",
    ):
        assert not adapter.media_request(url).headers


def test_a_signature_as_another_library_would_make_it() -> None:
    """RFC 5849, section 3.4.1.1 says what is signed; made anew by hand here."""
    from tests.channels_social.oauth import signed

    request = adapter._ask("GET", "/2/x", [("a", "1,2 é"), ("b", "+&=")])
    assert request.url == f"{BASE}/2/x?a=1%2C2%20%C3%A9&b=%2B%26%3D"
    assert signed(request, CONFIG)
    assert not signed(request, CONFIG | {"access_token_secret": "another"})
    request.method = "POST"
    assert not signed(request, CONFIG)


# --- Registering --------------------------------------------------------------------------------

WEBHOOK = {"id": "1976325569252868099", "url": URL, "valid": True}


def subscription(kind: str, webhook: str = WEBHOOK["id"], user: str = OWN) -> dict[str, Any]:  # type: ignore[assignment]
    return {"event_type": kind, "filter": {"user_id": user}, "webhook_id": webhook}


def test_registers_and_subscribes() -> None:
    made = [answer(200, {"data": {}})] * len(EVENTS)
    steps = adapter.register(URL)
    checked, requests = drive(
        steps,
        answer(200, {"meta": {"result_count": 0}}),
        answer(200, {"data": WEBHOOK}),
        answer(200, {"meta": {}}),
        *made,
    )
    assert isinstance(checked, Checked)
    webhooks = [(one.method, one.url.removeprefix(BASE), one.json) for one in requests[:3]]
    assert webhooks == [
        ("GET", "/2/webhooks", None),
        ("POST", "/2/webhooks", {"url": URL}),
        ("GET", "/2/activity/subscriptions", None),
    ]
    assert all(one.grant is not None and not one.headers for one in requests[:3])
    assert [one.json for one in requests[3:]] == [subscription(kind) for kind in EVENTS]
    for one in requests[3:]:
        assert asked(one)[:2] == ("POST", "/2/activity/subscriptions")


def test_registering_again_has_the_address_tried_and_adds_what_is_missing() -> None:
    others = [subscription(EVENTS[0], user="5"), subscription(EVENTS[0], webhook="5")]
    there = [subscription(kind) for kind in EVENTS[1:]]
    _checked, requests = drive(
        adapter.register(URL),
        answer(200, {"data": [{"id": "5", "url": "https://other.example/"}, WEBHOOK]}),
        answer(200, {"data": {"attempted": True}}),
        answer(200, {"data": [*others, *there]}),
        answer(200, {"data": {}}),
    )
    assert [one.method for one in requests] == ["GET", "PUT", "GET", "POST"]
    assert requests[1].url == f"{BASE}/2/webhooks/{WEBHOOK['id']}"
    assert requests[3].json == subscription(EVENTS[0])


def test_registering_that_fails_has_a_class() -> None:
    for response, error in ((answer(401, {}), BadCredentials), (answer(500), Unreachable)):
        with pytest.raises(error):
            drive(adapter.register(URL), response)
    with pytest.raises(Rejected, match="CRC"):
        drive(
            adapter.register(URL),
            answer(200, {"meta": {}}),
            problem(400, "invalid-request", "CRC check failed"),
        )


@pytest.mark.parametrize(
    "url", ["http://inbox.example.org/w/", "https://inbox.example.org:8443/w/"]
)
def test_addresses_that_x_cannot_call(url: str) -> None:
    with pytest.raises(Rejected, match="without a port"):
        next(X(CONFIG).register(url))
    next(adapter.register(url))  # the look-alike can


def test_who_knows_a_key_and_not_its_secret_shares_no_token() -> None:
    first, second = (
        app_grant(CONFIG | {"consumer_secret": secret}, BASE, ()) for secret in ("one", "two")
    )
    assert first.key != second.key
    assert "one" not in first.key
    request = first.ask()
    assert (request.method, request.url) == ("POST", f"{BASE}/oauth2/token")
    assert request.auth == (CONFIG["consumer_key"], "one")
    assert first.read(answer(200, {"token_type": "bearer", "access_token": "t"})).value == "t"
    for response, error in ((answer(403, {}), BadCredentials), (answer(429, {}), Throttled)):
        with pytest.raises(error):
            first.read(response)


def test_pushing_is_not_asking() -> None:
    assert X(CONFIG).capabilities.poll_every_s == 65
    assert not X(CONFIG).capabilities.registers
    pushed = X(CONFIG | {"receive": "webhook"}).capabilities
    assert (pushed.poll_every_s, pushed.registers, pushed.public) == (0, True, True)


# --- Asking -------------------------------------------------------------------------------------


def page(ids: list[str], token: str = "", **more: Any) -> Response:
    meta = {"result_count": len(ids)} | ({"next_token": token} if token else {})
    data = {"data": [{"id": id, **more} for id in ids]} if ids else {}
    return answer(200, {**data, "meta": meta}, date="Fri, 24 Jul 2026 21:30:00 GMT")


def asking(request: Request) -> tuple[str, dict[str, str]]:
    """The path and the parameters that move."""
    _method, path, _json = asked(request)
    query = {name: value for name, [value] in parse_qs(urlsplit(path).query).items()}
    moving = ("since_id", "start_time", "pagination_token")
    return urlsplit(path).path, {name: query[name] for name in moving if name in query}


MENTIONS = f"/2/users/{OWN}/mentions"
EVENT = {"event_type": "MessageCreate"}


def test_asks_for_mentions_and_direct_messages() -> None:
    polled, requests = drive(
        adapter.poll(""),
        page(["2080765813578193002", "2080765813578193001"]),
        page(["2080765901528536001", "2070000000000000000"], **EVENT),
    )
    path, moving = asking(requests[0])
    assert (path, list(moving)) == (MENTIONS, ["start_time"])
    assert asking(requests[1]) == ("/2/dm_events", {})
    # Of the list that has no parameter for it, what is older than a day is left out.
    bodies = [[one["id"] for one in json.loads(body)["data"]] for body in polled.bodies]
    assert bodies == [
        ["2080765813578193002", "2080765813578193001"],
        ["2080765901528536001"],
    ]
    assert not polled.more

    again, requests = drive(adapter.poll(polled.cursor), page([]), page(["2080765901528536001"]))
    assert asking(requests[0]) == (MENTIONS, {"since_id": "2080765813578193002"})
    assert again.bodies == ()
    assert again.cursor == polled.cursor


def test_goes_on_where_a_list_was_left_and_moves_the_place_at_its_end() -> None:
    start = drive(adapter.poll(""), page(["100"]), page([]))[0].cursor
    first, _ = drive(adapter.poll(start), page(["400", "300"], "next"), page([]))
    assert first.more
    second, [request] = drive(adapter.poll(first.cursor), page(["200"]))
    assert asking(request) == (MENTIONS, {"since_id": "100", "pagination_token": "next"})
    assert not second.more
    _third, [request, _direct] = drive(adapter.poll(second.cursor), page([]), page([]))
    assert asking(request) == (MENTIONS, {"since_id": "400"})


def dms(*numbers: int, token: str = "") -> Response:
    """A page of direct messages that were written a few minutes ago."""
    return page([f"{2080765901528536000 + number}" for number in numbers], token, **EVENT)


def kept(polled: Any) -> list[int]:
    """Which of them are stored."""
    found = [one for body in polled.bodies for one in json.loads(body)["data"]]
    return [int(one["id"]) - 2080765901528536000 for one in found]


def test_direct_messages_are_read_down_to_the_old_ones() -> None:
    start = drive(adapter.poll(""), page([]), dms(100))[0].cursor
    first, _ = drive(adapter.poll(start), page([]), dms(400, 300, token="next"))
    second, [request] = drive(adapter.poll(first.cursor), dms(200, 100, 90, token="more"))
    assert asking(request) == ("/2/dm_events", {"pagination_token": "next"})
    assert (kept(first), first.more, kept(second), second.more) == ([400, 300], True, [200], False)
    third, _ = drive(adapter.poll(second.cursor), page([]), dms(400, 300, token="next"))
    assert (third.bodies, third.more) == ((), False)


def test_ids_are_compared_as_numbers() -> None:
    start = Cursor(direct=Place("999999999999999999")).written()
    found, _ = drive(adapter.poll(start), page([]), page(["1000000000000000000", "99"]))
    assert [json.loads(body)["data"] for body in found.bodies] == [[{"id": "1000000000000000000"}]]


def test_asking_asks_for_all_that_is_read() -> None:
    _polled, requests = drive(adapter.poll(""), page([]), page([]))
    mentions, direct = (parse_qs(urlsplit(one.url).query) for one in requests)
    assert "conversation_id" in mentions["tweet.fields"][0]
    assert "author_id" in mentions["expansions"][0]
    assert "sender_id" in direct["dm_event.fields"][0]
    assert mentions["max_results"] == direct["max_results"] == ["100"]


def test_asking_never_ends_ambiguous_and_loses_no_place() -> None:
    for response, error in (
        (answer(429, {}, x_rate_limit_reset=str(int(time.time()) + 60)), Throttled),
        (answer(500), Unreachable),
        (answer(200, b"<html>"), Unreachable),
        (answer(200, {}), Unreachable),
        (answer(401, {}), BadCredentials),
    ):
        with pytest.raises(error):
            drive(adapter.poll(""), response)
        with pytest.raises(error):
            drive(adapter.poll(""), page(["1"]), response)


# --- Hashtags -----------------------------------------------------------------------------------

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


def born_now(number: int) -> str:
    """The id of a post that is made now."""
    return str(((int(time.time() * 1000) - 1_288_834_974_657) << 22) + number)


def searching(request: Request) -> dict[str, str]:
    """The parameters that say what is looked for, and since when."""
    _method, path, _json = asked(request)
    assert urlsplit(path).path == "/2/tweets/search/recent"
    query = {name: value for name, [value] in parse_qs(urlsplit(path).query).items()}
    assert "conversation_id" in query.pop("tweet.fields")
    assert query.pop("max_results") == "100"
    names = ("query", "since_id", "start_time", "next_token")
    return {name: query[name] for name in names if name in query}


def test_looks_for_a_hashtag_from_where_it_was_read_to() -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    sought, newest = [Sought("brandchat", since)], born_now(1)
    first, [request] = drive(adapter.search(sought, ""), page([newest]))
    assert searching(request) == {
        "query": "#brandchat -is:retweet",
        "start_time": f"{since:%Y-%m-%dT%H:%M:%SZ}",
    }
    [body] = first.bodies
    assert json.loads(body)["hashtag"] == "brandchat"
    assert json.loads(body)["data"] == [{"id": newest}]

    second, [request] = drive(adapter.search(sought, first.cursor), page([]))
    assert searching(request) == {"query": "#brandchat -is:retweet", "since_id": newest}
    assert (second.bodies, second.more) == ((), False)


def test_pages_are_read_to_their_end_before_the_place_moves() -> None:
    sought = [Sought("brandchat", datetime.now(UTC) - timedelta(hours=1))]
    old, middle, new = (born_now(number) for number in (1, 2, 3))
    start, _ = drive(adapter.search(sought, ""), page([old]))
    first, _ = drive(adapter.search(sought, start.cursor), page([new], "next"))
    assert first.more
    second, [request] = drive(adapter.search(sought, first.cursor), page([middle]))
    assert searching(request) == {
        "query": "#brandchat -is:retweet",
        "since_id": old,
        "next_token": "next",
    }
    assert not second.more
    _third, [request] = drive(adapter.search(sought, second.cursor), page([]))
    assert searching(request)["since_id"] == new


def test_several_hashtags_take_turns() -> None:
    sought = [Sought(name, BEGIN) for name in ("a", "b")]
    cursor, queries = "", []
    for _turn in range(4):
        polled, [request] = drive(adapter.search(sought, cursor), page([]))
        cursor = polled.cursor
        queries.append(searching(request)["query"][:2])
    assert queries == ["#a", "#b", "#a", "#b"]
    polled, [request] = drive(adapter.search([Sought("c", BEGIN)], cursor), page([]))
    assert searching(request)["query"] == "#c -is:retweet"
    assert list(json.loads(polled.cursor)) == ["c"]


def test_x_refuses_what_lies_a_week_back_so_it_is_not_asked_for() -> None:
    old = json.dumps({"a": {"since": "2080765813578193002", "page": "", "newest": ""}})
    _polled, [request] = drive(adapter.search([Sought("a", BEGIN)], old), page([]))
    start = datetime.fromisoformat(searching(request)["start_time"])
    assert timedelta(days=6) < datetime.now(UTC) - start < timedelta(days=7)


def test_nothing_sought_asks_nothing() -> None:
    with pytest.raises(StopIteration) as done:
        next(adapter.search([], "{}"))
    assert done.value.value.bodies == ()


def test_a_search_never_ends_ambiguous() -> None:
    for response, error in (
        (answer(429, {}, x_rate_limit_reset=str(int(time.time()) + 60)), Throttled),
        (answer(500), Unreachable),
        (answer(200, {}), Unreachable),
    ):
        with pytest.raises(error):
            drive(adapter.search([Sought("a", BEGIN)], ""), response)
