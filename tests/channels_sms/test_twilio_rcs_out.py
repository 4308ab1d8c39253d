"""What is asked of Twilio for an RCS sender, and what its answers mean."""

import json
import uuid
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from channels_sms import twilio_content
from channels_sms.twilio_content import SHOWS, Template, written
from channels_sms.twilio_rcs import TwilioRcs
from gateway.channels import clean_config
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
from gateway.contract import Checked, Found, Request, Response, Sent
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
from gateway.events import OutboundMessage
from tests.payloads.twilio_rcs.exhibit import (
    ACCOUNT,
    CUSTOMER,
    SENDER,
    SERVICE,
    STATUS_URL,
    TOKEN,
    config,
)

BASE = "http://127.0.0.1:9/twilio"
NOW = datetime(2026, 10, 21, 12, tzinfo=UTC)
SENT_SID, CONTENT_SID = "SM" + "f" * 32, "HX" + "a" * 32
PICTURE = Media("https://example.org/shoes/1.jpg?v=2", "image/jpeg", "1.jpg")
MESSAGES = f"{BASE}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
adapter = TwilioRcs(config(), base_url=BASE)
through_service = TwilioRcs(config(messaging_service_sid=SERVICE), base_url=BASE)
left_to_twilio = TwilioRcs(
    config(messaging_service_sid=SERVICE, sms_fallback="twilio"), base_url=BASE
)


def outbound(content: Content | str = "¡Hola!", **more: Any) -> OutboundMessage:
    found = Content(text=content) if isinstance(content, str) else content
    uid = str(uuid.uuid4())
    return OutboundMessage(uid, CUSTOMER, found.text, STATUS_URL, write(found), found.media, **more)


def answer(status: int, body: Any = None) -> Response:
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


NOTHING = answer(200, {"contents": []})
MADE = answer(201, {"sid": CONTENT_SID})
TAKEN = answer(201, {"sid": SENT_SID, "status": "queued"})


def sent(content: Content | str, of: TwilioRcs = adapter, **more: Any) -> dict[str, str]:
    """The form a plain message leaves with."""
    done, [request] = drive(of.send(outbound(content, **more)), TAKEN)
    assert done == Sent(SENT_SID)
    assert (request.method, request.url) == ("POST", MESSAGES)
    return dict(request.data or [])


# --- Text and files ---------------------------------------------------------------------------


def test_sends_a_text() -> None:
    done, [request] = drive(adapter.send(outbound()), TAKEN)
    assert done == Sent(SENT_SID)
    assert request == Request(
        method="POST",
        url=MESSAGES,
        data=[
            ("To", f"rcs:{CUSTOMER}"),
            ("Body", "¡Hola!"),
            ("From", f"rcs:{SENDER}"),
            ("StatusCallback", STATUS_URL),
        ],
        auth=(ACCOUNT, TOKEN),
        secrets=(TOKEN,),
        private=frozenset({"Body", "MediaUrl", "ContentVariables", "types", "variables"}),
    )


def test_a_service_does_not_fall_back_unless_it_shall() -> None:
    ours, theirs = sent("Hi", through_service), sent("Hi", left_to_twilio)
    assert (ours["To"], ours["MessagingServiceSid"]) == (f"rcs:{CUSTOMER}", SERVICE)
    assert (theirs["To"], theirs["MessagingServiceSid"]) == (CUSTOMER, SERVICE)
    assert "From" not in ours


@pytest.mark.parametrize(
    ("lifetime", "validity"), [(None, None), (60, "60"), (36_000, "36000"), (604_800, "36000")]
)
def test_the_lifetime_is_the_validity_period(lifetime: int | None, validity: str | None) -> None:
    assert sent("Hi", lifetime_s=lifetime).get("ValidityPeriod") == validity


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (Content(text="See", media=(PICTURE,)), {"Body": "See", "MediaUrl": PICTURE.url}),
        (Content(media=(PICTURE,)), {"MediaUrl": PICTURE.url}),
        (Content(cards=(Card("Only words", "here"),)), {"Body": "Only words\nhere"}),
        (Content(cards=(Card("Shoe", media=PICTURE),)), {"Body": "Shoe", "MediaUrl": PICTURE.url}),
    ],
)
def test_what_needs_no_content_resource(content: Content, form: dict[str, str]) -> None:
    found = sent(content)
    assert {name: found[name] for name in ("Body", "MediaUrl") if name in found} == form


# --- Cards, carousels, chips ------------------------------------------------------------------


def made(content: Content, of: TwilioRcs = adapter) -> tuple[dict[str, Any], dict[str, str]]:
    """The types of the resource that is made for a content, and the values sent with it."""
    assert SHOWS.takes(content)
    steps = of.send(outbound(content))
    done, [looked, making, sending] = drive(steps, NOTHING, MADE, TAKEN)
    assert done == Sent(SENT_SID)
    name = making.json["friendly_name"]
    assert looked == Request(
        "GET",
        f"{BASE}/v2/Content",
        params=[("ContentName", name), ("PageSize", "20")],
        auth=(ACCOUNT, TOKEN),
        secrets=(TOKEN,),
        private=sending.private,
    )
    assert (making.method, making.url) == ("POST", f"{BASE}/v1/Content")
    assert making.json["language"] == "en"
    form = dict(sending.data or [])
    assert form["ContentSid"] == CONTENT_SID
    assert not {"Body", "MediaUrl"} & form.keys()
    values = json.loads(form.get("ContentVariables", "{}"))
    assert values.keys() == making.json["variables"].keys()
    return making.json["types"], values


SHOE = Card("A shoe", "It fits.", PICTURE, (Reply("Buy", "buy:1"), OpenUrl("More", "https://a.b/")))
TYPES: list[tuple[Content, dict[str, Any], dict[str, str]]] = [
    (
        Content(text="Which day?", suggestions=(Reply("Monday", "day:1"), Reply("Tuesday"))),
        {
            "twilio/card": {
                "body": "{{1}}",
                "actions": [
                    {"type": "QUICK_REPLY", "title": "Monday", "id": "day:1"},
                    {"type": "QUICK_REPLY", "title": "Tuesday", "id": "Tuesday"},
                ],
            }
        },
        {"1": "Which day?"},
    ),
    (
        Content(
            text="Visit us",
            suggestions=(
                OpenUrl("Shop", "https://shop.example/sale?x=1"),
                Dial("Call", "+34911234567"),
                ShowLocation("Way", 40.416775, -3.70379, "Sol"),
            ),
        ),
        {
            "twilio/card": {
                "body": "{{1}}",
                "actions": [
                    {"type": "URL", "title": "Shop", "url": "https://shop.example/{{2}}"},
                    {"type": "PHONE_NUMBER", "title": "Call", "phone": "+34911234567"},
                    {"type": "URL", "title": "Way", "url": "https://www.google.com/{{3}}"},
                ],
            }
        },
        {
            "1": "Visit us",
            "2": "sale?x=1",
            "3": "maps/search/?api=1&query=40.416775,-3.703790",
        },
    ),
    (
        Content(cards=(SHOE,), suggestions=(Reply("Later"),)),
        {
            "twilio/card": {
                "media": ["https://example.org/{{1}}"],
                "height": "MEDIUM",
                "title": "{{2}}",
                "body": "{{3}}",
                "actions": [
                    {"type": "QUICK_REPLY", "title": "Buy", "id": "buy:1", "chip_list": False},
                    {"type": "URL", "title": "More", "url": "https://a.b/", "chip_list": False},
                    {"type": "QUICK_REPLY", "title": "Later", "id": "Later", "chip_list": True},
                ],
            }
        },
        {"1": "shoes/1.jpg?v=2", "2": "A shoe", "3": "It fits."},
    ),
    (
        Content(cards=(Card("Sea", "With a view\nof it", None, (Reply("Take it"),)),)),
        {
            "twilio/card": {
                "body": "Sea\nWith a view\nof it",
                "actions": [{"type": "QUICK_REPLY", "title": "Take it", "id": "Take it"}],
            }
        },
        {},
    ),
    (
        Content(
            cards=(SHOE, Card("Hat", "", PICTURE, (Reply("Buy"), OpenUrl("More", "https://c.d/e"))))
        ),
        {
            "twilio/carousel": {
                "body": "…",
                "cards": [
                    {
                        "title": "{{2}}",
                        "body": "{{1}}",
                        "media": "https://example.org/{{3}}",
                        "actions": [
                            {"type": "QUICK_REPLY", "title": "Buy", "id": "buy:1"},
                            {"type": "URL", "title": "More", "url": "https://a.b/"},
                        ],
                    },
                    {
                        "body": "{{4}}",
                        "media": "https://example.org/{{3}}",
                        "actions": [
                            {"type": "QUICK_REPLY", "title": "Buy", "id": "Buy"},
                            {"type": "URL", "title": "More", "url": "https://c.d/{{5}}"},
                        ],
                    },
                ],
            }
        },
        {"1": "It fits.", "2": "A shoe", "3": "shoes/1.jpg?v=2", "4": "Hat", "5": "e"},
    ),
    (
        Content(text="See", media=(PICTURE,), suggestions=(Reply("Ok"),)),
        {
            "twilio/card": {
                "body": "{{2}}",
                "media": ["https://example.org/{{1}}"],
                "actions": [{"type": "QUICK_REPLY", "title": "Ok", "id": "Ok", "chip_list": True}],
            }
        },
        {"1": "shoes/1.jpg?v=2", "2": "See"},
    ),
]


@pytest.mark.parametrize(("content", "types", "values"), TYPES)
def test_content_as_twilio_describes_it(
    content: Content, types: dict[str, Any], values: dict[str, str]
) -> None:
    assert made(content) == (types, values)


def test_braces_are_no_places_for_values() -> None:
    types, values = made(Content(text="{{1}}\n{{{x", suggestions=(Reply("{{a}}", "p{{"),)))
    card = types["twilio/card"]
    assert card["body"] == "{{1}}1}}\n{{1}}{x"
    assert card["actions"] == [{"type": "QUICK_REPLY", "title": "{{1}}a}}", "id": "p{{1}}"}]
    assert values == {"1": "{{"}


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a    b", "x" * 1001, "a\u2028b"])
def test_what_no_value_may_be_is_part_of_the_resource(text: str) -> None:
    types, values = made(Content(text=text, suggestions=(Reply("Ok"),)))
    assert (types["twilio/card"]["body"], values) == (text, {})


def template(content: Content) -> Template:
    found = written(content, for_sms=False)
    assert isinstance(found, Template)
    return found


def test_messages_that_differ_in_names_and_links_share_a_resource() -> None:
    def one(name: str, file: str, button: str = "Buy") -> Template:
        media = Media(f"https://inbox.example.org/f/{file}/", "image/jpeg")
        return template(Content(cards=(Card(f"Hi {name}", "x", media, (Reply(button),)),)))

    first, second = one("Ana", "abc"), one("Berta", "xyz")
    assert first.name == second.name == first.body["friendly_name"]
    assert first.variables != second.variables
    assert one("Ana", "abc", "Sell").name != first.name
    # Nobody's name stays at Twilio; a link's sample has to lead somewhere.
    assert first.body["variables"] == {"1": "f/abc/", "2": "…", "3": "…"}


def test_a_resource_that_is_there_is_used() -> None:
    name = template(Content(text="Hi", suggestions=(Reply("Ok"),))).name
    others = {"friendly_name": f"{name}-copy", "sid": "HX0"}
    there = answer(200, {"contents": [others, {"friendly_name": name, "sid": CONTENT_SID}]})
    message = outbound(Content(text="Hi", suggestions=(Reply("Ok"),)))
    done, [_look, sending] = drive(adapter.send(message), there, TAKEN)
    assert done == Sent(SENT_SID)
    assert ("ContentSid", CONTENT_SID) in (sending.data or [])


def test_real_content_lies_on_a_host_of_its_own() -> None:
    steps = TwilioRcs(config()).send(outbound(Content(text="Hi", suggestions=(Reply("Ok"),))))
    assert next(steps).url == "https://content.twilio.com/v2/Content"
    assert steps.send(NOTHING).url == "https://content.twilio.com/v1/Content"


def test_for_twilios_own_sms_words_go_along() -> None:
    rooms = Content(cards=(SHOE, replace_title(SHOE, "Hat")))
    types, _values = made(rooms, left_to_twilio)
    assert list(types) == ["twilio/carousel", "twilio/text"]
    assert types["twilio/text"]["body"] == (
        "A shoe\nIt fits.\n\n1.jpg: https://example.org/shoes/1.jpg?v=2\n1. Buy\nMore: https://a.b/\n\n"
        "Hat\nIt fits.\n\n1.jpg: https://example.org/shoes/1.jpg?v=2\n2. Buy\nMore: https://a.b/"
    )


def replace_title(card: Card, title: str) -> Card:
    return Card(title, card.text, card.media, card.suggestions)


def test_words_for_sms_that_have_no_room_are_said_before_anything_is_sent() -> None:
    long = Content(text="x" * 1590, suggestions=(Reply("Monday"), Reply("Tuesday")))
    with pytest.raises(TooLong, match="SMS"):
        next(left_to_twilio.send(outbound(long)))
    next(adapter.send(outbound(long)))


# --- What it shows ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        Content(cards=(SHOE, Card("No picture", "x", None, SHOE.suggestions))),
        Content(cards=(SHOE, Card("Other buttons", "x", PICTURE, SHOE.suggestions[::-1]))),
        Content(cards=(Card("a", "b", PICTURE), Card("c", "d", PICTURE))),
        Content(cards=(Card("a" * 100, "b" * 61, PICTURE, SHOE.suggestions), SHOE)),
        Content(cards=(SHOE, SHOE), suggestions=(Reply("Later"),)),
        Content(cards=(Card(media=PICTURE, suggestions=(Reply("Buy"),)),)),
        Content(media=(PICTURE,), suggestions=(Reply("Ok"),)),
        Content(text="Read", media=(Media("https://a.b/c.pdf", "application/pdf"),)),
        Content(text="Where?", suggestions=(AskLocation("Here"),)),
        Content(text="Which?", suggestions=(Reply("x" * 21),)),
        Content(location=Location(1, 2)),
        Content(text="Pick", menu=Menu("Open", (Row("One"),))),
        Content(text="x" * 1601),
    ],
)
def test_what_rcs_by_twilio_does_not_show_is_adapted(content: Content) -> None:
    assert not SHOWS.takes(content)
    adapted = adapt(content, SHOWS)
    assert adapted.parts
    assert all(SHOWS.takes(part) for part in adapted.parts)
    for part in adapted.parts:
        written(part, for_sms=False)


def test_a_carousel_that_twilio_would_refuse_becomes_cards_in_turn() -> None:
    plain = Card("Hat", "Warm.", None, (Reply("Buy"),))
    assert adapt(Content(cards=(SHOE, plain)), SHOWS).parts == (
        Content(cards=(SHOE,)),
        Content(cards=(plain,)),
    )


def test_what_cannot_go_below_a_carousel_is_said() -> None:
    adapted = adapt(Content(cards=(SHOE, SHOE), suggestions=(Reply("Later"),)), SHOWS)
    assert adapted.parts == (Content(cards=(SHOE, SHOE)), Content(text="1. Later"))


# --- Answers ----------------------------------------------------------------------------------

CHIPS = Content(text="Hi", suggestions=(Reply("Ok"),))


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (Response(500, {}, b"{}"), Unreachable),
        (Response(504, {}, b""), Unreachable),
        (Response(503, {}, b""), Unreachable),
        (Response(429, {}, b"{}"), Throttled),
        (Response(302, {}, b""), Unreachable),
        (Response(200, {}, b"<html>"), Unreachable),
        (Response(201, {}, b"{}"), Unreachable),
        (answer(401, {"code": 20003}), BadCredentials),
    ],
)
def test_until_the_message_is_sent_it_can_be_tried_again(
    response: Response, error: type[SendError]
) -> None:
    with pytest.raises(error) as raised:
        drive(adapter.send(outbound(CHIPS)), response)
    assert type(raised.value) is error
    if response.status != 200:
        with pytest.raises(error) as raised:
            drive(adapter.send(outbound(CHIPS)), NOTHING, response)
        assert type(raised.value) is error


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 20001, Rejected),
        (400, 21211, Rejected),
        (400, 21655, Rejected),
        (400, 21656, Rejected),
        (400, 92007, Rejected),
        (400, 63007, BadCredentials),
        (400, 63036, NotCapable),
        (400, 63035, NotCapable),
        (400, 63106, NotCapable),
        (400, 63018, Throttled),
        (400, 63011, Unreachable),
        (500, 20500, Ambiguous),
    ],
)
def test_error_codes(status: int, code: int, error: type[SendError]) -> None:
    refused = answer(status, {"code": code, "message": "Said so"})
    for steps, answers in (
        (adapter.send(outbound()), [refused]),
        (adapter.send(outbound(CHIPS)), [NOTHING, MADE, refused]),
    ):
        with pytest.raises(error) as raised:
            drive(steps, *answers)
        assert type(raised.value) is error


def test_a_refused_content_is_the_messages_fault() -> None:
    refused = answer(400, {"code": 20001, "message": "Invalid content"})
    with pytest.raises(Rejected, match="Invalid content"):
        drive(adapter.send(outbound(CHIPS)), NOTHING, refused)


# --- Finding an unclear attempt ---------------------------------------------------------------


def listed(sid: str, seconds: float, **fields: Any) -> dict[str, Any]:
    return {
        "sid": sid,
        "body": "¡Hola!",
        "to": f"rcs:{CUSTOMER}",
        "from": f"rcs:{SENDER}",
        "messaging_service_sid": SERVICE,
        "direction": "outbound-api",
        "date_created": format_datetime(NOW + timedelta(seconds=seconds)),
    } | fields


def page(*entries: dict[str, Any]) -> Response:
    return answer(200, {"messages": list(entries), "next_page_uri": None})


def unclear(content: Content | str = "¡Hola!", *known: str) -> OutboundMessage:
    message = outbound(content)
    message.content["known_external_ids"] = list(known)
    return message


def test_finds_a_text() -> None:
    found, [request] = drive(
        adapter.find(unclear(), NOW), page(listed("SM9", 9, body="x"), listed("SM2", 1))
    )
    assert found == Found("SM2")
    assert request.params == [("To", f"rcs:{CUSTOMER}"), ("PageSize", "50")]


def test_looks_for_what_a_service_has_sent_by_sms_as_well() -> None:
    by_sms = listed("SM3", 1, to=CUSTOMER, **{"from": "+14155550100"})
    found, requests = drive(left_to_twilio.find(unclear(), NOW), page(), page(by_sms))
    assert found == Found("SM3")
    assert [dict(request.params)["To"] for request in requests] == [f"rcs:{CUSTOMER}", CUSTOMER]


@pytest.mark.parametrize(
    "entry",
    [
        listed("SM1", 1),
        listed("SM2", -3600),
        listed("SM2", 1, **{"from": "rcs:another"}),
        listed("SM2", 1, direction="inbound"),
    ],
)
@pytest.mark.parametrize("content", ["¡Hola!", CHIPS])
def test_what_is_not_ours_is_not_found(entry: dict[str, Any], content: Any) -> None:
    found, _requests = drive(adapter.find(unclear(content, "SM1"), NOW), page(entry))
    assert found == Found(None)


def test_rich_messages_cannot_be_told_apart() -> None:
    with pytest.raises(Rejected):
        drive(adapter.find(unclear(CHIPS), NOW), page(listed("SM2", 1, body="Hi")))


# --- Configuration ----------------------------------------------------------------------------


def test_check_asks_for_the_account() -> None:
    active = answer(200, {"friendly_name": "Acme", "status": "active"})
    assert drive(adapter.check(), active)[0] == Checked("Acme, active")
    with pytest.raises(BadCredentials):
        drive(adapter.check(), answer(401, {"code": 20003}))


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"sender_id": SENDER}, set()),
        ({"messaging_service_sid": SERVICE}, set()),
        ({"sender_id": SENDER, "messaging_service_sid": SERVICE}, set()),
        ({"messaging_service_sid": SERVICE, "sms_fallback": "twilio"}, set()),
        ({}, {"sender_id"}),
        ({"sender_id": SENDER, "sms_fallback": "twilio"}, {"messaging_service_sid"}),
    ],
)
def test_what_a_channel_needs(fields: dict[str, str], errors: set[str]) -> None:
    assert set(TwilioRcs.check_config(fields)) == errors


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sender_id", f"rcs:{SENDER}"),
        ("sender_id", "a b"),
        ("messaging_service_sid", "MG1"),
        ("sms_fallback", "both"),
    ],
)
def test_what_no_setting_may_be_is_named(field: str, value: str) -> None:
    with pytest.raises(ValidationError) as raised:
        clean_config("twilio_rcs", config(**{field: value}))
    assert list(raised.value.message_dict) == [field]


def test_whoever_leaves_it_to_twilio_says_so() -> None:
    assert left_to_twilio.capabilities.falls_back
    assert not through_service.capabilities.falls_back
    assert not TwilioRcs.capabilities.falls_back
    assert (adapter.capabilities.revocable, adapter.capabilities.reach_batch) == (False, 0)


def test_channel_address() -> None:
    assert TwilioRcs.channel_address(config(messaging_service_sid=SERVICE)) == SENDER
    assert TwilioRcs.channel_address({"messaging_service_sid": SERVICE}) == SERVICE


def test_the_words_for_sms_are_those_of_an_sms() -> None:
    content = Content(text="Which?", suggestions=(Reply("A"), OpenUrl("B", "https://b.c/d")))
    assert twilio_content.in_words(content) == "Which?\n\n1. A\nB: https://b.c/d"
