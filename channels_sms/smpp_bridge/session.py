"""One bind from its beginning to its end: requests and answers, the window, enquire_link."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from time import monotonic

import structlog

from channels_sms.smpp_account import Account
from channels_sms.smpp_bridge import pdus
from channels_sms.smpp_bridge.reach import Streams
from channels_sms.smpp_text import Part

logger = structlog.get_logger(__name__)

ENQUIRE_SECONDS = 30.0
ANSWER_SECONDS = 10.0
UNBIND_SECONDS = 2.0
LAST_SEQUENCE = 0x7FFFFFFF
UNKNOWN_COMMAND, UNREADABLE = 0x03, 0x02


class NotSent(Exception):
    """Nothing of the request has left."""


class Unclear(Exception):
    """The request has left and no answer has come. ``late``: where one may still come."""

    def __init__(self, text: str, late: "asyncio.Future[Answer] | None" = None) -> None:
        super().__init__(text)
        self.late = late


class Answer:
    """A response PDU."""

    __slots__ = ("octets", "status")

    def __init__(self, status: int, octets: bytes) -> None:
        self.status = status
        self.octets = octets


Listener = Callable[["Session", pdus.Deliver], Awaitable[None]]


class Session:
    """A connection to an SMSC. ``heard`` is called with each deliver_sm, in order.

    ``closed`` is set when it has ended, for whatever reason; everything unanswered then raises
    Unclear.
    """

    def __init__(self, streams: Streams, account: Account, heard: "Listener") -> None:
        self.reader, self.writer = streams
        self.account = account
        self.heard = heard
        self.window = asyncio.Semaphore(account.window)
        self.sequence = 0
        self.waiting: dict[int, asyncio.Future[Answer]] = {}
        self.closed = asyncio.Event()
        self.last_heard = monotonic()
        self.reason = ""
        self.tasks = [asyncio.create_task(self._read())]

    async def bind(self) -> int:
        """The status of bind_transceiver_resp; 0 is success. Raises NotSent or Unclear."""
        status = (await self._ask(lambda n: pdus.bind(self.account, n), ANSWER_SECONDS)).status
        if status == 0:
            self.tasks.append(asyncio.create_task(self._enquire()))
        return status

    async def submit(
        self, to: str, part: Part, reference: int, deadline: float, sender: str = ""
    ) -> Answer:
        """Send a part when the window has room; its answer. ``sender`` empty: the account's own.

        Raises NotSent when there is no room by ``deadline`` (monotonic) or the connection is gone,
        Unclear when no answer came.
        """
        try:
            async with asyncio.timeout(max(0.0, deadline - monotonic())):
                await self.window.acquire()
        except TimeoutError:
            raise NotSent("The window is full.") from None
        account = replace(self.account, source=sender) if sender else self.account
        try:
            return await self._ask(
                lambda n: pdus.submit(account, to, part, reference, n), ANSWER_SECONDS
            )
        finally:
            self.window.release()

    def answer(self, heard: pdus.Deliver, status: int) -> bool:
        """deliver_sm_resp; whether the SMSC was told that all is well."""
        return self._write(pdus.response(pdus.DELIVER, heard.sequence, status)) and status == 0

    async def unbind(self) -> None:
        """Say good-bye and close."""
        with contextlib.suppress(NotSent, Unclear):
            await self._ask(lambda n: pdus.plain("unbind", n), UNBIND_SECONDS)
        self.close("Unbound.")

    def close(self, reason: str) -> None:
        """End it now; what waits for an answer gets none."""
        if self.closed.is_set():
            return
        self.reason = reason
        self.closed.set()
        self.writer.close()
        for task in self.tasks:
            task.cancel()
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(Unclear(reason))
                future.exception()  # who has stopped waiting need not hear of it
        self.waiting.clear()

    async def _ask(self, make: Callable[[int], bytes], patience: float) -> Answer:
        self.sequence = self.sequence % LAST_SEQUENCE + 1
        number = self.sequence
        octets = make(number)
        if self.closed.is_set() or self.writer.is_closing():
            raise NotSent(self.reason or "The connection is closed.")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.waiting[number] = future
        self.writer.write(octets)
        try:
            async with asyncio.timeout(patience):
                return await asyncio.shield(future)
        except TimeoutError:
            raise Unclear("The SMSC did not answer in time.", late=future) from None

    def _write(self, octets: bytes) -> bool:
        """Write if there is still a connection; whether there was."""
        if self.closed.is_set() or self.writer.is_closing():
            return False
        self.writer.write(octets)
        return True

    async def _enquire(self) -> None:
        """Ask whether the other side is there whenever it has been silent; close when it is not."""
        while True:
            silent = monotonic() - self.last_heard
            if silent < ENQUIRE_SECONDS:
                await asyncio.sleep(ENQUIRE_SECONDS - silent)
                continue
            try:
                await self._ask(lambda n: pdus.plain("enquire_link", n), ANSWER_SECONDS)
            except (NotSent, Unclear):
                self.close("The SMSC does not answer any more.")
                return

    async def _read(self) -> None:
        try:
            while True:
                start = await self.reader.readexactly(pdus.SMALLEST)
                head = pdus.head(start)
                rest = await self.reader.readexactly(head.length - pdus.SMALLEST)
                self.last_heard = monotonic()
                await self._take(head, start + rest)
        except (OSError, asyncio.IncompleteReadError):
            self.close("The SMSC closed the connection.")
        except pdus.Unreadable as error:
            self.close(f"The SMSC sent what is no SMPP: {error}")

    async def _take(self, head: pdus.Head, octets: bytes) -> None:
        if head.command & pdus.RESPONSE:
            future = self.waiting.pop(head.sequence, None)
            if future is not None and not future.done():
                future.set_result(Answer(head.status, octets))
        elif head.command == pdus.DELIVER:
            await self._deliver(head, octets)
        elif head.command == pdus.ENQUIRE:
            self._write(pdus.response(head.command, head.sequence))
        elif head.command == pdus.UNBIND:
            self._write(pdus.response(head.command, head.sequence))
            self.close("The SMSC unbound us.")
        else:
            self._write(pdus.refusal(head.sequence, UNKNOWN_COMMAND))

    async def _deliver(self, head: pdus.Head, octets: bytes) -> None:
        try:
            heard = pdus.deliver(octets)
        except pdus.Unreadable as error:
            logger.error("deliver_sm not understood", reason=str(error), octets=len(octets))
            self._write(pdus.response(pdus.DELIVER, head.sequence, UNREADABLE))
            return
        await self.heard(self, heard)
