"""Counting SMS: the vectors of the fact sheet, and what the composer shows."""

import pytest

from channels_sms.segments import Encoding, Segmentation, segment

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
