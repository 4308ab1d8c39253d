"""The browser counts SMS as the server does."""

import json
import random

from playwright.sync_api import Browser

from benches.stack import Stack
from channels_sms.segments import segment

PIECES = [*"aéñá€[{👍\nçÇ’日", "e\u0301", "x" * 50, "👩\u200d👩\u200d👧"]


def test_counts_are_the_same(stack: Stack, browser: Browser):
    rnd = random.Random(7)
    texts = ["", "a" * 160, "a" * 161, "á" * 70, "á" * 71, "a" * 152 + "€", "👍" * 34, "€" * 80]
    texts += ["".join(rnd.choices(PIECES, k=rnd.randint(1, 60))) for _ in range(200)]
    page = browser.new_page()
    page.goto(f"{stack.url}/accounts/login/")
    code = """async (texts) => {
      const { segment } = await import('/static/js/inbox/segments.js');
      return texts.map(segment);
    }"""
    counted = page.evaluate(code, texts)
    page.close()
    for text, got in zip(texts, counted, strict=True):
        wanted = segment(text)
        assert got == {
            "encoding": wanted.encoding.value,
            "units": wanted.units,
            "segments": wanted.segments,
            "remaining": wanted.remaining,
        }, json.dumps(text)
