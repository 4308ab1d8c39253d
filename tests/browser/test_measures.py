"""The browser measures a text as its channel does."""

import json
import random

from playwright.sync_api import Browser

from benches.stack import Stack
from channels_social.x_length import weight
from gateway.content.shows import utf8, utf16

PIECES = [
    *"aé👍\nç日’©↔#1…​",
    "e\u0301",
    "1\ufe0f\u20e3",
    "©️",
    "🇪🇸",
    "👍🏽",
    "👩\u200d👩\u200d👧",
    " https://example.com/a?b=c). ",
    " example.com ",
    " a@example.com ",
    " @example.com",
    " x.y/z",
    " ",
]


def test_lengths_are_the_same(stack: Stack, browser: Browser) -> None:
    rnd = random.Random(7)
    texts = ["", "a" * 281, "日" * 141, "https://example.com/" + "a" * 300]
    texts += ["".join(rnd.choices(PIECES, k=rnd.randint(1, 30))) for _ in range(300)]
    page = browser.new_page()
    page.goto(f"{stack.url}/accounts/login/")
    code = """async (texts) => {
      const { length } = await import('/static/js/inbox/measure.js');
      const names = ['len', 'utf16', 'utf8', 'weight'];
      return texts.map((text) => names.map((name) => length(text, name)));
    }"""
    counted = page.evaluate(code, texts)
    page.close()
    for text, got in zip(texts, counted, strict=True):
        assert got == [len(text), utf16(text), utf8(text), weight(text)], json.dumps(text)
