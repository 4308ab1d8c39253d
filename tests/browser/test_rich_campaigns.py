"""A carousel as a campaign: built, seen on each channel, sent by SMS in the end, and tapped."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from benches.stack import Stack
from tests.browser.test_builder import add_card
from tests.browser.test_campaigns import Login

NUMBER = "+14155558802"


def add_person(page: Page, stack: Stack, name: str) -> None:
    """A contact with a number, in Malta, where the demo has nobody."""
    page.goto(f"{stack.url}/contacts/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("textbox", name="Address").fill(NUMBER)
    page.get_by_label("Country").select_option("MT")
    page.get_by_test_id("save-contact").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def begin(page: Page, stack: Stack) -> None:
    """A draft for everybody in Malta."""
    page.goto(f"{stack.url}/campaigns/")
    page.get_by_test_id("new-campaign").first.click()
    page.get_by_test_id("campaign-name").fill("Two rooms")
    page.get_by_test_id("new-segment").click()
    page.get_by_test_id("segment-name").fill("Malta")
    page.locator("#c-0-field").select_option("country")
    page.locator("#c-0-value").select_option("MT")
    expect(page.get_by_test_id("match-count")).to_have_text("1")
    page.get_by_test_id("save-segment").click()
    expect(page.get_by_test_id("audience-count")).to_contain_text("1 contact")
    page.get_by_test_id("next").click()


def looks(page: Page, count: int) -> list[Locator]:
    """The phones beside the editor."""
    expect(page.get_by_test_id("look")).to_have_count(count)
    return page.get_by_test_id("look").all()


def test_a_carousel_goes_by_sms_in_the_end_and_is_tapped_by_number(
    stack: Stack, login: Login, phone: Callable[[str], Page]
) -> None:
    page = login("marketer")
    add_person(page, stack, "Marija Borg")
    customer = phone(NUMBER)
    begin(page, stack)

    page.get_by_test_id("campaign-text").fill("Two rooms are free")
    expect(page.get_by_test_id("look-text")).to_have_text("Two rooms are free")
    page.get_by_test_id("mode-rich").check()
    expect(page.get_by_test_id("rich-text")).to_have_value("Two rooms are free")
    page.get_by_test_id("rich-text").fill("")
    builder = page.get_by_test_id("builder")
    add_card(builder, "Sea for ", "Sea")
    builder.get_by_test_id("card-title").first.focus()
    page.get_by_role("button", name="First name").click()
    expect(builder.get_by_test_id("card-title").first).to_have_value(
        "Sea for {{ first_name|friend }}"
    )
    add_card(builder, "Garden", "Garden")
    expect(page.get_by_test_id("look-card").first).to_contain_text("Sea for Marija")
    page.get_by_test_id("next").click()

    page.locator(".choice-card", has_text="RCS").first.click()
    expect(page.get_by_test_id("behind")).to_contain_text("Whoever does not have it after")
    page.get_by_test_id("behind-own").check()
    page.get_by_label("Wait, in seconds").fill("120")
    _rcs, sms = looks(page, 2)
    expect(sms).to_contain_text("If RCS does not arrive in 2 min, it goes as:")
    expect(sms.get_by_test_id("look-text")).to_contain_text("Sea for Marija\n1. Sea")
    page.get_by_test_id("next").click()

    expect(page.get_by_test_id("behind-words")).to_contain_text("Whoever does not have it after 2")
    page.get_by_test_id("launch").click()
    page.get_by_test_id("confirm-launch").click()
    expect(customer.get_by_test_id("bubble-in").last).to_contain_text("2. Garden")
    expect(page.get_by_test_id("progress-text")).to_have_text("1 of 1")

    customer.get_by_test_id("phone-input").fill("2")
    customer.get_by_test_id("phone-send").click()
    expect(page.locator(".table-ledger")).to_contain_text("Answered")
    page.goto(f"{stack.url}/inbox/all/")
    row = page.get_by_test_id("conversation-row").filter(has_text="Marija Borg")
    row.locator("a").first.click()
    thread = page.get_by_test_id("thread")
    expect(thread.get_by_test_id("message-card")).to_have_count(2)
    expect(thread.get_by_test_id("message-card").first).to_contain_text("Sea for Marija")
    expect(thread.get_by_test_id("message-tapped")).to_contain_text("Garden")


def test_what_is_built_survives_a_jump_between_steps(stack: Stack, login: Login) -> None:
    page = login("marketer")
    page.goto(f"{stack.url}/campaigns/")
    page.get_by_test_id("new-campaign").first.click()
    page.get_by_test_id("step-what").click()
    page.get_by_test_id("mode-rich").check()
    add_card(page.get_by_test_id("builder"), "Half a thought", "Go on")
    page.get_by_test_id("step-where").click()
    expect(page.get_by_role("heading", name="Where does it come from?")).to_be_visible()
    page.get_by_test_id("step-what").click()
    expect(page.get_by_test_id("card-title")).to_have_value("Half a thought")
    expect(page.get_by_test_id("suggestion-text")).to_have_value("Go on")
