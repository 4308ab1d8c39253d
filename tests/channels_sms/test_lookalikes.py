"""Look-alikes: what is swapped looks the same, and nothing gets longer by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_sms.http_sms import HttpSms
from channels_sms.lookalikes import BARE, TABLE, swapped
from channels_sms.segments import GSM, normalized, segment
from channels_sms.smpp import Smpp
from gateway.contract import LookAlikes
from tests.payloads.http.exhibit import JSON_CONFIG
from tests.payloads.smpp.exhibit import CONFIG as SMPP_CONFIG

MIXED = st.text(
    st.one_of(
        st.sampled_from(sorted(TABLE)),
        st.sampled_from(sorted(BARE)),
        st.sampled_from(sorted(GSM)),
        st.sampled_from("áíóúçãêñé\u0301\u0304"),
        st.characters(),
    ),
    max_size=400,
)


@given(MIXED, st.booleans())
def test_the_result_fits_or_is_as_written(text: str, accents: bool) -> None:
    made = swapped(text, accents=accents)
    assert made == text or GSM.issuperset(made)
    assert segment(made).segments <= segment(text).segments
    assert swapped(made, accents=accents) == made


@given(st.text(st.sampled_from(sorted(GSM))))
def test_what_fits_stays(text: str) -> None:
    assert swapped(text, accents=True) == text


def test_the_table_leads_into_the_alphabet_and_from_outside_it() -> None:
    assert all(GSM.issuperset(twin) for twin in TABLE.values())
    assert GSM.isdisjoint(TABLE)
    assert all(normalized(char) == char for char in TABLE)
    assert all(GSM.issuperset(TABLE.get(bare, bare)) for bare in BARE.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“Hi” – it’s 5…", '"Hi" - it\'s 5...'),
        ("«Oui»\u00a0!", '"Oui" !'),
        ("• one\u2028• two", "* one\n* two"),
        ("ＡＢＣ１２３！", "ABC123!"),
        ("eﬃcient ﬂat № 5", "efficient flat No 5"),
        ("zero\u200bwidth\u00ad", "zerowidth"),
        ("ΚΑΛΗΜΕΡΑ", "KAΛHMEPA"),
        ("a\tb", "a b"),
        # An accent is part of the word, a number's place part of the number.
        ("“mañana” está", "“mañana” está"),
        ("10² m", "10² m"),
        # One emoji keeps all of it as it is.
        ("“Hi” 😀", "“Hi” 😀"),
        # Three dots would not fit where one did.
        ("…" * 70, "…" * 70),
        ("\u200b\u200b", "\u200b\u200b"),
        ("e\u0301", "e\u0301"),
    ],
)
def test_swapped(text: str, expected: str) -> None:
    assert swapped(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“Mañana” está aquí, ¿sí?", '"Mañana" esta aqui, ¿si?'),
        ("Ça va, garçon? Œuvre", "Ça va, garcon? OEuvre"),
        ("Zażółć gęślą jaźń", "Zazolc gesla jazn"),
        ("Ά Έ", "A E"),
        ("привет", "привет"),
    ],
)
def test_accents_go_only_where_it_is_asked_for(text: str, expected: str) -> None:
    assert swapped(text, accents=True) == expected


def http(**config: str) -> HttpSms:
    return HttpSms(JSON_CONFIG | config)


def test_a_channel_words_as_it_is_set() -> None:
    text = "“Está” listo"
    assert http().wording(text) == text
    assert http(lookalikes="off").wording("“Hi”") == "“Hi”"
    assert http(lookalikes="on").wording("“Hi”") == '"Hi"'
    assert http(lookalikes="on").wording(text) == text
    assert http(lookalikes="accents").wording(text) == '"Esta" listo'
    assert http().wording(text, LookAlikes.ACCENTS) == '"Esta" listo'
    assert http(lookalikes="on").capabilities.lookalikes is LookAlikes.ON
    assert http(lookalikes="on").capabilities.max_text == 1000


def test_no_longer_than_the_channel_takes() -> None:
    text = "a" * 998 + "…!"
    assert http(lookalikes="on").wording(text) == text
    assert http(lookalikes="on", max_text="1002").wording(text) == "a" * 998 + "...!"


def test_an_smsc_with_a_smaller_alphabet() -> None:
    text = "“Ähnlich”"
    assert Smpp(SMPP_CONFIG | {"lookalikes": "on"}).wording(text) == '"Ähnlich"'
    small = Smpp(SMPP_CONFIG | {"lookalikes": "on", "alphabet": "ascii"})
    assert small.wording(text) == text
    assert small.wording("“Hi”") == '"Hi"'
