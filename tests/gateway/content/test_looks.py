"""Looks: what would be sent, counted, and told why, before anything is sent."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from gateway.content.adapting import adapt
from gateway.content.changes import Rule, changes
from gateway.content.looks import Look, looks
from gateway.content.model import Card, Content, Location, Media, Menu, Reply, Row
from gateway.content.shows import Buttons, Shows
from gateway.contract import Reach
from gateway.fallback.model import Success
from gateway.fallback.policy import Policy
from gateway.models import Channel, Delivery
from tests import builders as make
from tests.gateway.content.test_adapting import LISTS, MMS, PHOTO, RCS, ROOMS, SMS, contents
from tests.payloads.google_rcs.exhibit import AGENT, config

SPAIN = "+34600111222"


def rcs_channel() -> Channel:
    """An RCS agent of a new workspace."""
    return make.channel(None, config(), kind="google_rcs", address=AGENT)


def told(content: Content, shows: Shows, medium: str = "SMS") -> list[tuple[Rule, str]]:
    """What was changed."""
    return [(one.rule, one.text) for one in changes(content, adapt(content, shows), shows, medium)]


def test_a_carousel_on_a_plain_phone() -> None:
    assert told(ROOMS, SMS) == [
        (Rule.LINK, "2 files become links: SMS shows no files here."),
        (Rule.CARDS_AS_TEXT, "2 cards become text: SMS shows no cards."),
        (Rule.SUGGESTIONS_AS_TEXT, "1 suggestion becomes text: SMS shows nothing to tap here."),
        (
            Rule.NUMBERS,
            "3 answers are numbered: whoever writes the number or the words has chosen it.",
        ),
    ]


def test_what_is_shown_as_it_is_is_not_talked_about() -> None:
    card = Content(cards=ROOMS.cards[:1], suggestions=ROOMS.suggestions)
    assert told(card, RCS, "RCS") == []
    assert told(ROOMS, RCS, "RCS") == [
        (Rule.SPLIT, "It goes as 2 messages: one does not hold all of it.")
    ]


@pytest.mark.parametrize(
    ("content", "shows", "words"),
    [
        (
            Content("Well?", suggestions=(Reply("x" * 26),)),
            RCS,
            f"1 suggestion becomes text: “{'x' * 26}” has more than 25 characters.",
        ),
        (
            Content("Well?", suggestions=tuple(Reply(str(n)) for n in range(12))),
            RCS,
            "12 suggestions become text: at most 11 can be tapped here.",
        ),
        (
            Content(cards=(Card("x" * 201),)),
            RCS,
            "1 card becomes text: a title takes at most 200 characters.",
        ),
        (
            Content(cards=(Card("Sea"), Card("Garden"))),
            Shows(text=100, cards=1, card_title=10, card_text=10),
            "The carousel becomes single cards: SMS does not show these side by side.",
        ),
        (
            Content("Look", (Media(PHOTO.url, "image/jpeg", "large.jpg", 600_000),)),
            MMS,
            "Picture “large.jpg” becomes a link: too large for SMS.",
        ),
        (
            Content("Look", (Media(PHOTO.url, "application/pdf"),)),
            MMS,
            "PDF becomes a link: SMS does not show such files.",
        ),
        (
            Content("Pick", menu=Menu("Rooms", (Row("x" * 30),))),
            LISTS,
            "The list becomes text: a list takes 10 lines of at most 24 characters.",
        ),
        (
            Content("Pick", menu=Menu("Rooms", (Row("Sea"),))),
            SMS,
            "The list becomes text: SMS shows no lists.",
        ),
        (
            Content(location=Location(1.0, 2.0)),
            SMS,
            "The place becomes a link to a map: SMS shows no places.",
        ),
        (
            Content("word " * 400),
            SMS,
            "It goes as 2 messages: one takes at most 1600 characters.",
        ),
        (
            Content("Well?", suggestions=(Reply("a"),)),
            Shows(text=100, buttons=Buttons(frozenset(), 3, 20)),
            "1 suggestion becomes text: SMS does not have all of these buttons.",
        ),
    ],
)
def test_why(content: Content, shows: Shows, words: str) -> None:
    assert words in [text for _rule, text in told(content, shows)]


@settings(max_examples=300)
@given(contents)
def test_nothing_is_changed_without_a_word(content: Content) -> None:
    content = replace(content, text=content.text.strip())  # as it is read
    if content.is_empty:
        return
    for shows in (SMS, MMS, RCS, LISTS, Shows(text=40), replace(MMS, caption=30)):
        adapted = adapt(content, shows)
        words = changes(content, adapted, shows, "X")
        assert bool(words) == (adapted.parts != (content,))
        assert (Rule.NUMBERS in {one.rule for one in words}) == bool(adapted.options)
        assert (Rule.SPLIT in {one.rule for one in words}) == (len(adapted.parts) > 1)


def texts(look: Look) -> list[str]:
    """The words of its messages."""
    return [part.content.text for part in look.parts]


@pytest.mark.django_db
def test_sms_is_counted_in_segments() -> None:
    sms = make.channel()
    (look,) = looks(Content("á" * 71), channel=sms, address=SPAIN)
    assert (look.medium, look.segments, look.changes) == ("SMS", 2, ())
    assert (look.when, look.skipped, look.problem) == ("", False, "")


@pytest.mark.django_db
def test_what_takes_over_shows_each_message_of_the_first() -> None:
    rcs = rcs_channel()
    sms = make.channel(rcs.workspace)
    policy = Policy(sms)
    first, second = looks(ROOMS, channel=rcs, address=SPAIN, fallback=policy)
    assert [len(part.content.cards) for part in first.parts] == [0, 2]
    assert (first.segments, first.options) == (0, ())
    assert second.when == "If RCS does not arrive in 60 s, it goes as:"
    # As it is taken over: message for message, numbers running through.
    assert texts(second)[0] == "Which room do you like?"
    assert "1. Take it\n" in texts(second)[1]
    assert texts(second)[1].endswith("2. Take it\n\n3. Neither")
    assert [part.segments for part in second.parts] == [1, 2]
    assert [one.number for one in second.options] == [1, 2, 3]
    assert Rule.SPLIT in {one.rule for one in second.changes}
    assert Delivery.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"after_s": 300}, "If RCS does not arrive in 5 min, it goes as:"),
        ({"after_s": 7200}, "If RCS does not arrive in 2 h, it goes as:"),
        ({"success": Success.READ}, "If RCS is not read in 60 s, it goes as:"),
        ({"success": Success.SENT}, "If RCS is refused, it goes as:"),
    ],
)
def test_when_it_is_taken_over(fields: dict[str, Any], words: str) -> None:
    rcs = rcs_channel()
    policy = Policy(make.channel(rcs.workspace), **fields)
    assert looks(ROOMS, channel=rcs, fallback=policy)[1].when == words


@pytest.mark.django_db
def test_a_phone_that_is_known_not_to_be_reached() -> None:
    rcs = rcs_channel()
    policy = Policy(make.channel(rcs.workspace))
    first, second = looks(ROOMS, channel=rcs, fallback=policy, reach=Reach.NO)
    assert (first.skipped, second.skipped) == (True, False)
    assert second.when == "This phone takes no RCS, so it goes as:"
    assert not looks(ROOMS, channel=rcs, fallback=policy, reach=Reach.YES)[0].skipped


@pytest.mark.django_db
def test_a_channel_that_cannot_be_used_says_so() -> None:
    broken = make.channel(kind="gone")
    (look,) = looks(Content("Hi"), channel=broken)
    assert (look.parts, look.problem) == ((), "This channel cannot be used.")
