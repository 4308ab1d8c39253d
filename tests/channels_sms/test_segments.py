"""Counting SMS: the vectors of the fact sheet, and what the composer shows."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels_sms.segments import Encoding, Segmentation, segment

PAYLOADS = Path(__file__).parent.parent / "payloads"
ZHE = "я"
SMILE = "😀"


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        (ZHE * 70, 1),
        (ZHE * 71, 2),
        (SMILE * 35, 1),
        (SMILE * 36, 2),
        (ZHE * 66 + SMILE + ZHE * 67, 3),
    ],
)
def test_vectors(text: str, segments: int) -> None:
    assert segment(text).segments == segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segmentation(Encoding.GSM7, 0, 0, 160)),
        ("Hello", Segmentation(Encoding.GSM7, 5, 1, 155)),
        ("{}", Segmentation(Encoding.GSM7, 4, 1, 156)),
        ("a\r\nb", Segmentation(Encoding.GSM7, 4, 1, 156)),
        ("Ç ñ ü à é", Segmentation(Encoding.GSM7, 9, 1, 151)),
        ("ç", Segmentation(Encoding.UCS2, 1, 1, 69)),
        ("á", Segmentation(Encoding.UCS2, 1, 1, 69)),
        ("e\u0301", Segmentation(Encoding.GSM7, 1, 1, 159)),
        ("“Hi”", Segmentation(Encoding.UCS2, 4, 1, 66)),
        ("`", Segmentation(Encoding.UCS2, 1, 1, 69)),
        ("\t", Segmentation(Encoding.UCS2, 1, 1, 69)),
        ("👨‍👩‍👧‍👦", Segmentation(Encoding.UCS2, 11, 1, 59)),
        ("a" * 161, Segmentation(Encoding.GSM7, 161, 2, 145)),
        ("a" * 152 + "€", Segmentation(Encoding.GSM7, 154, 1, 6)),
    ],
)
def test_encoding_units_and_rest(text: str, expected: Segmentation) -> None:
    assert segment(text) == expected


POOLS = [
    "abcdefghijklmnopqrstuvwxyz ABC 0123 .,!?",
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ",
    "^{}\\[~]|€",
    "áíóúçãõêâ’“”…–",
    "яжщиПривет",
    "漢字仮名한글",
    "😀🎉🚀❤👍",
]


def random_texts(count: int) -> Iterator[str]:
    """The same texts at every run: of one alphabet, of several, some around the borders."""
    dice = random.Random(20261122)
    for _ in range(count):
        pools = [dice.choice(POOLS) for _ in range(dice.choice([1, 1, 1, 2, 2, 3]))]
        if dice.random() < 0.5:
            pools = [POOLS[0]] * 6 + pools
        borders = [(0, 40), (60, 75), (130, 170), (290, 320), (0, 1600)]
        lengths = [dice.randint(*border) for border in borders]
        length = dice.choice(lengths)
        yield "".join(dice.choice(dice.choice(pools)) for _ in range(length))


def test_counts_as_a_public_calculator_does() -> None:
    """What Twilio's own calculator said of 2,000 texts; see the file for its version."""
    known = json.loads((PAYLOADS / "segments" / "counted.json").read_text())["counted"].split()
    assert len(known) == 2_000
    counted = [segment(text) for text in random_texts(len(known))]
    assert [f"{one.encoding.value[0]}{one.segments}" for one in counted] == known
