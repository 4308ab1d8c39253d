"""Our reader of forms takes and refuses what the standard library's strict one does."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.forms import MOST_FIELDS, parse_form

LETTERS = st.text(alphabet="ab=&+%;20cCéñ\0☂", max_size=8)


def by_the_standard_library(body: bytes) -> list[tuple[str, str]] | None:
    """None when it refuses."""
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        return None


def by_us(body: bytes) -> list[tuple[str, str]] | None:
    """None when we refuse."""
    try:
        return parse_form(body)
    except ValueError:
        return None


@given(st.one_of(st.binary(max_size=40), st.text("ab=&+%;2f0cC", max_size=40).map(str.encode)))
def test_any_bytes(body: bytes) -> None:
    assert by_us(body) == by_the_standard_library(body)


@given(st.lists(st.tuples(LETTERS, LETTERS), max_size=6))
def test_any_fields_come_back(fields: list[tuple[str, str]]) -> None:
    assert parse_form(urlencode(fields).encode()) == fields


@pytest.mark.parametrize("count", [MOST_FIELDS, MOST_FIELDS + 1])
def test_as_many_fields_as_the_standard_library(count: int) -> None:
    body = b"&".join([b"a=b"] * count)
    assert by_us(body) == by_the_standard_library(body)
