"""A marketer's whole way in a browser: contact, segment, campaign, phone, answer, inbox."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from benches.stack import Stack

NUMBER = "+14155558801"

Login = Callable[..., Page]


def add_person(page: Page, stack: Stack, name: str) -> None:
    """A contact with a number, in Iceland, where the demo has nobody."""
    page.goto(f"{stack.url}/contacts/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("textbox", name="Address").fill(NUMBER)
    page.get_by_label("Country").select_option("IS")
    page.get_by_test_id("save-contact").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def build_segment(page: Page, name: str) -> None:
    """Everybody in Iceland who is reachable by phone, with the count as it is typed."""
    page.get_by_test_id("segment-name").fill(name)
    page.locator("#c-0-field").select_option("country")
    page.locator("#c-0-value").select_option("IS")
    expect(page.get_by_test_id("match-count")).to_have_text("1")
    page.get_by_test_id("add-condition").click()
    page.locator("#c-1-field").select_option("address")
    page.locator("#c-1-value").select_option("email")
    expect(page.get_by_test_id("match-count")).to_have_text("0")
    page.locator("#c-1-value").select_option("phone")
    expect(page.get_by_test_id("match-count")).to_have_text("1")
    page.get_by_test_id("save-segment").click()


def test_from_a_segment_to_an_answer_in_the_inbox(
    stack: Stack, login: Login, phone: Callable[[str], Page]
):
    page = login("marketer")
    add_person(page, stack, "Björk Jónsdóttir")

    page.goto(f"{stack.url}/campaigns/")
    page.get_by_test_id("new-campaign").first.click()
    page.get_by_test_id("campaign-name").fill("Northern lights")
    page.get_by_test_id("new-segment").click()
    build_segment(page, "Iceland by phone")
    expect(page.get_by_test_id("audience-count")).to_contain_text("1 contact")
    expect(page.get_by_test_id("campaign-name")).to_have_value("Northern lights")
    page.get_by_test_id("next").click()

    page.get_by_test_id("campaign-text").fill("Hi {{ first_name|there }}, tours are half price!")
    expect(page.get_by_test_id("look-text")).to_have_text("Hi Björk, tours are half price!")
    page.get_by_test_id("next").click()
    channel = page.locator(".choice-card", has_text="SMS").first
    channel.click()
    page.get_by_test_id("next").click()
    expect(page.get_by_test_id("forecast-people")).to_have_text("1")
    page.get_by_test_id("launch").click()
    expect(page.get_by_role("heading", name="Send to 1 person?")).to_be_visible()
    page.get_by_test_id("confirm-launch").click()

    customer = phone(NUMBER)
    expect(customer.get_by_test_id("bubble-in")).to_contain_text("Hi Björk, tours are half price!")
    # The result page follows by itself.
    expect(page.get_by_test_id("progress-text")).to_have_text("1 of 1")
    expect(page.get_by_test_id("campaign-status")).to_have_text("Finished")
    expect(page.locator(".table-ledger")).to_contain_text(re.compile("Delivered|Sent"))

    customer.get_by_test_id("phone-input").fill("Yes please, two places")
    customer.get_by_test_id("phone-send").click()
    expect(page.locator(".table-ledger")).to_contain_text("Answered")

    page.goto(f"{stack.url}/inbox/all/")
    row = page.get_by_test_id("conversation-row").filter(has_text="Björk Jónsdóttir")
    row.locator("a").first.click()
    thread = page.get_by_test_id("thread")
    expect(thread).to_contain_text("Hi Björk, tours are half price!")
    expect(thread).to_contain_text("Northern lights")
    expect(thread).to_contain_text("Yes please, two places")
    texts = thread.get_by_test_id("message").all_inner_texts()
    first = next(n for n, text in enumerate(texts) if "half price" in text)
    assert "two places" in "".join(texts[first:])


def test_typed_words_survive_a_jump_between_steps(stack: Stack, login: Login):
    page = login("marketer")
    page.goto(f"{stack.url}/campaigns/")
    page.get_by_test_id("new-campaign").first.click()
    page.get_by_test_id("step-what").click()
    page.get_by_test_id("campaign-text").fill("Half a thought")
    page.get_by_test_id("step-where").click()
    expect(page.get_by_role("heading", name="Where does it come from?")).to_be_visible()
    page.get_by_test_id("step-what").click()
    expect(page.get_by_test_id("campaign-text")).to_have_value("Half a thought")
