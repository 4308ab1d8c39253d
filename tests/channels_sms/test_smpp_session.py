"""One bind with a server on loopback that a test plays: window, enquire_link, lost answers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest

from channels_sms.smpp_account import Account
from channels_sms.smpp_bridge import pdus, reach, session
from channels_sms.smpp_bridge.session import NotSent, Session, Unclear
from channels_sms.smpp_text import parts
from simulator import smsc_codec as codec
from simulator.smsc_codec import Pdu
from tests.payloads.smpp.exhibit import CONFIG, CUSTOMER

ACCOUNT = replace(Account.of(CONFIG), window=2)
[PART] = parts("Hi")


class Server:
    """Keeps what it is sent, and says what a test lets it say."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[Pdu] = asyncio.Queue()
        self.writers: list[asyncio.StreamWriter] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while True:
                pdu = await codec.read_pdu(reader)
                if pdu.command == codec.BIND_TRANSCEIVER:
                    self.say(pdu.command | codec.ANSWER, pdu.sequence, body=b"s\0")
                else:
                    await self.received.put(pdu)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            writer.close()

    def say(self, command: int, sequence: int, *, status: int = 0, body: bytes = b"") -> None:
        self.writers[-1].write(Pdu(command, status, sequence, body).octets())

    async def next(self, command: int) -> Pdu:
        async with asyncio.timeout(5):
            pdu = await self.received.get()
        assert pdu.command == command
        return pdu


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    listening = await asyncio.start_server(made, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    yield made
    listening.close()
    for writer in made.writers:
        writer.close()
    await asyncio.sleep(0)


@pytest.fixture
async def bound(server: Any) -> AsyncIterator[Session]:
    heard: list[pdus.Deliver] = []

    async def listen(_session: Session, deliver: pdus.Deliver) -> None:
        heard.append(deliver)

    streams = await asyncio.open_connection("127.0.0.1", server.port)
    made = Session(streams, ACCOUNT, listen)
    made.heard_ones = heard  # type: ignore[attr-defined]
    assert await made.bind() == 0
    yield made
    made.close("The test is over.")


def submit(made: Session, seconds: float = 5) -> "asyncio.Task[session.Answer]":
    return asyncio.create_task(made.submit(CUSTOMER, PART, 1, monotonic() + seconds))


async def test_answers_find_their_requests_in_any_order(server: Server, bound: Session) -> None:
    first, second = submit(bound), submit(bound)
    asked = [await server.next(codec.SUBMIT_SM), await server.next(codec.SUBMIT_SM)]
    for pdu in reversed(asked):
        server.say(pdu.command | codec.ANSWER, pdu.sequence, body=b"id%d\0" % pdu.sequence)
    ids = [pdus.accepted_id((await task).octets) for task in (first, second)]
    assert ids == [f"id{pdu.sequence}" for pdu in asked]


async def test_the_window_holds_back(server: Server, bound: Session) -> None:
    tasks = [submit(bound) for _ in range(3)]
    asked = [await server.next(codec.SUBMIT_SM), await server.next(codec.SUBMIT_SM)]
    impatient = submit(bound, 0.01)
    with pytest.raises(NotSent, match="window"):
        await impatient
    assert server.received.empty()
    server.say(asked[0].command | codec.ANSWER, asked[0].sequence, body=b"1\0")
    third = await server.next(codec.SUBMIT_SM)
    for pdu in (asked[1], third):
        server.say(pdu.command | codec.ANSWER, pdu.sequence, body=b"2\0")
    await asyncio.gather(*tasks)


async def test_a_lost_connection_leaves_it_unclear_and_nothing_more_leaves(
    server: Server, bound: Session
) -> None:
    under_way = submit(bound)
    await server.next(codec.SUBMIT_SM)
    server.writers[-1].transport.abort()
    with pytest.raises(Unclear):
        await under_way
    await asyncio.wait_for(bound.closed.wait(), 5)
    with pytest.raises(NotSent):
        await submit(bound)


async def test_a_refusal_and_a_nack_are_answers(server: Server, bound: Session) -> None:
    for command in (codec.SUBMIT_SM | codec.ANSWER, codec.GENERIC_NACK):
        task = submit(bound)
        asked = await server.next(codec.SUBMIT_SM)
        server.say(command, asked.sequence, status=0x58)
        assert (await task).status == 0x58


async def test_a_late_answer_is_still_heard(
    server: Server, bound: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "ANSWER_SECONDS", 0.05)
    task = submit(bound)
    asked = await server.next(codec.SUBMIT_SM)
    with pytest.raises(Unclear) as raised:
        await task
    late = raised.value.late
    assert late is not None
    server.say(asked.command | codec.ANSWER, asked.sequence, body=b"late\0")
    assert pdus.accepted_id((await asyncio.wait_for(late, 5)).octets) == "late"


async def test_enquiries_are_answered_and_other_commands_refused(
    server: Server, bound: Session
) -> None:
    server.say(codec.ENQUIRE_LINK, 77)
    answer = await server.next(codec.ENQUIRE_LINK | codec.ANSWER)
    assert (answer.sequence, answer.status) == (77, 0)
    server.say(0x00000103, 78)
    assert await server.next(codec.GENERIC_NACK) == Pdu(codec.GENERIC_NACK, 3, 78, b"")


async def test_silence_is_enquired_into_and_ends_the_bind(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "ENQUIRE_SECONDS", 0.05)
    monkeypatch.setattr(session, "ANSWER_SECONDS", 0.5)

    async def listen(_session: Session, _deliver: pdus.Deliver) -> None:
        raise AssertionError

    port = server.port  # type: ignore[attr-defined]
    made = Session(await asyncio.open_connection("127.0.0.1", port), ACCOUNT, listen)
    await made.bind()
    asked = await server.next(codec.ENQUIRE_LINK)
    server.say(codec.ENQUIRE_LINK | codec.ANSWER, asked.sequence)
    await server.next(codec.ENQUIRE_LINK)
    await asyncio.wait_for(made.closed.wait(), 5)
    assert made.reason == "The SMSC does not answer any more."


async def test_messages_are_heard_in_order_and_answered(server: Server, bound: Session) -> None:
    for number in (1, 2):
        server.say(codec.DELIVER_SM, number, body=codec.deliver_body("1", "2", b"%d" % number))
    server.say(codec.DELIVER_SM, 3, body=b"\0\1")  # no such message
    answer = await server.next(codec.DELIVER_SM | codec.ANSWER)
    assert (answer.sequence, answer.status) == (3, session.UNREADABLE)
    heard = bound.heard_ones  # type: ignore[attr-defined]
    assert [one.data for one in heard] == [b"1", b"2"]
    bound.answer(heard[0], 0x64)
    answer = await server.next(codec.DELIVER_SM | codec.ANSWER)
    assert (answer.sequence, answer.status, answer.body) == (1, 0x64, b"\0")


async def test_unbinding_waits_for_the_answer(server: Server, bound: Session) -> None:
    leaving = asyncio.create_task(bound.unbind())
    asked = await server.next(codec.UNBIND)
    assert not bound.closed.is_set()
    server.say(codec.UNBIND | codec.ANSWER, asked.sequence)
    await leaving
    assert bound.closed.is_set()


async def test_what_is_no_smpp_ends_the_connection(server: Server, bound: Session) -> None:
    server.writers[-1].write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await asyncio.wait_for(bound.closed.wait(), 5)
    assert "no SMPP" in bound.reason


# --- Where it may connect -------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.1.2.3", "169.254.169.254", "::1"])
async def test_private_networks_are_not_called(settings: Any, host: str) -> None:
    settings.SIMULATOR_URL, settings.SMPP_NETWORKS = "", []
    with pytest.raises(reach.NoWay, match="private network"):
        await reach.connect(replace(ACCOUNT, host=host))


async def test_a_network_that_the_operator_allows_is(server: Any, settings: Any) -> None:
    settings.SIMULATOR_URL, settings.SMPP_NETWORKS = "", ["127.0.0.0/8"]
    account = replace(ACCOUNT, host="127.0.0.1", port=server.port)
    _reader, writer = await reach.connect(account)
    writer.close()
    with pytest.raises(reach.NoWay, match=r"127\.0\.0\.1"):
        await reach.connect(replace(account, tls=True))
