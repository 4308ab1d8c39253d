"""Reply addresses: what we have signed is known again, and nothing else."""

import pytest

from channels_email.tokens import loop_mark, mailbox_of, reply_address, token_of

SECRET = b"the channel's secret"
TOKEN = "0b5f4c1e6a2d4f3e9c8b7a6d5e4f3a2b"
ADDRESS = reply_address("Support@shop.example", TOKEN, SECRET)
MAC = ADDRESS.partition("@")[0].rpartition(".")[2]


def test_an_address_carries_its_token() -> None:
    assert f"Support+c.{TOKEN}.{MAC}@shop.example" == ADDRESS
    assert len(ADDRESS.partition("@")[0]) <= 64
    assert token_of(ADDRESS, SECRET) == TOKEN
    assert mailbox_of(ADDRESS, SECRET) == "support@shop.example"


@pytest.mark.parametrize(
    "address",
    [
        ADDRESS.upper(),
        f" <{ADDRESS}> ",
        f"support-c.{TOKEN}.{MAC}@shop.example",
        f"support+c-{TOKEN}-{MAC}@shop.example",
        f"support=c={TOKEN}={MAC}@shop.example",
        f"old+name+c.{TOKEN}.{MAC}@other.example",
    ],
)
def test_case_and_separators_do_not_matter(address: str) -> None:
    assert token_of(address, SECRET) == TOKEN


@pytest.mark.parametrize(
    "address",
    [
        "",
        "@",
        "support@shop.example",
        f"support+c.{TOKEN}@shop.example",
        f"support+c.{TOKEN}.{MAC[:-1]}@shop.example",
        f"support+c.{TOKEN}.{'a' * 16}@shop.example",
        f"support+c.{TOKEN[:-1]}.{MAC}@shop.example",
        f"support+c.{TOKEN}.{MAC}",
        "+c.." + "." * 100_000 + "@shop.example",
        "ſupport+c.K.\u212a@shop.example",
    ],
)
def test_nothing_else_has_a_token(address: str) -> None:
    assert token_of(address, SECRET) is None
    assert mailbox_of(address, SECRET) == address


def test_another_secret_is_another_channel() -> None:
    assert token_of(ADDRESS, b"another") is None
    assert loop_mark(SECRET) != loop_mark(b"another")


@pytest.mark.parametrize("token", ["", "x" * 41, "A", "a.b", "a@b", "é"])
def test_only_small_tokens_can_be_signed(token: str) -> None:
    with pytest.raises(ValueError, match="40 characters"):
        reply_address("support@shop.example", token, SECRET)


@pytest.mark.parametrize("mailbox", ["", "support", "@shop.example", "support@"])
def test_only_mailboxes_can_be_signed(mailbox: str) -> None:
    with pytest.raises(ValueError, match="mailbox"):
        reply_address(mailbox, TOKEN, SECRET)
