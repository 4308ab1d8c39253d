"""Which question a post answers."""

from datetime import timedelta

import pytest
from django.utils import timezone

from hashtags.models import HashtagChat, HashtagQuestion, QuestionState
from hashtags.placing import HASHTAG, folded, place, tagged, tags_in
from tests.hashtags.build import post

NOW = timezone.now()


def chat(tag: str = "brandchat", starts: int = -30) -> HashtagChat:
    starts_at = NOW + timedelta(minutes=starts)
    ends_at = starts_at + timedelta(hours=1)
    return HashtagChat(pk=starts, tag=tag, hashtag=tag, starts_at=starts_at, ends_at=ends_at)


def questions(asked: int) -> list[HashtagQuestion]:
    """Three; so many of them were asked, ten minutes apart."""
    return [
        HashtagQuestion(
            position=n,
            state=QuestionState.ASKED if n <= asked else QuestionState.WAITING,
            post_id=f"q{n}" if n <= asked else "",
            asked_at=NOW - timedelta(minutes=40 - 10 * n) if n <= asked else None,
        )
        for n in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("text", "asked", "position"),
    [
        ("I like it #BrandChat", 2, 2),
        ("A1: black #BrandChat", 2, 1),
        ("a1 black #BrandChat", 2, 1),
        ("R1) solo #BrandChat", 2, 1),
        ("@acme #BrandChat A1 black", 2, 1),
        ("A3 I know what comes #BrandChat", 2, 3),
        ("A9 #BrandChat", 2, 2),
        ("R2D2 is the best #BrandChat", 1, 1),
        ("A1c is a value #BrandChat", 2, 2),
        ("My A1 is late #BrandChat", 2, 2),
        ("Q1 who is there? #BrandChat", 2, 2),
        ("Hello all #BrandChat", 0, None),
        ("A2 early #BrandChat", 0, 2),
    ],
)
def test_by_label_then_by_the_last_one_asked(text: str, asked: int, position: int | None) -> None:
    found = place(post(text, occurred_at=NOW), NOW, [(chat(), questions(asked))])
    assert found is not None
    assert (found.question and found.question.position) == position


def test_what_stands_below_a_question_answers_it_whatever_it_says() -> None:
    rows = questions(3)
    for fields in ({"reply_to": "q1"}, {"reply_to": "other", "thread": "q1"}):
        found = place(post("A2 without the hashtag", **fields), NOW, [(chat(), rows)])
        assert found is not None
        assert found.question is rows[0]


def test_the_last_one_asked_before_it_was_written() -> None:
    at = NOW - timedelta(minutes=15)
    found = place(post("Tea #brandchat"), at, [(chat(), questions(3))])
    assert found is not None
    assert found.question is not None
    assert found.question.position == 2


@pytest.mark.parametrize(
    ("text", "minutes", "belongs"),
    [
        ("#BrandChat", 0, True),
        ("#brandchat", 0, True),
        ("#BrandChats", 0, False),
        ("BrandChat", 0, False),
        ("https://x.example/#BrandChat", 0, False),
        ("Hi #BrandChat", -39, True),
        ("Hi #BrandChat", -41, False),
        ("Hi #BrandChat", 149, True),
        ("Hi #BrandChat", 150, False),
    ],
)
def test_hashtag_and_time(text: str, minutes: int, belongs: bool) -> None:
    at = NOW + timedelta(minutes=minutes)
    assert (place(post(text), at, [(chat(), [])]) is not None) == belongs


def test_of_two_chats_the_later_one() -> None:
    first, second = chat(starts=-90), chat(starts=-20)
    found = place(post("Hi #brandchat"), NOW, [(second, []), (first, [])])
    assert found is not None
    assert found.chat is second


def test_hashtags() -> None:
    assert folded(" #BrandChat ") == "brandchat"
    assert tags_in("¡#Café y ＃日本! a#b &#39; #x_1") == {"café", "日本", "x_1"}
    assert tagged("Why?", "BrandChat") == "Why? #BrandChat"
    assert tagged("#brandchat Why?", "BrandChat") == "#brandchat Why?"
    for name, right in (("Café_1", True), ("2026", False), ("a b", False), ("a-b", False)):
        assert bool(HASHTAG.fullmatch(name)) == right
