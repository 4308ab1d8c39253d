"""One channel: keeps its bind up, and takes in what comes over it."""

import asyncio
import random
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from itertools import count
from time import monotonic
from uuid import UUID

import structlog

from channels_sms import smpp_errors
from channels_sms.smpp_bridge import hearing, reach, written
from channels_sms.smpp_bridge.hearing import Heard
from channels_sms.smpp_bridge.journal import Journal
from channels_sms.smpp_bridge.owner import Owner
from channels_sms.smpp_bridge.pdus import Deliver
from channels_sms.smpp_bridge.session import (
    ANSWER_SECONDS,
    Listener,
    NotSent,
    Session,
    Unclear,
)
from gateway.errors import BadCredentials, SendError, Unreachable

logger = structlog.get_logger(__name__)

BACKOFF_SECONDS, BACKOFF_LIMIT = 1.0, 60.0
# Somebody wants to send: the next try to bind comes at once, but not more often than this.
HURRY_SECONDS = 3.0
# A bind that held so long was a good one.
GOOD_SECONDS = 10.0
GROUP = 100
OVERDUE_SECONDS = 15.0
# An answer given so shortly before the connection broke may not have arrived.
DOUBTFUL_SECONDS = 10.0
# How long a receipt waits for the submit_sm_resp that it has overtaken.
EARLY_SECONDS = ANSWER_SECONDS + 1


@dataclass(slots=True)
class Given:
    """Answers that were written, and when (monotonic)."""

    at: float
    rows: list[int]


class Line:
    """A channel's bind. ``sending`` are the submissions under way, by the delivery's uid."""

    def __init__(self, owner: Owner, journal: Journal) -> None:
        self.owner = owner
        self.journal = journal
        self.session: Session | None = None
        self.problem: SendError = Unreachable("The bind has not been tried yet.")
        self.bound = asyncio.Event()
        self.hurried = asyncio.Event()
        self.stopping = False
        self.tried_at = float("-inf")
        self.sending: dict[UUID, asyncio.Task[object]] = {}
        self.references = count(random.randrange(256))
        self.inbox: asyncio.Queue[Heard] = asyncio.Queue(GROUP * 10)
        self.given: deque[Given] = deque(maxlen=1000)
        self.log = logger.bind(channel=str(owner.channel_id))
        self.tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to bind, and to listen."""
        for work in (self._keep_bound(), self._listen(), self._watch_parts()):
            self.spawn(work)

    async def wait_bound(self, deadline: float) -> Session:
        """The session, once there is one; raises why there is none by ``deadline`` (monotonic)."""
        if not self.bound.is_set() and monotonic() - self.tried_at > HURRY_SECONDS:
            self.hurried.set()
        try:
            async with asyncio.timeout(max(0.0, deadline - monotonic())):
                await self.bound.wait()
        except TimeoutError:
            why = self.problem
            raise type(why)(why.text, code=why.code) from None
        if self.session is None:
            raise Unreachable("The bind has just been lost.")
        return self.session

    async def stop(self, patience: float) -> None:
        """Take nothing more, let what is under way end, unbind."""
        self.stopping = True
        if self.sending:
            await asyncio.wait(list(self.sending.values()), timeout=patience)
        session, self.session = self.session, None
        self.bound.clear()
        if session is not None:
            await session.unbind()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    # --- The bind -----------------------------------------------------------------------------

    async def _keep_bound(self) -> None:
        failures = 0
        while not self.stopping:
            self.tried_at = monotonic()
            session = await self._try()
            if session is not None:
                await self._while_bound(session)
                if monotonic() - self.tried_at > GOOD_SECONDS:
                    failures = 0
            failures += 1
            await self._rest(failures)

    async def _try(self) -> Session | None:
        try:
            session = await open_session(self.owner, self._heard)
        except SendError as error:
            self.problem = error
            self.log.warning("not bound", reason=error.text, code=error.code)
            return None
        except Exception as error:  # whatever it is, it may be otherwise the next time
            self.problem = Unreachable(f"The bind failed: {type(error).__name__}")
            self.log.exception("not bound")
            return None
        return session

    async def _while_bound(self, session: Session) -> None:
        self.session = session
        self.bound.set()
        self.log.info("bound")
        try:
            await session.closed.wait()
        finally:
            self.bound.clear()
            if self.session is session:
                self.session = None
        self.problem = Unreachable(session.reason)
        self.log.warning("bind lost", reason=session.reason)
        await self._doubt()

    async def _rest(self, failures: int) -> None:
        pause = min(BACKOFF_LIMIT, BACKOFF_SECONDS * 2.0 ** (failures - 1))
        self.hurried.clear()
        try:
            async with asyncio.timeout(pause * random.uniform(0.5, 1.0)):
                await self.hurried.wait()
        except TimeoutError:
            pass

    # --- What comes in ------------------------------------------------------------------------

    async def _heard(self, session: Session, deliver: Deliver) -> None:
        await self.inbox.put(Heard(deliver, session))

    async def _listen(self) -> None:
        while True:
            group = [await self.inbox.get()]
            while not self.inbox.empty() and len(group) < GROUP:
                group.append(self.inbox.get_nowait())
            await self._take(group)

    async def _take(self, group: Sequence[Heard]) -> None:
        await self._store(group)
        rows = []
        for heard in group:
            if heard.early:
                self.spawn(self._take_later(heard))
            elif heard.session.answer(heard.deliver, heard.status) and heard.row:
                rows.append(heard.row)
        if rows:
            self.given.append(Given(monotonic(), rows))
            await self._note(rows, really=True)

    async def _store(self, group: Sequence[Heard]) -> None:
        try:
            await self.journal.run(hearing.take, self.owner, group)
        except Exception:  # the SMSC is told to deliver again; the line must not end
            self.log.exception("messages not stored")
            for heard in group:
                heard.early, heard.status = False, smpp_errors.TEMPORARY

    async def _take_later(self, heard: Heard) -> None:
        """A receipt may come before the answer to the submission that it is about."""
        under_way = list(self.sending.values())
        if under_way:
            await asyncio.wait(under_way, timeout=EARLY_SECONDS)
        heard.last_chance = True
        await self._store([heard])
        heard.session.answer(heard.deliver, heard.status)

    async def _doubt(self) -> None:
        """The connection broke: its last answers may not have arrived."""
        since = monotonic() - DOUBTFUL_SECONDS
        rows = [row for given in self.given if given.at >= since for row in given.rows]
        self.given.clear()
        if rows:
            await self._note(rows, really=False)

    async def _note(self, rows: Sequence[int], *, really: bool) -> None:
        try:
            await self.journal.run(hearing.answered, rows, really=really)
        except Exception:  # at worst the SMSC's next repeat is taken for one
            self.log.exception("answers not noted")

    async def _watch_parts(self) -> None:
        while True:
            try:
                await self.journal.run(written.join_overdue, self.owner)
            except Exception:  # they wait in the database; the next look finds them
                self.log.exception("parts not looked at")
            await asyncio.sleep(OVERDUE_SECONDS)

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Do something in the background, while the line lives."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


async def open_session(owner: Owner, heard: Listener) -> Session:
    """A bound session; BadCredentials or Unreachable with the reason."""
    try:
        streams = await reach.connect(owner.account)
    except reach.NoWay as error:
        raise Unreachable(str(error)) from error
    session = Session(streams, owner.account, heard)
    try:
        status = await session.bind()
    except (NotSent, Unclear) as error:
        session.close("The bind was not answered.")
        raise Unreachable(f"The bind was not answered: {error}") from error
    if status:
        session.close("The bind was refused.")
        known = smpp_errors.meaning(status)
        error_class = BadCredentials if known.error is BadCredentials else Unreachable
        raise error_class(known.text, code=smpp_errors.code(status))
    return session
