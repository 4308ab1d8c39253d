"""Pools of senders: how they are written and whom each sender is for."""

from collections import Counter

import pytest
from django.core.exceptions import ValidationError

from gateway.channels import clean_config
from gateway.senders.pool import InvalidPool, Pool, Sender, country_of, read_pool
from tests import builders
from tests.payloads.smpp.exhibit import CONFIG as SMPP

OWN = "+14155550100"
TEXT = "+34 900 100 200 ES\nSHOP NAME GB, FR\n\n+14155550101 *\n32665"


def pool(text: str = TEXT, own: str = OWN) -> Pool:
    found = read_pool(text, own)
    assert found is not None
    return found


def test_a_line_is_a_sender_and_its_countries() -> None:
    assert pool().senders == (
        Sender("+34900100200", frozenset({"ES"})),
        Sender("SHOP NAME", frozenset({"GB", "FR"})),
        Sender("+14155550101", frozenset({"*"})),
        Sender("32665"),
        Sender(OWN),
    )
    assert [one.general for one in pool().senders] == [False, False, True, True, True]


def test_the_own_sender_may_have_a_line_of_its_own() -> None:
    assert pool(f"{OWN} us ca\nSHOP").senders == (
        Sender(OWN, frozenset({"US", "CA"})),
        Sender("SHOP"),
    )


@pytest.mark.parametrize("text", ["", "\n \n", OWN])
def test_one_sender_is_no_pool(text: str) -> None:
    assert read_pool(text, OWN) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("+34900100200 XX", "XX is not a country"),
        ("+34900100200 ES\n+34 900 100 200", "stands here twice"),
        (f"+34900100200 ES\n{OWN} US", "One sender must be for all other countries"),
        ("+12", "is not a phone number"),
        ("A name much too long ES", "begin with a number"),
        ("12", "begin with a number"),
        ("\n".join(f"+3490010{n:04d}" for n in range(50)), "At most 50"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, words: str) -> None:
    with pytest.raises(InvalidPool, match=words):
        read_pool(text, OWN)


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("+34600000001", "ES"),
        ("+447400123456", "GB"),
        ("+14155550123", "US"),
        ("+16135550123", "CA"),
        ("+88216", ""),
        ("nobody", ""),
    ],
)
def test_the_country_is_that_of_the_number(address: str, country: str) -> None:
    assert country_of(address) == country


@pytest.mark.parametrize(
    ("address", "senders", "named"),
    [
        ("+34600000001", {"+34900100200"}, True),
        ("+447400123456", {"SHOP NAME"}, True),
        ("+33612345678", {"SHOP NAME"}, True),
        ("+4915112345678", {"+14155550101", "32665", OWN}, False),
        ("nobody", {"+14155550101", "32665", OWN}, False),
    ],
)
def test_a_sender_of_the_country_else_a_general_one(
    address: str, senders: set[str], named: bool
) -> None:
    chosen, by_country = pool().choose(address)
    assert chosen in senders
    assert by_country is named


def test_several_senders_share_people_evenly_and_stably() -> None:
    people = [f"+3460{n:07d}" for n in range(3_000)]
    four = pool("+34900100200\n+34900100201\n+34900100202")
    before = {person: four.choose(person)[0] for person in people}
    assert before == {person: four.choose(person)[0] for person in people}
    assert all(650 < count < 850 for count in Counter(before.values()).values())
    three = pool("+34900100200\n+34900100202")
    moved = {p for p in people if three.choose(p)[0] != before[p]}
    assert moved == {person for person in people if before[person] == "+34900100201"}


@pytest.mark.parametrize(
    ("recipient", "sender"),
    [
        ("+34900100200", "+34900100200"),
        ("34900100200", "+34900100200"),
        ("32665", "32665"),
        ("shop name", "SHOP NAME"),
        ("+34900100999", ""),
        ("", ""),
    ],
)
def test_which_sender_was_written_to(recipient: str, sender: str) -> None:
    assert pool().written_to(recipient) == sender


TWILIO = {"account_sid": builders.SID, "auth_token": builders.TOKEN}


@pytest.mark.parametrize(
    ("kind", "config", "words"),
    [
        ("twilio_sms", {**TWILIO, "from_number": OWN, "senders": "+34900100200 XX"}, "XX is not"),
        ("twilio_sms", {**TWILIO, "from_number": OWN, "senders": OWN}, "at least two"),
        (
            "twilio_sms",
            {**TWILIO, "messaging_service_sid": "MG" + "0" * 32, "senders": "+34900100200 ES"},
            "has a pool of its own",
        ),
        ("smpp", {**SMPP, "senders": "12"}, "begin with a number"),
    ],
)
def test_a_wrong_pool_is_refused_at_its_field(
    kind: str, config: dict[str, str], words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        clean_config(kind, config)
    assert set(refused.value.message_dict) == {"senders"}
    assert words in refused.value.message_dict["senders"][0]
