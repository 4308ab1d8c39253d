"""How long X finds a text, and how posts are cut by it."""

import time

import pytest

from channels_social.x_length import weight
from gateway.content.adapting import adapt, split
from gateway.content.model import Content
from gateway.content.shows import Shows

FAMILY = "👨‍👩‍👧‍👦"
LINK = "https://example.com/very/long/path/indeed?x=1"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("Hello, world! 👋", 16),
        ("日本語", 6),
        (f"{LINK} hi", 26),
        (FAMILY, 2),
        ("café", 4),
        ("cafe\u0301", 4),
        ("🇪🇸", 2),
        ("🇪🇸🇫🇷", 4),
        ("1️⃣", 2),
        ("👍🏽", 2),
        ("👩🏽‍🚀", 2),
        ("❤️‍🔥", 2),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 2),
        ("© ™", 4),
        ("“…”", 4),
        ("привет", 6),
        ("مرحبا", 5),
        ("สวัสดี", 6),
        ("한국어", 6),
        (f"({LINK}).", 26),
        ("http://a.es http://b.es", 47),
        ("https://münchen.de/straße", 23),
        ("me@example.com", 14),
        ("@acme.com", 9),
        ("3.14", 4),
        # Perhaps a link and perhaps none: what is more.
        ("example.com", 23),
        ("averyveryverylongname.example.com", 33),
    ],
)
def test_weight(text: str, length: int) -> None:
    assert weight(text) == length


@pytest.mark.parametrize("text", ["a." * 12_500, "a-" * 12_500, "👩‍" * 8_000, "https://" * 3_000])
def test_counting_is_quick_whatever_the_text(text: str) -> None:
    started = time.monotonic()
    weight(text)
    assert time.monotonic() - started < 2


def test_posts_are_cut_by_weight() -> None:
    text = "日本語の文章です。" * 40
    pieces = split(text, 280, weight)
    assert "".join(pieces) == text
    assert [weight(piece) for piece in pieces] == [280, 280, 160]


def test_links_count_as_little_as_x_counts_them() -> None:
    links = " ".join([f"{LINK}&id={n}" for n in range(11)])
    assert len(links) > 280
    assert split(links, 280, weight) == [links]
    assert len(split(f"{links} {LINK}", 280, weight)) == 2


def test_no_emoji_is_torn_apart() -> None:
    pieces = split(FAMILY * 150, 280, weight)
    assert "".join(pieces) == FAMILY * 150
    assert [weight(piece) for piece in pieces] == [280, 20]


def test_words_are_not_cut() -> None:
    text = " ".join(["palabra"] * 100)
    parts = adapt(Content(text), Shows(text=280, measure=weight)).parts
    assert " ".join(part.text for part in parts) == text
    assert all(weight(part.text) <= 280 for part in parts)
    assert all(part.text.endswith("palabra") for part in parts)
