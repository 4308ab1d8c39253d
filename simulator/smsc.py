"""An SMSC: binds, takes messages, reports on them, and brings what customers write."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

import structlog

from simulator import smsc_codec as codec
from simulator.carrier import Carrier
from simulator.faults import Faults, happens
from simulator.lines import Line, Lines
from simulator.postman import BACK_OFF
from simulator.smsc_codec import Pdu, Submitted
from simulator.world import Message

logger = structlog.get_logger(__name__)

PROVIDER = "smpp"
ANSWER_S = 10.0
# What is waited for a bind, when there is something to deliver.
BIND_S = 120.0
# What a receipt says, as a word and as message_state.
RECEIPTS = {"delivered": ("DELIVRD", 2), "expired": ("EXPIRED", 3), "undelivered": ("UNDELIV", 5)}


@dataclass(eq=False)
class Bind:
    """A connection, and its system_id once it is bound."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    system_id: str = ""
    open: int = 0
    waiting: dict[int, asyncio.Future[int]] = field(default_factory=dict)

    def write(self, pdu: Pdu) -> None:
        """Send a PDU, if the connection is still there."""
        if not self.writer.is_closing():
            self.writer.write(pdu.octets())

    def answer(self, asked: Pdu, status: int, body: bytes = b"") -> None:
        """Answer a request."""
        self.write(Pdu(asked.command | codec.ANSWER, status, asked.sequence, body))

    def cut(self) -> None:
        """Break the connection without a word."""
        self.writer.transport.abort()


class Smsc:
    """The server. ``counted`` says what happened since the start, for tests."""

    def __init__(self, carrier: Carrier, lines: Lines) -> None:
        self.carrier = carrier
        self.lines = lines
        self.binds: dict[str, list[Bind]] = {}
        self.bound = asyncio.Condition()
        self.sequences = count(1)
        self.references = count(random.randrange(256))
        self.ids = count(random.randrange(0x10000000, 0x40000000))
        self.parts: dict[tuple[str, str, str, int], dict[int, tuple[str, Submitted]]] = {}
        self.part_ids: dict[str, list[str]] = {}
        self.counted: Counter[str] = Counter()
        self.server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen."""
        self.server = await asyncio.start_server(self._connected, host, port)

    async def close(self) -> None:
        """Cut all connections."""
        if self.server is not None:
            self.server.close()
        for binds in self.binds.values():
            for bind in binds:
                bind.cut()

    @property
    def faults(self) -> Faults:
        """How we misbehave at the moment."""
        return self.carrier.faults_of(PROVIDER)

    # --- Connections ----------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bind = Bind(reader, writer)
        try:
            while True:
                await self._take(bind, await codec.read_pdu(reader))
        except (OSError, asyncio.IncompleteReadError, ValueError, IndexError) as error:
            logger.info("SMPP connection ended", reason=type(error).__name__)
        finally:
            if bind in self.binds.get(bind.system_id, ()):
                self.binds[bind.system_id].remove(bind)
            for future in bind.waiting.values():
                future.cancel()
            writer.close()

    async def _take(self, bind: Bind, pdu: Pdu) -> None:
        if pdu.command & codec.ANSWER:
            future = bind.waiting.pop(pdu.sequence, None)
            if future is not None and not future.done():
                future.set_result(pdu.status)
        elif pdu.command == codec.BIND_TRANSCEIVER:
            await self._bind(bind, pdu)
        elif pdu.command == codec.ENQUIRE_LINK:
            self.counted["enquiries"] += 1
            bind.answer(pdu, codec.OK)
        elif pdu.command == codec.UNBIND:
            self.counted["unbinds"] += 1
            bind.answer(pdu, codec.OK)
            bind.writer.close()
        elif not bind.system_id:
            bind.answer(pdu, codec.WRONG_STATE)
        elif pdu.command == codec.SUBMIT_SM:
            self.carrier.postman.spawn(self._submit(bind, pdu))
        else:
            bind.write(Pdu(codec.GENERIC_NACK, codec.INVALID_COMMAND, pdu.sequence, b""))

    async def _bind(self, bind: Bind, pdu: Pdu) -> None:
        system_id, password, _version = codec.read_bind(pdu.body)
        if happens(self.faults.rate_credentials) or not await self._allows(system_id, password):
            bind.answer(pdu, codec.BAD_PASSWORD)
            return
        self.counted["binds"] += 1
        bind.system_id = system_id
        self.binds.setdefault(system_id, []).append(bind)
        bind.answer(pdu, codec.OK, b"simulator\0")
        async with self.bound:
            self.bound.notify_all()

    async def _allows(self, system_id: str, password: str) -> bool:
        await self.lines.refresh()
        known = self.lines.tokens.get(system_id)
        return not password.startswith("wrong") and (known is None or password in known)

    # --- From the business to the customer --------------------------------------------------------

    async def _submit(self, bind: Bind, pdu: Pdu) -> None:
        bind.open += 1
        self.counted["most_open"] = max(self.counted["most_open"], bind.open)
        try:
            await self._accept_or_refuse(bind, pdu)
        finally:
            bind.open -= 1

    async def _accept_or_refuse(self, bind: Bind, pdu: Pdu) -> None:
        faults = self.faults
        if happens(faults.drop_connection):
            bind.cut()
            return
        refused = _refusal(faults)
        if refused is None:
            message_id = f"{next(self.ids):X}"
            refused = self._accept(bind.system_id, codec.read_submit(pdu.body), message_id)
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        if refused != codec.OK:
            bind.answer(pdu, refused)
        elif happens(faults.drop_after_accept):
            bind.cut()
        else:
            bind.answer(pdu, codec.OK, message_id.encode() + b"\0")

    def _accept(self, system_id: str, submitted: Submitted, message_id: str) -> int:
        if not submitted.target.removeprefix("+").isdecimal():
            return codec.BAD_DESTINATION
        self.counted["parts"] += 1
        if submitted.place is None:
            self._whole(system_id, [(message_id, submitted)])
            return codec.OK
        reference, number, total = submitted.place
        key = (system_id, submitted.source, submitted.target, reference)
        parts = self.parts.setdefault(key, {})
        parts[number] = (message_id, submitted)
        if len(parts) == total:
            del self.parts[key]
            self._whole(system_id, [parts[place] for place in range(1, total + 1)])
        return codec.OK

    def _whole(self, system_id: str, parts: list[tuple[str, Submitted]]) -> None:
        """All parts are here: the phone shows one message."""
        sid, first = parts[0]
        data = b"".join(part.data for _id, part in parts)
        message = Message(
            sid=sid,
            provider=PROVIDER,
            account=system_id,
            direction="outbound",
            sender=first.source,
            to=first.target,
            body=codec.text_of(data, first.coding),
            phone=self.carrier.world.phone(first.target),
            line=first.source,
            status="queued",
            validity_s=first.validity_s,
        )
        self.part_ids[sid] = [part_id for part_id, part in parts if part.receipt]
        self.carrier.accept(message)

    def report(self, message: Message, status: str) -> None:
        """Send a receipt for each part of a message that has arrived, or never will."""
        if status not in RECEIPTS:
            return
        ids = self.part_ids.pop(message.sid, [])
        if happens(self.faults.reorder):
            ids.reverse()
        for message_id in ids:
            for _ in range(2 if happens(self.faults.duplicate) else 1):
                self.carrier.postman.spawn(self._receipt(message, message_id, status))

    async def _receipt(self, message: Message, message_id: str, status: str) -> None:
        await asyncio.sleep(self.faults.late_status_s)
        word, state = RECEIPTS[status]
        at = time.strftime("%y%m%d%H%M")
        text = (
            f"id:{message_id} sub:001 dlvrd:{int(state == 2):03d} submit date:{at} done date:{at} "
            f"stat:{word} err:{message.error_code % 1000:03d} text:"
        )
        tlvs = {
            codec.RECEIPTED_MESSAGE_ID: message_id.encode() + b"\0",
            codec.MESSAGE_STATE: bytes([state]),
        }
        body = codec.deliver_body(
            message.to, message.sender, text.encode(), esm_class=codec.RECEIPT, tlvs=tlvs
        )
        await self._deliver(message.account, [body])

    # --- From the customer to the business --------------------------------------------------------

    async def carry(self, line: Line, message: Message) -> int | None:
        """Bring a customer's message; 200 when the business has all of it, None with no bind."""
        reference = next(self.references)
        messages, coding = codec.messages_of(message.body, reference)
        bodies = [
            codec.deliver_body(message.sender, message.to, data, coding=coding, esm_class=esm_class)
            for data, esm_class in messages
        ]
        if not self.binds.get(line.account):
            self.carrier.postman.spawn(self._bring(line, message, bodies))
            return None
        return await self._bring(line, message, bodies)

    async def _bring(self, line: Line, message: Message, bodies: list[bytes]) -> int | None:
        taken = await self._deliver(line.account, bodies)
        message.status = "received" if taken else "refused"
        self.carrier.world.show(message)
        return 200 if taken else 503

    async def _deliver(self, system_id: str, bodies: list[bytes]) -> bool:
        """Deliver until the business says OK, over whichever bind there is then."""
        for body in bodies:
            for pause in (*BACK_OFF, 0):
                if await self._deliver_once(system_id, body):
                    break
                await asyncio.sleep(pause)
            else:
                return False
        return True

    async def _deliver_once(self, system_id: str, body: bytes) -> bool:
        bind = await self._a_bind(system_id)
        if bind is None:
            return False
        sequence = next(self.sequences)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        bind.waiting[sequence] = answer
        bind.write(Pdu(codec.DELIVER_SM, 0, sequence, body))
        await asyncio.wait([answer], timeout=ANSWER_S)
        bind.waiting.pop(sequence, None)
        return answer.done() and not answer.cancelled() and answer.result() == codec.OK

    async def _a_bind(self, system_id: str) -> Bind | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BIND_S), self.bound:
                await self.bound.wait_for(lambda: self.binds.get(system_id))
        binds = self.binds.get(system_id)
        return random.choice(binds) if binds else None


def _refusal(faults: Faults) -> int | None:
    """With what a submission is refused; None when it is not."""
    for rate, status in (
        (faults.rate_429, codec.THROTTLED),
        (faults.rate_500, codec.SYSTEM_ERROR),
        (faults.rate_503, codec.QUEUE_FULL),
    ):
        if happens(rate):
            return status
    return None
