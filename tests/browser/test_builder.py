"""The builder in a browser: a carousel is built, looked at for every phone, sent and tapped."""

import uuid

import pytest
from playwright.sync_api import Locator, Page, expect

from benches.api import Api
from benches.stack import Stack
from tests.browser.test_files import PICTURE
from tests.browser.test_inbox import Login, Phone, number, say
from tests.browser.test_rcs import api

__all__ = ["api", "number"]  # fixtures


def open_with(agent: Page, stack: Stack, api: Api, number: str, mark: str) -> None:
    """A conversation by RCS, open before the agent."""
    (rcs,) = [one for one in api.get("channels/")["results"] if one["kind"] == "google_rcs"]
    to = {"kind": "phone", "value": number}
    sent = api.post("messages/", {"to": to, "channel": rcs["id"], "text": f"Hello! {mark}"})
    agent.goto(f"{stack.url}/conversations/{sent['conversation']}/")
    expect(agent.get_by_test_id("message").filter(has_text=mark)).to_have_count(1)


def add_card(dialog: Locator, title: str, answer: str) -> None:
    """A card with a suggested reply."""
    dialog.get_by_test_id("add-card").click()
    card = dialog.get_by_test_id("rich-card").last
    card.get_by_test_id("card-title").fill(title)
    card.get_by_test_id("card-add-suggestion").click()
    card.get_by_test_id("suggestion-text").fill(answer)


@pytest.fixture
def agent(login: Login) -> Page:
    """With what went wrong on the page."""
    return login("admin")


def test_a_carousel_is_built_seen_and_tapped(
    stack: Stack, agent: Page, phone: Phone, number: str, api: Api
) -> None:
    Api.tell(f"{stack.simulator}/phones", {"number": number, "rcs": True})
    customer, mark = phone(number), uuid.uuid4().hex[:8]
    open_with(agent, stack, api, number, mark)
    agent.get_by_test_id("composer-input").fill(f"Which room do you like? {mark}")
    agent.get_by_test_id("rich-open").click()
    dialog = agent.get_by_test_id("rich-dialog")
    expect(dialog.get_by_test_id("rich-text")).to_have_value(f"Which room do you like? {mark}")
    add_card(dialog, "Garden", "Take the garden")
    add_card(dialog, "Sea", "Take the sea")
    dialog.get_by_test_id("rich-card").last.locator("[data-move='-1']").first.click()

    expect(dialog.get_by_test_id("look")).to_have_count(2)
    rcs, sms = dialog.get_by_test_id("look").first, dialog.get_by_test_id("look").last
    shown = ["SeaTake the sea", "GardenTake the garden"]
    expect(rcs.get_by_test_id("look-card")).to_have_text(shown)
    expect(sms).to_contain_text("If RCS does not arrive in 30 s, it goes as:")
    expect(sms.get_by_test_id("look-text").last).to_contain_text("Sea\n1. Take the sea")
    expect(sms.get_by_test_id("look-text").last).to_contain_text("Garden\n2. Take the garden")
    expect(sms.get_by_test_id("look-changes")).to_contain_text("SMS shows no cards")

    # Escape closes, and nothing is lost; nor by a reload.
    agent.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(agent.get_by_test_id("composer-rich")).to_have_text("2 cards, 2 suggestions")
    expect(agent.locator("#draft-state")).to_have_text("Draft saved")
    agent.reload()
    expect(agent.get_by_test_id("composer-rich")).to_have_text("2 cards, 2 suggestions")
    agent.get_by_test_id("rich-open").click()
    expect(dialog.get_by_test_id("look-card")).to_have_count(2)
    dialog.get_by_test_id("rich-send").click()

    expect(agent.get_by_test_id("message-card")).to_have_count(2)
    expect(agent.get_by_test_id("composer-rich")).to_be_hidden()
    expect(agent.get_by_test_id("composer-input")).to_have_value("")
    customer.get_by_role("button", name="Take the garden").click()
    answer = agent.locator(".msg-in").get_by_test_id("message-text")
    expect(answer.last).to_have_text("Take the garden")


def test_what_is_wrong_is_said_where_it_is(
    stack: Stack, agent: Page, phone: Phone, number: str, api: Api
) -> None:
    mark = uuid.uuid4().hex[:8]
    customer = phone(number)
    open_with(agent, stack, api, number, mark)
    agent.get_by_test_id("rich-open").click()
    dialog = agent.get_by_test_id("rich-dialog")
    dialog.get_by_test_id("rich-text").fill(f"Look {mark}")
    dialog.get_by_test_id("add-suggestion").click()
    button = dialog.get_by_test_id("rich-suggestion")
    button.get_by_test_id("suggestion-type").select_option("open_url")
    button.get_by_test_id("suggestion-text").fill("Shop")
    button.get_by_test_id("suggestion-url").fill("ftp://example.org")
    dialog.get_by_test_id("rich-send").click()
    # What was written is back, and the error is at its field.
    error = button.locator(".field-error:visible")
    expect(error).to_have_text("An address that begins with https:// is expected here.")
    expect(button.get_by_test_id("suggestion-url")).to_be_focused()
    expect(dialog.get_by_test_id("rich-text")).to_have_value(f"Look {mark}")
    expect(customer.get_by_test_id("bubble-in")).to_have_count(1)
    button.get_by_test_id("suggestion-url").fill("https://example.org/shop")
    expect(error).to_have_count(0)
    dialog.get_by_test_id("rich-send").click()
    expect(customer.get_by_test_id("bubble-in").last).to_contain_text("https://example.org/shop")


def test_a_thread_that_moved_stops_it_once(
    stack: Stack, agent: Page, phone: Phone, number: str, api: Api
) -> None:
    Api.tell(f"{stack.simulator}/phones", {"number": number, "rcs": True})
    customer, mark = phone(number), uuid.uuid4().hex[:8]
    open_with(agent, stack, api, number, mark)
    agent.get_by_test_id("rich-open").click()
    dialog = agent.get_by_test_id("rich-dialog")
    add_card(dialog, "Sea", "Take the sea")
    say(customer, f"Wait! {mark}")
    expect(agent.get_by_test_id("message").filter(has_text="Wait!")).to_have_count(1)
    dialog.get_by_test_id("rich-send").click()
    expect(agent.get_by_test_id("moved")).to_be_visible()
    expect(agent.get_by_test_id("composer-rich")).to_have_text("1 card, 1 suggestion")
    expect(agent.get_by_test_id("message-card")).to_have_count(0)
    agent.get_by_test_id("send-anyway").click()
    expect(agent.get_by_test_id("message-card")).to_have_count(1)
    expect(customer.get_by_role("button", name="Take the sea")).to_be_visible()


def test_a_plain_text_is_seen_before_it_is_sent(
    stack: Stack, agent: Page, phone: Phone, number: str, api: Api
) -> None:
    phone(number)
    open_with(agent, stack, api, number, uuid.uuid4().hex[:8])
    agent.get_by_test_id("preview-toggle").click()
    panel = agent.get_by_test_id("composer-preview")
    expect(panel).to_contain_text("How it looks appears here as you write.")
    agent.get_by_test_id("composer-input").fill("á" * 71)
    expect(panel.get_by_test_id("look")).to_have_count(2)
    expect(panel.get_by_test_id("look-size")).to_have_text("2 SMS")


def fill(place: Locator, **values: str) -> None:
    """The fields of an object by their names in the JSON."""
    for name, value in values.items():
        place.locator(f"[data-field='{name}']:visible").fill(value)


def suggest(dialog: Locator, kind: str, **values: str) -> None:
    """A suggestion below the message."""
    dialog.get_by_test_id("add-suggestion").last.click()
    one = dialog.get_by_test_id("rich-suggestion").last
    one.get_by_test_id("suggestion-type").select_option(kind)
    fill(one, **values)


def test_everything_can_be_built_and_is_kept(
    stack: Stack, login: Login, number: str, api: Api
) -> None:
    agent, mark = login("admin", timezone_id="Europe/Madrid"), uuid.uuid4().hex[:8]
    open_with(agent, stack, api, number, mark)
    agent.get_by_test_id("thread").focus()
    agent.keyboard.press("b")
    dialog = agent.get_by_test_id("rich-dialog")
    expect(dialog.get_by_test_id("rich-text")).to_be_focused()
    agent.keyboard.type("Come and see")
    dialog.get_by_test_id("add-list").click()
    fill(dialog.get_by_test_id("rich-list"), button="Rooms", text="Sea", description="Balcony")
    dialog.get_by_test_id("add-location").click()
    fill(dialog.get_by_test_id("rich-location"), latitude="40,5", longitude="-3.7", label="Here")
    dialog.get_by_test_id("add-file-url").click()
    fill(dialog.get_by_test_id("rich-file"), url="https://example.org/map.pdf", name="Map")
    suggest(dialog, "dial", text="Call", phone="+34911234567")
    suggest(dialog, "show_location", text="Way", latitude="1.5", longitude="2")
    suggest(dialog, "ask_location", text="Where are you?")
    times = {"start": "2026-05-01T18:00", "end": "2026-05-01T19:30"}
    suggest(dialog, "calendar", text="Note it", title="Visit", **times)
    dialog.get_by_test_id("add-card").click()  # begun, and nothing in it
    expect(dialog.locator(".field-error:visible")).to_have_count(0)
    expect(dialog.get_by_test_id("look")).to_have_count(2)
    sms = dialog.get_by_test_id("look").last
    expect(sms).to_contain_text("Note it: Visit, 2026-05-01 18:00 – 19:30 (+0200)")
    expect(sms).to_contain_text("1. Sea – Balcony")

    agent.keyboard.press("Escape")
    chip = "a list, a place, 4 suggestions, 1 file"
    expect(agent.get_by_test_id("composer-rich")).to_have_text(chip)
    agent.reload()
    expect(agent.get_by_test_id("composer-rich")).to_have_text(chip)
    agent.get_by_test_id("composer-send").click()
    sent_message = agent.get_by_test_id("message").filter(has_text="Come and see")
    expect(sent_message.get_by_test_id("message-suggestion")).to_have_count(5)
    conversation = agent.url.rstrip("/").rpartition("/")[2]
    found = api.get(f"conversations/{conversation}/messages/")["results"]
    (sent,) = [one["content"] for one in found if one["text"] == "Come and see"]
    assert sent == {
        "text": "Come and see",
        "media": [
            {"url": "https://example.org/map.pdf", "content_type": "application/pdf", "name": "Map"}
        ],
        "list": {"button": "Rooms", "rows": [{"text": "Sea", "description": "Balcony"}]},
        "location": {"latitude": 40.5, "longitude": -3.7, "label": "Here"},
        "suggestions": [
            {"type": "dial", "text": "Call", "phone": "+34911234567"},
            {"type": "show_location", "text": "Way", "latitude": 1.5, "longitude": 2.0},
            {"type": "ask_location", "text": "Where are you?"},
            {
                "type": "calendar",
                "text": "Note it",
                "title": "Visit",
                "start": "2026-05-01T18:00:00+02:00",
                "end": "2026-05-01T19:30:00+02:00",
            },
        ],
    }


def test_a_picture_is_uploaded_for_a_card(
    stack: Stack, agent: Page, phone: Phone, number: str, api: Api
) -> None:
    Api.tell(f"{stack.simulator}/phones", {"number": number, "rcs": True})
    customer, mark = phone(number), uuid.uuid4().hex[:8]
    open_with(agent, stack, api, number, mark)
    agent.get_by_test_id("rich-open").click()
    dialog = agent.get_by_test_id("rich-dialog")
    add_card(dialog, f"Sea {mark}", "Take the sea")
    with agent.expect_file_chooser() as chooser:
        dialog.get_by_test_id("card-add-picture").click()
    chooser.value.set_files([PICTURE])  # type: ignore[arg-type]
    expect(dialog.get_by_test_id("look-card").locator("img")).to_be_visible()
    agent.keyboard.press("Control+Enter")
    expect(agent.get_by_test_id("message-card")).to_have_count(1)
    expect(customer.get_by_role("button", name="Take the sea")).to_be_visible()
    expect(customer.get_by_test_id("bubble-in").locator("img").last).to_be_visible()
