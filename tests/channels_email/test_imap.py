"""The IMAP client against a server that says just what the test wants."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from channels_email.account import PLAIN, STARTTLS, Server
from channels_email.bridge import imap
from channels_email.bridge.imap import Folder, Imap, ImapError, log_in, modified_utf7
from channels_email.bridge.keeper import _grouped, _mail
from channels_email.bridge.taking import digest
from gateway.errors import BadCredentials, Unreachable

GREETING = "* OK hello\r\n"
CAN = "* CAPABILITY IMAP4rev1 IDLE\r\n{tag} OK done\r\n"
# What a server says to a command, by its first words; ``{tag}`` is the command's.
USUAL = {"CAPABILITY": CAN, "LOGIN": "{tag} OK in\r\n", "LOGOUT": "* BYE\r\n{tag} OK\r\n"}


@pytest.fixture(autouse=True)
def no_simulator(settings: Any) -> None:
    settings.SIMULATOR_URL = ""
    settings.DEBUG = True


@asynccontextmanager
async def served(
    greeting: str = GREETING, **replies: str
) -> AsyncIterator[tuple[Callable[..., Server], list[str]]]:
    """A server, and what it was told."""
    heard: list[str] = []
    talks: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks[task] = writer
        writer.write(greeting.encode())
        while line := await reader.readline():
            words = line.decode().strip()
            heard.append(words)
            tag, _, command = words.partition(" ")
            if literal := re.search(r"\{(\d+)\}$", words):
                writer.write(b"+ go on\r\n")
                heard.append((await reader.readexactly(int(literal[1]))).decode())
                continue
            known = {**USUAL, **replies}
            name = next((key for key in known if command.startswith(key)), "")
            writer.write(known.get(name, "{tag} BAD what\r\n").replace("{tag}", tag).encode())
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    def account(security: str = PLAIN, user: str = "me", password: str = "secret") -> Server:
        return Server("127.0.0.1", port, security, user, password)

    try:
        yield account, heard
    finally:
        server.close()
        for writer in talks.values():
            writer.close()
        await asyncio.gather(*talks, return_exceptions=True)
        await asyncio.sleep(0.05)  # both sides hang up


@asynccontextmanager
async def logged_in(**replies: str) -> AsyncIterator[tuple[Imap, list[str]]]:
    async with served(**replies) as (account, heard):
        found = await log_in(account())
        yield found, heard
        await found.close()


async def test_a_password_is_quoted_and_never_shown() -> None:
    async with served() as (account, heard):
        found = await log_in(account(password='se"cr\\et'))
        assert heard[1] == 'o2 LOGIN "me" "se\\"cr\\\\et"'
        assert found.can == {"IMAP4REV1", "IDLE"}
        await found.close()
    async with served(LOGIN="{tag} NO [AUTHENTICATIONFAILED] Wrong password\r\n") as (account, _):
        with pytest.raises(BadCredentials, match="Wrong password") as raised:
            await log_in(account())
        assert "secret" not in str(raised.value)


async def test_a_password_with_an_accent_goes_as_a_literal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The scripted server does not go on after a literal; what counts is what it heard."""
    monkeypatch.setattr(imap, "ANSWER_SECONDS", 0.2)
    async with served() as (account, heard):
        with pytest.raises(Unreachable):
            await log_in(account(password="clave-ñ"))
        assert heard[1:3] == ['o2 LOGIN "me" {8}', "clave-ñ"]


async def test_where_login_is_disabled_plain_is_used() -> None:
    async with served(
        CAPABILITY="* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN\r\n{tag} OK\r\n",
        AUTHENTICATE="+ \r\n{tag} OK in\r\n",
    ) as (account, heard):
        await (await log_in(account())).close()
    assert heard[1:3] == ["o2 AUTHENTICATE PLAIN", "AG1lAHNlY3JldA=="]


@pytest.mark.parametrize("greeting", ["* BYE full\r\n", "", "HTTP/1.1 400 Bad Request\r\n\r\n"])
async def test_what_is_no_imap_server_is_unreachable(
    greeting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "ANSWER_SECONDS", 0.3)
    async with served(greeting) as (account, heard):
        with pytest.raises(Unreachable):
            await log_in(account())
        assert not any("secret" in line for line in heard)


async def test_what_is_said_before_the_encryption_is_an_attack() -> None:
    reply = "{tag} OK begin\r\n* OK injected\r\n"
    async with served(STARTTLS=reply) as (account, heard):
        with pytest.raises(Unreachable, match="before the encryption"):
            await log_in(account(STARTTLS))
        assert not any("LOGIN" in line for line in heard)


async def test_a_server_without_starttls_gets_no_password() -> None:
    async with served() as (account, heard):
        with pytest.raises(Unreachable):
            await log_in(account(STARTTLS))
        assert not any("LOGIN" in line for line in heard)


async def test_a_folder_is_opened_to_read_only() -> None:
    reply = (
        "* 3 EXISTS\r\n* OK [UIDVALIDITY 77] x\r\n* OK [UIDNEXT 9] x\r\n{tag} OK [READ-ONLY]\r\n"
    )
    async with logged_in(EXAMINE=reply) as (connection, heard):
        assert await connection.open("Eingänge") == Folder(77, 9, 3)
        assert 'o4 EXAMINE "Eing&AOQ-nge"' in heard
    async with logged_in(EXAMINE="{tag} OK done\r\n") as (connection, _):
        with pytest.raises(ImapError, match="UIDVALIDITY"):
            await connection.open("INBOX")


async def test_uids_come_sorted_and_once() -> None:
    reply = "* SEARCH 9 3\r\n* 5 EXISTS\r\n* SEARCH 3\r\n{tag} OK\r\n"
    async with logged_in(**{"UID SEARCH": reply}) as (connection, _):
        assert await connection.search("UID 1:*") == [3, 9]
        assert connection.news is True


async def test_a_mail_comes_as_it_lies_there() -> None:
    body = "From: a@b\r\n\r\n)\r\no5 OK not the end {3}\r\n"
    reply = (
        '* 1 FETCH (UID 7 INTERNALDATE " 2-Nov-2026 10:00:00 +0100" BODY[]<0> '
        f"{{{len(body)}}}\r\n{body} FLAGS ())\r\n"
        '* 2 FETCH (BODY[] "short \\"one\\"" UID 8)\r\n'
        "* 3 FETCH (UID 9 BODY[] NIL)\r\n* 4 FETCH (FLAGS (\\Seen))\r\n{tag} OK\r\n"
    )
    async with logged_in(**{"UID FETCH": reply}) as (connection, _):
        said = await connection.command("UID FETCH 7:9 (BODY.PEEK[])")
    first, second = [mail for one in said if (mail := _mail(one)) is not None]
    assert (first.uid, first.raw) == (7, body.encode())
    assert first.arrived == datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert (second.uid, second.raw, second.arrived) == (8, b'short "one"', None)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("* 1 FETCH (BODY[] {99999999}\r\n", "more than anybody"),
        ("* BYE I am off\r\n", "I am off"),
        ("{tag} NO no\r\n", "no"),
    ],
)
async def test_a_server_that_misbehaves(reply: str, words: str) -> None:
    async with served(**{"UID FETCH": reply}) as (account, _):
        connection = await log_in(account())
        with pytest.raises(ImapError, match=words):
            await connection.command("UID FETCH 1 (BODY.PEEK[])")
        connection.writer.close()


async def test_idle_ends_with_news_or_with_time() -> None:
    reply = "+ idling\r\n* OK Still here\r\n* 4 EXISTS\r\n"
    async with served(IDLE=reply, **{"": "o4 OK idled\r\n"}) as (account, heard):
        connection = await log_in(account())
        await connection.idle(30)
        assert connection.news is True
        assert heard[-1] == "DONE"
        connection.writer.close()
    async with served(IDLE="+ idling\r\n", **{"": "o4 OK idled\r\n"}) as (account, heard):
        connection = await log_in(account())
        await connection.idle(0.1)
        assert (connection.news, heard[-1]) == (False, "DONE")
        connection.writer.close()


@pytest.mark.parametrize(
    ("name", "coded"),
    [("INBOX", "INBOX"), ("A & B", "A &- B"), ("日本", "&ZeVnLA-"), ("~ü/x", "~&APw-/x")],
)
def test_names_of_folders(name: str, coded: str) -> None:
    assert modified_utf7(name) == coded


def test_groups_are_bounded_by_count_and_bytes() -> None:
    sizes = {1: 5_000_000, 2: 5_000_000, 3: 20_000_000}
    assert list(_grouped([1, 2, 3, 4], sizes)) == [[1], [2], [3], [4]]
    assert [len(group) for group in _grouped(range(1, 121), {})] == [50, 50, 20]


def test_what_makes_a_mail_the_same() -> None:
    mail = b"Message-ID: <1@x>\r\nFrom: a@b\r\n\r\nHello\r\n"
    assert digest(mail) == digest(b"X-Moved: yes\n" + mail.replace(b"\r\n", b"\n"))
    assert digest(mail) != digest(mail.replace(b"Hello", b"Other"))
    assert digest(mail) != digest(mail.replace(b"<1@x>", b"<2@x>"))
    # Without a name of its own it is all of it that counts.
    assert (
        len({digest(b""), digest(b"\xff\xfe"), digest(b"X: 1\n\nHi"), digest(b"X: 2\n\nHi")}) == 4
    )
