"""The look-alike of WhatsApp's Cloud API, driven by our adapter over real HTTP."""

import base64
from typing import Any

import pytest

from channels_social.whatsapp import WhatsApp
from gateway.content.model import (
    AskLocation,
    Card,
    Content,
    Location,
    Media,
    Menu,
    OpenUrl,
    Reply,
    Row,
    TemplateUse,
)
from gateway.content.templates import TemplateDraft
from gateway.contract import Signal
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
)
from gateway.events import (
    About,
    Edited,
    Identity,
    InboundMessage,
    Keyword,
    OptOut,
    Reaction,
    SentElsewhere,
    TemplateNews,
    Unsent,
)
from simulator.identities import identity
from tests.payloads.whatsapp.exhibit import NUMBER, config
from tests.simulator.conftest import until
from tests.simulator.whatsapp import CUSTOMER, WhatsAppStand, whatsapp

__all__ = ["whatsapp"]  # a fixture

JPEG = Media("https://example.org/a.jpg", "image/jpeg")
USER = "US.1234"


def messages(stand: WhatsAppStand) -> list[InboundMessage]:
    return [event for event in stand.events() if isinstance(event, InboundMessage)]


# --- Out ------------------------------------------------------------------------------------------


async def test_an_answer_is_delivered_and_reported(whatsapp: WhatsAppStand) -> None:
    await whatsapp.write("Hello")
    sid = await whatsapp.send("¡Hola!")
    await until(lambda: whatsapp.words() == ["sent", "delivered"])
    [sent] = await whatsapp.sent()
    assert (sent["sid"], sent["to"], sent["body"]) == (sid, CUSTOMER, "¡Hola!")
    await whatsapp.post("/phone/seen", {"phone": CUSTOMER})
    await until(lambda: whatsapp.words() == ["sent", "delivered", "read"])


async def test_free_text_needs_the_window(whatsapp: WhatsAppStand) -> None:
    await whatsapp.send("Hello?")
    await until(lambda: whatsapp.words() == ["failed 131047"])
    await whatsapp.write("Hello")
    await whatsapp.send("Hello!")
    await until(lambda: "delivered" in whatsapp.words())
    await whatsapp.write(event="close_window")
    await whatsapp.send("Still there?")
    await until(lambda: whatsapp.words()[-1] == "failed 131047")
    shown = [one for one in await whatsapp.sent() if one["displayed"]]
    assert [one["body"] for one in shown] == ["Hello!"]


async def test_a_template_needs_none(whatsapp: WhatsAppStand) -> None:
    use = TemplateUse("order_update", "en_US", "x", (("1", "Ana"), ("2", "7")))
    await whatsapp.send(Content(template=use))
    await until(lambda: whatsapp.words() == ["sent", "delivered"])
    [sent] = await whatsapp.sent()
    assert sent["body"] == "Hi Ana, there is news about your order 7. Ask us anything."


@pytest.mark.parametrize(
    ("use", "code"),
    [
        (TemplateUse("nothing", "en_US", "x"), "132001"),
        (TemplateUse("order_update", "fr", "x"), "132001"),
        (TemplateUse("order_update", "en_US", "x", (("1", "Ana"),)), "132000"),
    ],
)
async def test_a_template_that_is_not_there(
    whatsapp: WhatsAppStand, use: TemplateUse, code: str
) -> None:
    with pytest.raises(Rejected) as raised:
        await whatsapp.send(Content(template=use))
    assert raised.value.code == code


async def test_all_that_is_shown_is_taken(whatsapp: WhatsAppStand) -> None:
    await whatsapp.write("Hello")
    link = OpenUrl("More", "https://example.org/")
    contents = [
        Content("Look", (JPEG,)),
        Content(media=(Media("https://example.org/a.ogg", "audio/ogg"),)),
        Content(media=(Media("https://example.org/a.webp", "image/webp"),)),
        Content("Yours", (Media("https://example.org/a.pdf", "application/pdf", "a.pdf"),)),
        Content(location=Location(40.4, -3.7, "Office")),
        Content("Well?", (JPEG,), suggestions=(Reply("Yes", "y"), Reply("No", "n"))),
        Content("Shop", suggestions=(link,)),
        Content("Where?", suggestions=(AskLocation("Here"),)),
        Content("Choose", menu=Menu("Rooms", (Row("Sea", "sea", "Balcony"), Row("Garden")))),
        Content(cards=(Card("Sea", "Blue", JPEG, (Reply("Take it", "sea"),)),)),
        Content(cards=(Card("Sea", "", JPEG, (link,)), Card("Garden", "", JPEG, (link,)))),
        Content(
            cards=(
                Card("Sea", "", JPEG, (Reply("Take it", "sea"),)),
                Card("Garden", "", JPEG, (Reply("Take it", "garden"),)),
            )
        ),
    ]
    for content in contents:
        assert whatsapp.adapter.shows(CUSTOMER).takes(content)
        await whatsapp.send(content)
    await until(lambda: whatsapp.words().count("delivered") == len(contents))
    state = await whatsapp.get("/phone/state?phone=%2B14155550114")
    bubbles = [one for one in state["threads"][CUSTOMER] if not one["mine"]]
    assert len(bubbles) == len(contents)


async def test_what_is_wrong_is_refused(whatsapp: WhatsAppStand) -> None:
    twins = Content("Well?", suggestions=(Reply("Yes", "y"), Reply("Yes!", "y")))
    with pytest.raises(Rejected, match="must be unique") as raised:
        await whatsapp.send(twins)
    assert raised.value.code == "131009"
    with pytest.raises(Rejected) as raised:
        await whatsapp.send("Hi", to=NUMBER)
    assert raised.value.code == "131021"


async def test_a_phone_that_is_off_gets_it_later(whatsapp: WhatsAppStand) -> None:
    await whatsapp.write("Hello")
    await whatsapp.post("/phones", {"number": CUSTOMER, "online": False})
    await whatsapp.send("Later")
    await until(lambda: whatsapp.words() == ["sent"])
    await whatsapp.post("/phones", {"number": CUSTOMER, "online": True})
    await until(lambda: whatsapp.words() == ["sent", "delivered"])
    await whatsapp.post("/phones", {"number": CUSTOMER, "error_code": 131026})
    await whatsapp.send("Never")
    await until(lambda: whatsapp.words()[-1] == "failed 131026")


@pytest.mark.parametrize(
    ("knob", "error"),
    [
        ("rate_429", Throttled),
        ("rate_500", Ambiguous),
        ("rate_503", Unreachable),
        ("rate_credentials", BadCredentials),
        ("drop_after_accept", Ambiguous),
        ("drop_connection", Ambiguous),
    ],
)
async def test_faults(whatsapp: WhatsAppStand, knob: str, error: type[SendError]) -> None:
    await whatsapp.post("/faults", {"provider": "whatsapp", knob: 1})
    with pytest.raises(error):
        await whatsapp.send("Hi")
    count = (await whatsapp.get("/sent?provider=whatsapp"))["count"]
    assert count == (1 if knob == "drop_after_accept" else 0)


async def test_read_and_typing_are_shown(whatsapp: WhatsAppStand) -> None:
    sid = await whatsapp.write("Hello")
    for signal in (Signal.READ, Signal.TYPING):
        await whatsapp.call(whatsapp.adapter.signal(signal, CUSTOMER, uid="x", about=sid))
    shown = (await whatsapp.get("/signals"))["signals"]
    assert [(one["type"], one["message"]) for one in shown] == [
        ("read", sid),
        ("typing_indicator", sid),
    ]
    with pytest.raises(Rejected):
        await whatsapp.call(
            whatsapp.adapter.signal(Signal.READ, CUSTOMER, uid="x", about="wamid.no")
        )


# --- In -------------------------------------------------------------------------------------------


async def test_what_a_customer_writes(whatsapp: WhatsAppStand) -> None:
    sid = await whatsapp.write("Where is my order?")
    [message] = messages(whatsapp)
    assert (message.external_id, message.sender, message.text) == (
        sid,
        CUSTOMER,
        "Where is my order?",
    )
    assert message.recipient == NUMBER
    assert message.also == (Identity("whatsapp", identity("whatsapp", CUSTOMER)),)
    await whatsapp.write("This", reply_to=sid)
    assert messages(whatsapp)[-1].reply_to == sid
    await whatsapp.write(location={"latitude": 40.5, "longitude": -3.5})
    assert messages(whatsapp)[-1].location == Location(40.5, -3.5)


async def test_somebody_without_a_number(whatsapp: WhatsAppStand) -> None:
    await whatsapp.write("Hi", sender=USER)
    [message] = messages(whatsapp)
    assert (message.sender, message.sender_kind, message.also) == (USER, "whatsapp", ())
    await whatsapp.send("Hello", to=USER)
    await until(lambda: whatsapp.words() == ["sent", "delivered"])
    assert (await whatsapp.sent())[0]["content"]["recipient"] == USER


async def test_taps_come_back_with_what_they_answer(whatsapp: WhatsAppStand) -> None:
    await whatsapp.write("Hello")
    asked = await whatsapp.send(Content("Well?", suggestions=(Reply("Yes", "y"),)))
    listed = await whatsapp.send(Content("Choose", menu=Menu("Rooms", (Row("Sea", "sea"),))))
    await whatsapp.write("Yes", payload="y")
    await whatsapp.write("Sea", payload="sea")
    found = [(one.text, one.payload, one.reply_to) for one in messages(whatsapp)[1:]]
    assert found == [("Yes", "y", asked), ("Sea", "sea", listed)]
    bodies = [request.body for request in whatsapp.door.received]
    assert any(b'"button_reply"' in body for body in bodies)
    assert any(b'"list_reply"' in body for body in bodies)


async def test_files_are_fetched_in_two_steps(whatsapp: WhatsAppStand) -> None:
    data = base64.b64encode(b"\xff\xd8\xff picture").decode()
    media = [
        {"content_type": "image/jpeg", "data": data},
        {"content_type": "application/pdf", "data": data},
    ]
    await whatsapp.write("Two", media=media)
    first, second = messages(whatsapp)
    assert (first.text, second.text) == ("Two", "")
    assert [one.attachments[0].content_type for one in (first, second)] == [
        "image/jpeg",
        "application/pdf",
    ]
    url = first.attachments[0].url
    assert url.startswith(f"{whatsapp.base}/whatsapp/v25.0/")
    request = await whatsapp.call(whatsapp.adapter.fetch(url))
    assert request.url.startswith(f"{whatsapp.base}/whatsapp/file/")
    async with whatsapp.http.get(request.url, headers=request.headers) as response:
        assert await response.read() == b"\xff\xd8\xff picture"
    async with whatsapp.http.get(request.url) as response:
        assert response.status == 401


async def test_what_people_do_beside_writing(whatsapp: WhatsAppStand) -> None:
    sid = await whatsapp.write("Helo")
    await whatsapp.write("Hello", event="edit", message_id=sid)
    await whatsapp.write("👍", event="reaction", message_id=sid)
    await whatsapp.write(event="reaction", message_id=sid)
    await whatsapp.write(event="revoke", message_id=sid)
    await whatsapp.write(event="stop")
    await whatsapp.write("Call us", event="echo")
    await whatsapp.write("+14155550999", event="changed_number")
    _first, edited, liked, not_liked, unsent, stopped, echo, moved = whatsapp.events()
    assert isinstance(edited, Edited)
    assert (edited.external_id, edited.text) == (sid, "Hello")
    assert isinstance(liked, Reaction)
    assert isinstance(not_liked, Reaction)
    assert (liked.emoji, not_liked.emoji) == ("👍", "")
    assert isinstance(unsent, Unsent)
    assert unsent.external_id == sid
    assert isinstance(stopped, OptOut)
    assert (stopped.keyword, stopped.source) == (Keyword.STOP, "provider")
    assert isinstance(echo, SentElsewhere)
    assert (echo.recipient, echo.text) == (CUSTOMER, "Call us")
    assert isinstance(moved, InboundMessage)
    assert Identity("phone", "+14155550999") in moved.also


async def test_who_has_stopped_marketing_gets_none(whatsapp: WhatsAppStand) -> None:
    draft = TemplateDraft("sale", "en_US", "marketing", "Everything must go.")
    await whatsapp.call(whatsapp.adapter.create_template(draft))
    await until(lambda: any(isinstance(one, TemplateNews) for one in whatsapp.events()))
    await whatsapp.write(event="stop")
    await whatsapp.send(Content(template=TemplateUse("sale", "en_US", "x")))
    await until(lambda: whatsapp.words() == ["failed 131050"])
    await whatsapp.write(event="resume")
    await whatsapp.send(Content(template=TemplateUse("sale", "en_US", "x")))
    await until(lambda: whatsapp.words()[1:] == ["sent", "delivered"])


async def test_an_answer_quotes(whatsapp: WhatsAppStand) -> None:
    sid = await whatsapp.write("Hello")
    await whatsapp.send("Hi", about=About(reply_to=sid))
    assert (await whatsapp.sent())[0]["content"]["context"] == {"message_id": sid}


# --- The account ----------------------------------------------------------------------------------


async def test_the_number_is_checked(whatsapp: WhatsAppStand) -> None:
    checked = await whatsapp.call(whatsapp.adapter.check())
    assert checked.summary == f"Shop on WhatsApp, {NUMBER}"
    for change in ({"access_token": "wrong"}, {"access_token": "of another account"}):
        with pytest.raises(BadCredentials):
            await whatsapp.call(changed(whatsapp, **change).check())
    new = changed(whatsapp, phone_number="+34911222333", phone_number_id="34911222333")
    assert (await whatsapp.call(new.check())).summary == "Simulated business, +34911222333"


def changed(stand: WhatsAppStand, **fields: str) -> WhatsApp:
    return WhatsApp(config(**fields), base_url=f"{stand.base}/whatsapp")


async def test_templates_are_reviewed_listed_and_removed(whatsapp: WhatsAppStand) -> None:
    adapter = whatsapp.adapter
    names = {one.name for one in await whatsapp.call(adapter.templates())}
    assert names == {"hello_world", "order_update"}
    good = TemplateDraft("good", "es", "utility", "Hola {{1}}.", examples=(("1", "Ana"),))
    bad = TemplateDraft("reject_me", "es", "utility", "Hola.")
    promo = TemplateDraft("promo", "es", "utility", "Rebajas.")
    for draft in (good, bad, promo):
        taken = await whatsapp.call(adapter.create_template(draft))
        assert (taken.status, taken.name) == ("pending", draft.name)

    def told() -> set[tuple[str, str, str, str]]:
        found = [one for one in whatsapp.events() if isinstance(one, TemplateNews)]
        return {(one.name, one.status, one.category, one.reason) for one in found}

    await until(lambda: len(told()) == 4)
    assert told() == {
        ("good", "approved", "", ""),
        ("reject_me", "rejected", "", "INVALID_FORMAT"),
        ("promo", "", "marketing", ""),
        ("promo", "approved", "", ""),
    }
    listed = {one.name: one for one in await whatsapp.call(adapter.templates())}
    assert (listed["promo"].category, listed["reject_me"].reason) == (
        "marketing",
        "INVALID_FORMAT",
    )
    await whatsapp.call(adapter.delete_template(listed["good"]))
    assert "good" not in {one.name for one in await whatsapp.call(adapter.templates())}


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (TemplateDraft("Wrong Name", "es", "utility", "Hola."), "name or language"),
        (TemplateDraft("x", "es", "utility", "{{1}} hola", examples=(("1", "a"),)), "start or end"),
        (TemplateDraft("hello_world", "en_US", "utility", "Hola."), "already"),
    ],
)
async def test_what_is_wrong_with_a_template(
    whatsapp: WhatsAppStand, draft: TemplateDraft, words: str
) -> None:
    with pytest.raises(Rejected, match=words):
        await whatsapp.call(whatsapp.adapter.create_template(draft))


async def test_pages_of_templates(whatsapp: WhatsAppStand, monkeypatch: Any) -> None:
    monkeypatch.setattr("channels_social.whatsapp.PAGE_SIZE", 2)
    assert len(await whatsapp.call(whatsapp.adapter.templates())) == 3
