"""An answer by number or label counts as the tap; anything else is just an answer."""

import pytest

from gateway.content.model import Answer, Option
from gateway.content.options import chosen, offered

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
