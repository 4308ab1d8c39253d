"""Content on channels that can show more or less of it: nothing is dropped, numbers run through."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.content.adapting import adapt, split
from gateway.content.changes import Rule, changes
from gateway.content.model import (
    Answer,
    AskLocation,
    Calendar,
    Card,
    ContactCard,
    Content,
    Dial,
    Location,
    Media,
    Menu,
    OpenUrl,
    Option,
    Reply,
    Row,
    ShowLocation,
    Suggestion,
)
from gateway.content.shows import Buttons, Contacts, Shows

PHOTO = Media("https://example.org/room.jpg", "image/jpeg", "room.jpg", 200_000)
FILM = Media("https://example.org/film.mp4", "video/mp4", "film.mp4", 90_000_000)
ALL = frozenset({Reply, OpenUrl, Dial, ShowLocation, AskLocation, Calendar})

SMS = Shows(text=1_600)
MMS = Shows(text=1_600, files={"image/*": 500_000}, file_count=10, captioned=True)
RCS = Shows(
    text=3_072,
    files={"image/*": 100_000_000, "video/*": 100_000_000},
    file_count=1,
    cards=10,
    card_title=200,
    card_text=2_000,
    card_buttons=Buttons(ALL, 4, 25),
    buttons=Buttons(ALL, 11, 25),
    location=False,
)
LISTS = Shows(text=1_024, rows=10, row_text=24, buttons=Buttons(frozenset({Reply}), 3, 20))

ROOMS = Content(
    text="Which room do you like?",
    cards=(
        Card(
            "Sea",
            "With a balcony",
            PHOTO,
            (Reply("Take it", "sea"), OpenUrl("More", "https://example.org/sea")),
        ),
        Card("Garden", "Quiet", PHOTO, (Reply("Take it", "garden"),)),
    ),
    suggestions=(Reply("Neither", "none"),),
)


def test_what_can_be_shown_stays_as_it_is() -> None:
    card = Content(cards=ROOMS.cards[:1], suggestions=ROOMS.suggestions)
    assert adapt(card, RCS).parts == (card,)
    assert adapt(Content(text="Hi"), SMS).parts == (Content(text="Hi"),)


def test_words_and_a_carousel_are_two_messages_and_chips_go_below_the_last() -> None:
    adapted = adapt(ROOMS, RCS)
    carousel = Content(cards=ROOMS.cards, suggestions=ROOMS.suggestions)
    assert adapted.parts == (Content(text=ROOMS.text), carousel)
    assert adapted.options == ()


def test_a_carousel_on_a_plain_phone_is_text_with_numbers() -> None:
    adapted = adapt(ROOMS, SMS)
    assert [part.text for part in adapted.parts] == [
        "Which room do you like?\n\nSea\nWith a balcony\n\nroom.jpg: https://example.org/room.jpg\n"
        "1. Take it\nMore: https://example.org/sea\n\nGarden\nQuiet\n\n"
        "room.jpg: https://example.org/room.jpg\n2. Take it\n\n3. Neither"
    ]
    assert adapted.options == (
        Option(1, Answer("Take it", "sea")),
        Option(2, Answer("Take it", "garden")),
        Option(3, Answer("Neither", "none")),
    )


def test_a_carousel_by_mms_is_pictures_with_words_in_turn() -> None:
    parts = adapt(ROOMS, MMS).parts
    assert [(part.text, len(part.media)) for part in parts] == [
        ("Which room do you like?", 0),
        ("Sea\nWith a balcony\n1. Take it\nMore: https://example.org/sea", 1),
        ("Garden\nQuiet\n2. Take it\n\n3. Neither", 1),
    ]


def test_contacts_are_cards_or_words() -> None:
    ana = ContactCard("Ana", ("+34911234567",))
    two = ContactCard("Bo", ("+34911234568", "+34911234569"), ("bo@example.org",))
    whole = Content("Ask them", contacts=(ana, two, ana))
    shows = Shows(text=100, contacts=Contacts(count=2, name=9, phones=1, needs_phone=True))
    adapted = adapt(whole, shows)
    assert adapted.parts == (
        Content("Ask them\n\nBo\n+34911234568\n+34911234569\nbo@example.org"),
        Content(contacts=(ana, ana)),
    )
    told = changes(whole, adapted, shows, "Chat")
    assert [one.rule for one in told] == [Rule.CONTACTS_AS_TEXT, Rule.SPLIT]
    assert [part.text for part in adapt(whole, SMS).parts] == [
        "Ask them\n\nAna\n+34911234567\n\nBo\n+34911234568\n+34911234569\nbo@example.org"
        "\n\nAna\n+34911234567"
    ]


def test_a_file_that_is_too_large_or_of_a_wrong_type_becomes_a_link() -> None:
    large = Media(PHOTO.url, "image/jpeg", "large.jpg", 600_000)
    parts = adapt(Content("Look", (PHOTO, large, FILM)), MMS).parts
    assert parts == (
        Content(
            "Look\n\nlarge.jpg: https://example.org/room.jpg\n\nfilm.mp4: https://example.org/film.mp4",
            (PHOTO,),
        ),
    )


def test_words_that_cannot_go_with_a_file_go_before_it() -> None:
    assert adapt(Content("Look", (PHOTO,)), RCS).parts == (Content("Look"), Content(media=(PHOTO,)))


def test_words_too_long_for_beside_a_file_go_before_it() -> None:
    for words in ("w" * 31, "w" * 1_600):
        content = Content(words, (PHOTO,))
        assert adapt(content, CAPTIONS).parts == (Content(words), Content(media=(PHOTO,)))
    fits = Content("w" * 30, (PHOTO,))
    assert adapt(fits, CAPTIONS).parts == (fits,)


def test_more_files_than_fit_are_several_messages() -> None:
    parts = adapt(Content("Look", (PHOTO,) * 12), MMS).parts
    assert [(part.text, len(part.media)) for part in parts] == [("Look", 10), ("", 2)]


def test_a_label_that_is_too_long_for_a_button_is_never_cut() -> None:
    long = "An answer of more than twenty-five characters"
    adapted = adapt(Content("Well?", suggestions=(Reply(long, "x"),)), RCS)
    assert adapted.parts == (Content(f"Well?\n\n1. {long}"),)
    assert adapted.options == (Option(1, Answer(long, "x")),)


def test_a_list() -> None:
    menu = Menu("Rooms", (Row("Sea", "sea", "Balcony"), Row("Garden", "garden")))
    content = Content("Choose", menu=menu)
    assert adapt(content, LISTS).parts == (content,)
    assert adapt(content, SMS).parts[0].text == "Choose\n\nRooms:\n1. Sea – Balcony\n2. Garden"
    long = Content("word " * 300, menu=menu)
    first, last = adapt(long, LISTS).parts
    assert (first.menu, last.menu) == (None, menu)
    assert (first.text + " " + last.text).split() == ["word"] * 300


def test_a_place_becomes_a_link_to_a_map() -> None:
    text = adapt(Content(location=Location(40.4168, -3.7038, "Office")), SMS).parts[0].text
    assert text == ("Office\nhttps://www.google.com/maps/search/?api=1&query=40.416800,-3.703800")


@pytest.mark.parametrize(
    ("suggestion", "line"),
    [
        (OpenUrl("Shop", "https://example.org/"), "Shop: https://example.org/"),
        (Dial("Call us", "+34911234567"), "Call us: +34911234567"),
        (AskLocation("Where are you?"), "Where are you?"),
        (
            ShowLocation("Way", 1.5, 2.0),
            "Way: https://www.google.com/maps/search/?api=1&query=1.500000,2.000000",
        ),
        (
            Calendar(
                "Note it",
                "Visit",
                datetime(2026, 5, 1, 18, tzinfo=timezone(timedelta(hours=2))),
                datetime(2026, 5, 1, 19, tzinfo=timezone(timedelta(hours=2))),
            ),
            "Note it: Visit, 2026-05-01 18:00 – 19:00 (+0200)",
        ),
    ],
)
def test_buttons_in_words(suggestion: Suggestion, line: str) -> None:
    adapted = adapt(Content("Hello", suggestions=(suggestion,)), SMS)
    assert adapted.parts == (Content(f"Hello\n\n{line}"),)
    assert adapted.options == ()


def test_long_words_are_split_between_words() -> None:
    assert split("one two three", 8) == ["one two", "three"]
    assert split("a" * 10, 4) == ["aaaa", "aaaa", "aa"]
    assert split("ab 👍🏽 cd", 4) == ["ab", "👍🏽", "cd"]
    assert split("aaa👍🏽", 4) == ["aaa", "👍🏽"]


texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=60)
labels = st.text("abcdefgh ", min_size=1, max_size=40).filter(str.strip)
files = st.sampled_from([PHOTO, FILM])
replies = st.builds(Reply, labels, labels)
buttons = st.one_of(
    replies,
    st.builds(OpenUrl, labels, st.just("https://example.org/x")),
    st.builds(AskLocation, labels),
)
some = st.lists(buttons, max_size=5).map(tuple)
cards = st.builds(Card, labels, texts, st.none() | files, some)
contents = st.builds(
    Content,
    texts,
    st.lists(files, max_size=3).map(tuple),
    st.lists(cards, max_size=4).map(tuple),
    st.none()
    | st.builds(
        Menu, labels, st.lists(st.builds(Row, labels, labels), min_size=1, max_size=4).map(tuple)
    ),
    st.none() | st.just(Location(1.0, 2.0, "Here")),
    some,
    contacts=st.lists(
        st.just(ContactCard("Ana", ("+34911234567",)))
        | st.just(ContactCard("Bo", (), ("bo@example.org",))),
        max_size=3,
    ).map(tuple),
)
TIGHT = Shows(text=40)
CAPTIONS = replace(MMS, caption=30, file_count=1)


def answers(content: Content) -> list[Answer]:
    """Everything that comes back when it is tapped."""
    everywhere = [one for card in content.cards for one in card.suggestions]
    tapped = [one for one in (*everywhere, *content.suggestions) if isinstance(one, Reply)]
    rows = content.menu.rows if content.menu else ()
    return [Answer(one.text, one.payload) for one in tapped] + [
        Answer(row.text, row.payload) for row in rows
    ]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(contents, st.sampled_from([SMS, MMS, RCS, LISTS, TIGHT, CAPTIONS]))
def test_every_part_can_be_shown_and_every_answer_is_there(content: Content, shows: Shows) -> None:
    adapted = adapt(content, shows)
    assert all(shows.takes(part) for part in adapted.parts if part != Content())
    shown = [answer for part in adapted.parts for answer in answers(part)]
    offered = [option.answer for option in adapted.options]
    assert sorted(map(repr, shown + offered)) == sorted(map(repr, answers(content)))
    assert [option.number for option in adapted.options] == list(range(1, len(offered) + 1))
