"""What is asked of WhatsApp's Cloud API, and what its answers mean."""

import json
import uuid
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_social.whatsapp import WhatsApp
from channels_social.whatsapp_errors import TABLE
from channels_social.whatsapp_messages import MAX_CAPTION, SHOWS
from gateway.content.adapting import adapt
from gateway.content.changes import changes
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
    TemplateUse,
)
from gateway.content.reading import write
from gateway.contract import Checked, Request, Response, Sent, Signal
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
from gateway.events import About, OutboundMessage
from tests.gateway.content.test_adapting import contents
from tests.payloads.whatsapp.exhibit import (
    ACCESS_TOKEN,
    ACCOUNT_ID,
    CUSTOMER,
    NUMBER_ID,
    SENT_ID,
    USER,
    accepted,
    config,
)

adapter = WhatsApp(config())
GRAPH = "https://graph.facebook.com/v25.0"
UID = str(uuid.uuid4())
JPEG = Media("https://example.org/a.jpg", "image/jpeg", "a.jpg")
MP4 = Media("https://example.org/a.mp4", "video/mp4")
PDF = Media("https://example.org/a.pdf", "application/pdf", "Invoice 7.pdf")


def outbound(content: Content | str = "Hi", address: str = CUSTOMER, **more: Any) -> Any:
    found = Content(text=content) if isinstance(content, str) else content
    return OutboundMessage(
        UID, address, found.text, "https://x/", write(found), found.media, **more
    )


def answer(status: int, body: Any = None) -> Response:
    return Response(status, {}, json.dumps({} if body is None else body).encode())


def problem(status: int, code: int, **more: Any) -> Response:
    error = {"message": f"(#{code}) Said.", "type": "OAuthException", "code": code, **more}
    return answer(status, {"error": error})


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


def body(content: Content | str, **more: Any) -> Any:
    _sent, [request] = drive(adapter.send(outbound(content, **more)), accepted())
    assert request.url == f"{GRAPH}/{NUMBER_ID}/messages"
    return request.json


def interactive(content: Content) -> Any:
    found = body(content)
    assert found["type"] == "interactive"
    return found["interactive"]


# --- Sending --------------------------------------------------------------------------------------


def test_sends_a_text() -> None:
    sent, [request] = drive(adapter.send(outbound("¡Hola!")), accepted())
    assert sent == Sent(SENT_ID)
    assert (request.method, request.url) == ("POST", f"{GRAPH}/{NUMBER_ID}/messages")
    assert request.headers == {"Authorization": f"Bearer {ACCESS_TOKEN}"}
    assert request.json == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "34600123456",
        "type": "text",
        "text": {"body": "¡Hola!", "preview_url": False},
        "biz_opaque_callback_data": UID,
    }


def test_an_address_in_it_is_previewed() -> None:
    assert body("See https://example.org/")["text"]["preview_url"] is True


def test_a_user_id_is_a_recipient() -> None:
    found = body("Hi", address=USER)
    assert found["recipient"] == USER
    assert "to" not in found


def test_an_answer_quotes() -> None:
    found = body("That one", about=About(reply_to="wamid.IN01"))
    assert found["context"] == {"message_id": "wamid.IN01"}
    assert "context" not in body("Hi")


def test_the_version_is_a_setting() -> None:
    steps = WhatsApp(config(api_version="v26.0")).send(outbound())
    assert next(steps).url == f"https://graph.facebook.com/v26.0/{NUMBER_ID}/messages"


@pytest.mark.parametrize(
    ("media", "caption", "kind", "shown"),
    [
        (JPEG, "", "image", {"link": JPEG.url}),
        (JPEG, "Look", "image", {"link": JPEG.url, "caption": "Look"}),
        (MP4, "Look", "video", {"link": MP4.url, "caption": "Look"}),
        (Media("https://x.org/a", "audio/ogg"), "", "audio", {"link": "https://x.org/a"}),
        (Media("https://x.org/a", "image/webp"), "", "sticker", {"link": "https://x.org/a"}),
        (
            PDF,
            "Yours",
            "document",
            {"link": PDF.url, "caption": "Yours", "filename": "Invoice 7.pdf"},
        ),
    ],
)
def test_files(media: Media, caption: str, kind: str, shown: Any) -> None:
    content = Content(caption, (media,))
    assert SHOWS.takes(content)
    found = body(content)
    assert (found["type"], found[kind]) == (kind, shown)


def test_a_place() -> None:
    found = body(Content(location=Location(40.4, -3.7, "Office")))
    assert found["location"] == {"latitude": 40.4, "longitude": -3.7, "name": "Office"}


def test_contacts() -> None:
    ana = ContactCard("Ana de la Vega", ("+34600111222",), ("ana@example.org",))
    found = body(Content(contacts=(ana, ContactCard("Bo", ("+34600111223",)))))
    assert (found["type"], found["contacts"]) == (
        "contacts",
        [
            {
                "name": {
                    "formatted_name": "Ana de la Vega",
                    "first_name": "Ana",
                    "last_name": "de la Vega",
                },
                "phones": [{"phone": "+34600111222"}],
                "emails": [{"email": "ana@example.org"}],
            },
            {
                "name": {"formatted_name": "Bo", "first_name": "Bo"},
                "phones": [{"phone": "+34600111223"}],
            },
        ],
    )
    assert SHOWS.takes(Content(contacts=(ana,)))
    assert not SHOWS.takes(Content("Call her", contacts=(ana,)))


def test_buttons_below_words() -> None:
    assert interactive(Content("Well?", suggestions=(Reply("Yes", "y"), Reply("No")))) == {
        "type": "button",
        "body": {"text": "Well?"},
        "action": {
            "buttons": [
                {"type": "reply", "reply": {"id": "y", "title": "Yes"}},
                {"type": "reply", "reply": {"id": "No", "title": "No"}},
            ]
        },
    }


def test_buttons_below_a_picture() -> None:
    found = interactive(Content("Well?", (JPEG,), suggestions=(Reply("Yes", "y"),)))
    assert found["header"] == {"type": "image", "image": {"link": JPEG.url}}
    found = interactive(Content("Well?", (PDF,), suggestions=(Reply("Yes", "y"),)))
    document = {"link": PDF.url, "filename": "Invoice 7.pdf"}
    assert found["header"] == {"type": "document", "document": document}


def test_a_link() -> None:
    assert interactive(Content("Shop", suggestions=(OpenUrl("Open", "https://x.org/"),))) == {
        "type": "cta_url",
        "body": {"text": "Shop"},
        "action": {
            "name": "cta_url",
            "parameters": {"display_text": "Open", "url": "https://x.org/"},
        },
    }


def test_a_question_for_the_place() -> None:
    assert interactive(Content("Where?", suggestions=(AskLocation("Here"),))) == {
        "type": "location_request_message",
        "body": {"text": "Where?"},
        "action": {"name": "send_location"},
    }


def test_a_list() -> None:
    menu = Menu("Rooms", (Row("Sea", "sea", "Balcony"), Row("Garden")))
    rows = [
        {"id": "sea", "title": "Sea", "description": "Balcony"},
        {"id": "Garden", "title": "Garden"},
    ]
    assert interactive(Content("Choose", menu=menu)) == {
        "type": "list",
        "body": {"text": "Choose"},
        "action": {"button": "Rooms", "sections": [{"rows": rows}]},
    }
    assert interactive(Content(menu=menu))["body"] == {"text": "Rooms"}


def test_a_card() -> None:
    card = Card("Sea", "With a balcony", JPEG, (Reply("Take it", "sea"),))
    found = interactive(Content(cards=(card,)))
    assert found["header"] == {"type": "image", "image": {"link": JPEG.url}}
    assert found["body"] == {"text": "*Sea*\nWith a balcony"}
    assert body(Content(cards=(Card("Sea", "", JPEG),)))["image"]["caption"] == "*Sea*"
    assert body(Content(cards=(Card("Sea", "Blue"),)))["text"]["body"] == "*Sea*\nBlue"


def test_a_carousel_of_answers() -> None:
    cards = tuple(
        Card(title, "", JPEG, (Reply("Take it", title.lower()),)) for title in ("Sea", "Garden")
    )
    content = Content(cards=cards)
    assert SHOWS.takes(content)
    found = interactive(content)
    assert (found["type"], found["body"]) == ("carousel", {"text": "…"})
    assert found["action"]["cards"][1] == {
        "card_index": 1,
        "header": {"type": "image", "image": {"link": JPEG.url}},
        "body": {"text": "*Garden*"},
        "action": {
            "buttons": [
                {"type": "quick_reply", "quick_reply": {"id": "garden", "title": "Take it"}}
            ]
        },
    }


def test_a_carousel_of_links() -> None:
    link = OpenUrl("More", "https://x.org/")
    content = Content(cards=(Card("Sea", "", JPEG, (link,)), Card("Garden", "", JPEG, (link,))))
    assert SHOWS.takes(content)
    first = interactive(content)["action"]["cards"][0]
    assert first["type"] == "cta_url"
    assert first["action"]["parameters"] == {"display_text": "More", "url": "https://x.org/"}


# --- What goes and what does not ------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        Content("x" * 4097),
        Content("x" * 1025, (JPEG,)),
        Content("Words", (Media("https://x.org/a", "audio/ogg"),)),
        Content("Words", (Media("https://x.org/a", "image/webp"),)),
        Content(media=(Media("https://x.org/a", "image/gif"),)),
        Content(media=(Media("https://x.org/a", "image/jpeg", size=5_000_001),)),
        Content(media=(JPEG, JPEG)),
        Content("x" * 1025, suggestions=(Reply("Yes"),)),
        Content("Well?", suggestions=tuple(Reply(str(n)) for n in range(4))),
        Content("Well?", suggestions=(Reply("Yes"), OpenUrl("Open", "https://x.org/"))),
        Content("Well?", suggestions=(Dial("Call", "+34911234567"),)),
        Content("Well?", suggestions=(Reply("x" * 21),)),
        Content("Well?", suggestions=(Reply("Yes", "x" * 257),)),
        Content("Where?", (JPEG,), suggestions=(AskLocation("Here"),)),
        Content(media=(JPEG,), suggestions=(Reply("Yes"),)),
        Content("Choose", menu=Menu("x" * 21, (Row("a"),))),
        Content("Choose", menu=Menu("Rooms", (Row("x" * 25),))),
        Content("Choose", menu=Menu("Rooms", (Row("a", "x" * 201),))),
        Content("Choose", menu=Menu("Rooms", (Row("a", "", "x" * 73),))),
        Content("Choose", menu=Menu("Rooms", (Row("a"),)), suggestions=(Reply("Yes"),)),
        Content(cards=(Card("a", "", JPEG, (Reply("x"),)), Card("b", "", MP4, (Reply("y"),)))),
        Content(cards=(Card("a", "", JPEG, (Reply("x"),)), Card("b", "", JPEG))),
    ],
)
def test_what_whatsapp_would_refuse_is_not_shown_so(content: Content) -> None:
    assert not SHOWS.takes(content)
    parts = adapt(content, SHOWS).parts
    assert parts != (content,)
    assert all(map(SHOWS.takes, parts))


def test_words_above_buttons_and_lists_are_split_before_they_are_too_long() -> None:
    words = "word " * 500
    first, last = adapt(Content(words, suggestions=(Reply("Yes"),)), SHOWS).parts
    assert first.suggestions == ()
    assert len(last.text) <= MAX_CAPTION
    assert last.suggestions == (Reply("Yes"),)
    *_before, last = adapt(Content(words, menu=Menu("Rooms", (Row("a"),))), SHOWS).parts
    assert 0 < len(last.text) <= MAX_CAPTION
    text, picture = adapt(Content("x" * 2000, (JPEG,)), SHOWS).parts
    assert (text, picture) == (Content("x" * 2000), Content(media=(JPEG,)))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(contents, st.text("ab ", max_size=3000))
def test_every_part_can_be_sent_and_no_change_is_silent(content: Content, more: str) -> None:
    whole = Content(
        (content.text + more).strip(),
        content.media,
        content.cards,
        content.menu,
        content.location,
        content.suggestions,
    )
    if whole.is_empty:
        return
    adapted = adapt(whole, SHOWS)
    assert all(SHOWS.takes(part) for part in adapted.parts)
    assert bool(changes(whole, adapted, SHOWS, "X")) == (adapted.parts != (whole,))
    for part in adapted.parts:
        found = body(part)
        assert set(found) >= {"type", found["type"]}


def test_too_long_is_said_before_anything_is_sent() -> None:
    with pytest.raises(TooLong):
        next(adapter.send(outbound("x" * 4097)))


# --- Templates in use -----------------------------------------------------------------------------


def test_a_template() -> None:
    use = TemplateUse(
        "order_ready",
        "en_US",
        "Ana, order 7 is ready.",
        body=(("2", "7"), ("1", "Ana")),
        header=PDF,
        buttons=((0, "7/track"), (1, "stop:7"), (2, "SAVE10")),
        button_kinds=((1, "reply"), (2, "code")),
    )
    content = Content(template=use)
    assert SHOWS.takes(content)
    assert body(content)["template"] == {
        "name": "order_ready",
        "language": {"code": "en_US", "policy": "deterministic"},
        "components": [
            {
                "type": "header",
                "parameters": [
                    {
                        "type": "document",
                        "document": {"link": PDF.url, "filename": "Invoice 7.pdf"},
                    }
                ],
            },
            {
                "type": "body",
                "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "7"}],
            },
            {
                "type": "button",
                "sub_type": "url",
                "index": "0",
                "parameters": [{"type": "text", "text": "7/track"}],
            },
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": "1",
                "parameters": [{"type": "payload", "payload": "stop:7"}],
            },
            {
                "type": "button",
                "sub_type": "copy_code",
                "index": "2",
                "parameters": [{"type": "coupon_code", "coupon_code": "SAVE10"}],
            },
        ],
    }


def test_a_template_with_names_and_one_with_nothing() -> None:
    use = TemplateUse(
        "hi", "es", "Hola Ana", body=(("name", "Ana"),), header_values=(("1", "Sale"),)
    )
    assert body(Content(template=use))["template"]["components"] == [
        {"type": "header", "parameters": [{"type": "text", "text": "Sale"}]},
        {
            "type": "body",
            "parameters": [{"type": "text", "text": "Ana", "parameter_name": "name"}],
        },
    ]
    bare = body(Content(template=TemplateUse("hello_world", "en_US", "Hello World")))
    assert "components" not in bare["template"]


# --- Answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "error", "code", "wait"),
    [
        (problem(401, 190), BadCredentials, "190", None),
        (problem(400, 0), BadCredentials, "400", None),
        (problem(400, 3), BadCredentials, "3", None),
        (problem(403, 10), BadCredentials, "10", None),
        (problem(403, 200), BadCredentials, "200", None),
        (problem(403, 299), BadCredentials, "299", None),
        (problem(403, 131005), BadCredentials, "131005", None),
        (problem(429, 4), Throttled, "4", None),
        (problem(400, 80007), Throttled, "80007", None),
        (problem(400, 130429), Throttled, "130429", None),
        (problem(400, 131056), Throttled, "131056", 6.0),
        (problem(400, 133016), Throttled, "133016", 3600.0),
        (problem(400, 131048), BadCredentials, "131048", None),
        (problem(400, 131064), BadCredentials, "131064", None),
        (problem(400, 131047), WindowClosed, "131047", None),
        (problem(400, 470), WindowClosed, "470", None),
        (problem(400, 131026), NotCapable, "131026", None),
        (problem(400, 131049), NotCapable, "131049", None),
        (problem(400, 130472), NotCapable, "130472", None),
        (problem(400, 131050), OptedOut, "131050", None),
        (problem(403, 130497), Rejected, "130497", None),
        (problem(500, 131000), Unreachable, "131000", None),
        (problem(503, 131016), Unreachable, "131016", None),
        (problem(400, 135000), Unreachable, "135000", None),
        (problem(500, 131057), Unreachable, "131057", 3600.0),
        (problem(400, 131008), Rejected, "131008", None),
        (problem(400, 131009), Rejected, "131009", None),
        (problem(400, 100), Rejected, "100", None),
        (problem(400, 131021), Rejected, "131021", None),
        (problem(400, 131051), Rejected, "131051", None),
        (problem(400, 131062), Rejected, "131062", None),
        (problem(400, 131030), Rejected, "131030", None),
        (problem(403, 131031), BadCredentials, "131031", None),
        (problem(403, 368), BadCredentials, "368", None),
        (problem(400, 131037), BadCredentials, "131037", None),
        (problem(400, 131042), BadCredentials, "131042", None),
        (problem(400, 131045), BadCredentials, "131045", None),
        (problem(400, 131063), Rejected, "131063", None),
        (problem(400, 131052), Rejected, "131052", None),
        (problem(400, 131053), Rejected, "131053", None),
        (problem(400, 132000), Rejected, "132000", None),
        (problem(404, 132001), Rejected, "132001", None),
        (problem(400, 132005), Rejected, "132005", None),
        (problem(400, 132007), Rejected, "132007", None),
        (problem(400, 132012), Rejected, "132012", None),
        (problem(400, 132015), Rejected, "132015", None),
        (problem(400, 132016), Rejected, "132016", None),
        (problem(400, 133010), BadCredentials, "133010", None),
        (problem(400, 137000), Rejected, "137000", None),
        (problem(400, 33), BadCredentials, "33", None),
        (problem(400, 80008), Throttled, "80008", None),
        (problem(500, 1), Ambiguous, "1", None),
        (problem(500, 2), Ambiguous, "2", None),
        (problem(400, 139999), Rejected, "139999", None),
        (problem(500, 139999), Ambiguous, "139999", None),
    ],
)
def test_answers(response: Response, error: type[SendError], code: str, wait: float | None) -> None:
    with pytest.raises(error) as raised:
        drive(adapter.send(outbound()), response)
    assert type(raised.value) is error
    assert (raised.value.code, raised.value.retry_after) == (code, wait)


def test_every_code_of_the_table_is_tried() -> None:
    marks = test_answers.pytestmark  # type: ignore[attr-defined]
    tried = {int(case[2]) for mark in marks for case in mark.args[1]}
    assert set(TABLE) <= tried


def test_the_details_are_what_people_read() -> None:
    response = problem(400, 131009, error_data={"details": "Button title is too long."})
    with pytest.raises(Rejected, match="Button title is too long"):
        drive(adapter.send(outbound()), response)


# --- Signals --------------------------------------------------------------------------------------


def test_read_and_typing() -> None:
    done = answer(200, {"success": True})
    _none, [read] = drive(adapter.signal(Signal.READ, CUSTOMER, uid=UID, about="wamid.IN01"), done)
    assert read.json == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.IN01",
    }
    steps = adapter.signal(Signal.TYPING, CUSTOMER, uid=UID, about="wamid.IN01")
    _none, [typing] = drive(steps, done)
    assert typing.json == read.json | {"typing_indicator": {"type": "text"}}


def test_signals_can_be_switched_off() -> None:
    assert WhatsApp(config(signals="none")).capabilities.signals == frozenset()


# --- Files of customers ---------------------------------------------------------------------------


def test_a_file_is_asked_for_and_then_fetched_with_the_same_token() -> None:
    place = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&hash=x"
    final, [asked] = drive(adapter.fetch(f"{GRAPH}/77"), answer(200, {"url": place}))
    assert asked.url == f"{GRAPH}/77"
    for request, url in ((asked, f"{GRAPH}/77"), (final, place)):
        assert (request.method, request.url) == ("GET", url)
        assert request.headers == {"Authorization": f"Bearer {ACCESS_TOKEN}"}
        assert request.secrets


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/a",
        "http://lookaside.fbsbx.com/a",
        "https://lookaside.fbsbx.com.evil.example/a",
        "https://x@evil.example/lookaside.fbsbx.com",
        "https://graph.facebook.com.evil.example/a",
        "",
    ],
)
def test_the_token_goes_to_meta_alone(place: str) -> None:
    with pytest.raises(Rejected):
        drive(adapter.fetch(f"{GRAPH}/77"), answer(200, {"url": place}))
    assert not adapter.media_request(place).headers


def test_at_the_look_alike_nothing_leaves_for_meta() -> None:
    base = "http://127.0.0.1:9/whatsapp"
    there = WhatsApp(config(), base_url=base)
    final, _asked = drive(there.fetch(f"{base}/v25.0/77"), answer(200, {"url": f"{base}/file/77"}))
    assert final.headers
    place = "https://lookaside.fbsbx.com/a"
    with pytest.raises(Rejected):
        drive(there.fetch(f"{base}/v25.0/77"), answer(200, {"url": place}))


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (problem(400, 100), Rejected),
        (problem(401, 190), BadCredentials),
        (answer(500), Unreachable),
        (Response(200, {}, b"<html>"), Unreachable),
    ],
)
def test_a_file_that_cannot_be_asked_for(response: Response, error: type[SendError]) -> None:
    with pytest.raises(error):
        drive(adapter.fetch(f"{GRAPH}/77"), response)


# --- The account ----------------------------------------------------------------------------------


def test_check_says_whose_number_it_is() -> None:
    found = {"display_phone_number": "+1 555-078-3881", "verified_name": "Acme", "id": NUMBER_ID}
    checked, [request] = drive(adapter.check(), answer(200, found))
    assert checked == Checked("Acme, +1 555-078-3881")
    assert request.url == f"{GRAPH}/{NUMBER_ID}"


def test_check_notices_another_number() -> None:
    found = answer(200, {"display_phone_number": "+34 600 111 222"})
    with pytest.raises(BadCredentials, match=r"belongs to \+34 600 111 222"):
        drive(adapter.check(), found)


def test_the_account_of_templates() -> None:
    assert next(adapter.templates()).url == f"{GRAPH}/{ACCOUNT_ID}/message_templates"


@pytest.mark.parametrize("emoji", ["👍", ""])
def test_a_reaction_is_given_and_taken_back(emoji: str) -> None:
    about = About(reply_to="wamid.IN01", reacts=True, reaction=emoji)
    sent, [request] = drive(adapter.react(outbound("", about=about)), accepted())
    assert sent == Sent(SENT_ID)
    assert request.json["type"] == "reaction"
    assert request.json["reaction"] == {"message_id": "wamid.IN01", "emoji": emoji}
    assert request.json["biz_opaque_callback_data"] == UID
    assert "text" not in request.json


def test_what_becomes_of_a_reaction_is_never_unclear() -> None:
    about = About(reply_to="wamid.IN01", reacts=True, reaction="👍")
    with pytest.raises(Unreachable):
        drive(adapter.react(outbound("", about=about)), answer(500))
