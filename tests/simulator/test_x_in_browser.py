"""The phone page with an account on X: posts and direct messages are two threads."""

import pytest
from playwright.async_api import expect

from gateway.events import InboundMessage
from tests.simulator.conftest import until
from tests.simulator.test_phones_in_browser import Screen, on, screen
from tests.simulator.x import XStand, x

__all__ = ["screen", "x"]  # fixtures
MAYA = "+14155550111"
pytestmark = pytest.mark.browser


@pytest.fixture
def pushed() -> bool:
    return True


@pytest.fixture
def stand(x: XStand) -> XStand:
    return x


def written(x: XStand) -> list[InboundMessage]:
    """What the business was told of."""
    return [one for one in x.door.pushed() if isinstance(one, InboundMessage)]


@pytest.mark.parametrize("language", ["en", "es"])
async def test_mentions_and_writes(x: XStand, screen: Screen, language: str) -> None:
    page = await screen.open(MAYA, locale=language, viewport={"width": 390, "height": 800})
    lines = on(page, MAYA, "phone-line")
    assert await lines.locator("option").all_inner_texts() == ["Acme Shops", "Acme Shops (public)"]
    await on(page, MAYA, "phone-input").fill("It is number 7")
    await on(page, MAYA, "phone-send").click()
    bubbles = on(page, MAYA, "bubble-out")
    await expect(bubbles).to_contain_text(["It is number 7"])

    await lines.select_option(label="Acme Shops (public)")
    await expect(bubbles).to_have_count(0)
    await on(page, MAYA, "phone-input").fill("where is my order?")
    await on(page, MAYA, "phone-send").click()
    await expect(bubbles).to_contain_text(["@acme where is my order?"])
    await expect(bubbles.first).to_have_attribute("data-status", "received")

    post = written(x)[-1]
    body = {"text": "Here!", "reply": {"in_reply_to_tweet_id": post.external_id}}
    assert (await x.ask("/2/tweets", body))[0] == 201
    await expect(on(page, MAYA, "bubble-in")).to_contain_text(["Here!"])
    await on(page, MAYA, "phone-input").fill("thanks")
    await on(page, MAYA, "phone-send").click()
    await expect(bubbles).to_have_count(2)
    await until(lambda: written(x)[-1].text == "@acme thanks")
    assert written(x)[-1].refers_to[-1] == post.external_id
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
