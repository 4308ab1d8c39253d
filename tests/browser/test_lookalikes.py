"""The browser swaps look-alikes as the server does, and the composer says what they cost."""

import json
import random

from playwright.sync_api import Browser, expect

from benches.stack import Stack
from channels_sms.lookalikes import BARE, TABLE, swapped
from tests.browser.conftest import Login

CODE = """async (texts) => {
  const { swapped } = await import('/static/js/lookalikes.js');
  return texts.map((text) => ['on', 'accents'].map((swaps) => swapped(text, swaps)));
}"""


def test_swaps_are_the_same(stack: Stack, browser: Browser):
    rnd = random.Random(11)
    # Every printable character of the first blocks by itself, then mixtures.
    texts = [f"a{chr(code)}" for code in range(0x3100) if chr(code).isprintable()]
    texts += [f"a{char}b" for char in [*TABLE, *BARE]]
    pieces = [*TABLE, *BARE, *"aéñáçЖ€[", "e\u0301", "x" * 50]
    texts += ["".join(rnd.choices(pieces, k=rnd.randint(1, 60))) for _ in range(300)]
    page = browser.new_page()
    page.goto(f"{stack.url}/accounts/login/")
    found = page.evaluate(CODE, texts)
    page.close()
    for text, got in zip(texts, found, strict=True):
        assert got == [swapped(text), swapped(text, accents=True)], json.dumps(text)


def test_one_click_swaps_what_makes_it_two(login: Login):
    page = login("agent")
    page.get_by_test_id("conversation-row").filter(has_text="SMS").first.or_(
        page.get_by_test_id("conversation-row").first
    ).click()
    field = page.get_by_test_id("composer-input")
    field.fill("“" + "x" * 100 + "”")
    expect(page.get_by_test_id("segments")).to_contain_text("2 SMS")
    swap = page.get_by_test_id("composer-hint").get_by_test_id("swap")
    expect(swap).to_have_text("Swap “ ” for look-alikes: 1 instead of 2 SMS")
    swap.click()
    expect(field).to_have_value('"' + "x" * 100 + '"')
    expect(page.get_by_test_id("segments")).to_contain_text("1 SMS")
    expect(page.get_by_test_id("composer-hint")).to_be_hidden()
    field.fill("")
