"""An answer by number or label counts as the tap; anything else is just an answer."""

import pytest

from gateway.content.model import (
    Answer,
    AskLocation,
    Card,
    Content,
    Menu,
    OpenUrl,
    Option,
    Reply,
    Row,
)
from gateway.content.options import chosen, offered, on_card, with_tappable
from gateway.content.reading import write

OPTIONS = offered(
    [
        Option(1, Answer("Sea view", "sea")),
        Option(2, Answer("Garden", "garden")),
        Option(3, Answer("Same", "one")),
        Option(4, Answer("same", "other")),
    ]
)


@pytest.mark.parametrize(
    "said", ["2", " 2 ", "2.", "2)", "(2)", "#2", "garden", "GARDEN.", " Garden! "]
)
def test_the_second(said: str) -> None:
    assert chosen(said, OPTIONS) == Answer("Garden", "garden")


@pytest.mark.parametrize(
    "said", ["", "0", "5", "12", "22", "2 rooms", "-2", "²", "gardens", "same", "1/2"]
)
def test_no_choice(said: str) -> None:
    assert chosen(said, OPTIONS) is None
    assert chosen(said, []) is None


def test_labels_of_several_words() -> None:
    assert chosen("sea   VIEW", OPTIONS) == Answer("Sea view", "sea")
    assert offered([]) == []


def test_what_can_be_tapped_is_chosen_by_its_label() -> None:
    """Not by a number: none was shown."""
    content = write(
        Content(
            "Which?",
            cards=(
                Card("Sea", suggestions=(Reply("Take it", "sea"), OpenUrl("See", "https://e.org"))),
                Card("Garden", suggestions=(Reply("Take it", "garden"),)),
            ),
            menu=Menu("More", (Row("Attic", "attic"), Row("Cellar"))),
            suggestions=(Reply("None", "none"), AskLocation("Here")),
        )
    )
    options = with_tappable([], content)
    for said, answer in (
        ("none", Answer("None", "none")),
        ("Attic", Answer("Attic", "attic")),
        ("cellar", Answer("Cellar", "")),
        (on_card("Take it", "Garden"), Answer("Take it – Garden", "garden")),
        ("Take it", None),
        ("See", None),
        ("Here", None),
        ("1", None),
        ("0", None),
    ):
        assert chosen(said, options) == answer


def test_what_is_offered_by_number_is_offered_once() -> None:
    content = write(Content("Which?", suggestions=(Reply("Sea view", "sea"), Reply("Attic", "a"))))
    options = with_tappable(OPTIONS, content)
    assert len(options) == len(OPTIONS) + 1
    assert chosen("sea view", options) == Answer("Sea view", "sea")
    assert chosen("1", options) == Answer("Sea view", "sea")
