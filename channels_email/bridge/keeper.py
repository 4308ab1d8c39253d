"""One channel's IMAP folder: looked at all the time, caught up after every outage."""

import asyncio
import random
import re
from collections.abc import Iterator, Sequence
from datetime import datetime

import structlog

from channels_email.bridge import taking
from channels_email.bridge.imap import Folder, Imap, ImapError, Said, log_in
from channels_email.bridge.journal import Journal
from channels_email.bridge.owner import NotStored, Owner
from channels_email.bridge.reach import imap_server
from channels_email.bridge.taking import Cursor, Fetched
from gateway.errors import BadCredentials, SendError, Unreachable

logger = structlog.get_logger(__name__)

BACKOFF_SECONDS, BACKOFF_LIMIT = 1.0, 60.0
# Providers lock accounts out that try a wrong password too often.
WRONG_PASSWORD_SECONDS = 300.0
# Servers may hang up after 30 minutes (RFC 2177); a connection that is dead is found out sooner.
# Some never announce what comes between a look and IDLE: after every look that found something,
# and after the first, we look again soon, then twice as late each time.
SOON_SECONDS, IDLE_SECONDS = 1.0, 60.0
POLL_SECONDS = 20.0
# At a time: sizes asked for, mails fetched, and their bytes.
ASKED, GROUP, GROUP_BYTES = 200, 50, 8_000_000
# What is over the limit of a mail is taken as far as it goes.
MAIL_BYTES = 26_214_400
UID = re.compile(rb"\bUID (\d+)")
SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
ARRIVED = re.compile(rb'\bINTERNALDATE "([^"]+)"')
SHORT_BODY = re.compile(rb'\bBODY\[\](?:<\d+>)? "((?:[^"\\]|\\.)*)"')


class Keeper:
    """A folder that is kept in view. ``ready`` while it is; ``problem`` says why not."""

    def __init__(self, owner: Owner, journal: Journal) -> None:
        self.owner = owner
        self.journal = journal
        self.ready = False
        self.problem: SendError | None = Unreachable("The folder has not been opened yet.")
        self.log = logger.bind(channel=str(owner.channel_id))
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self.task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End; a group that is being stored is stored or not, never half."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def _keep(self) -> None:
        failures = 0
        while True:
            try:
                await self._session()
            except SendError as error:
                self.problem = error
            except (ImapError, NotStored) as error:
                self.problem = Unreachable(str(error) or "The mails could not be stored.")
            except Exception as error:  # whatever it is, it may be otherwise the next time
                self.problem = Unreachable(f"The folder cannot be read: {type(error).__name__}")
                self.log.exception("mailbox not read")
            failures = 1 if self.ready else failures + 1
            self.ready = False
            words = self.problem.text if self.problem else ""
            self.log.warning("mailbox lost", reason=words, failures=failures)
            await asyncio.sleep(self._pause(failures))

    def _pause(self, failures: int) -> float:
        if isinstance(self.problem, BadCredentials):
            return WRONG_PASSWORD_SECONDS
        return min(BACKOFF_LIMIT, BACKOFF_SECONDS * 2.0 ** min(failures - 1, 10)) * random.uniform(
            0.5, 1.0
        )

    async def _session(self) -> None:
        imap = await log_in(imap_server(self.owner.account))
        try:
            folder = await imap.open(self.owner.account.folder)
            cursor = await self._resume(imap, folder)
            pause = SOON_SECONDS
            while True:
                imap.news, before = False, cursor
                cursor = await self._catch_up(imap, folder, cursor)
                found = cursor.last_uid != before.last_uid
                pause = SOON_SECONDS if found else min(pause * 2, IDLE_SECONDS)
                if not self.ready:
                    self.log.info("mailbox open")
                self.ready, self.problem = True, None
                await self._wait(imap, pause)
        finally:
            await imap.close()

    async def _resume(self, imap: Imap, folder: Folder) -> Cursor:
        if folder.uidnext is not None:
            highest = folder.uidnext - 1
        else:
            highest = max(await imap.search("ALL"), default=0)
        run = self.journal.run
        return await run(taking.resume, self.owner, folder.uidvalidity, highest)

    async def _wait(self, imap: Imap, pause: float) -> None:
        if imap.news:
            return
        if "IDLE" in imap.can:
            await imap.idle(pause)
            return
        await asyncio.sleep(POLL_SECONDS)
        await imap.command("NOOP")

    async def _catch_up(self, imap: Imap, folder: Folder, cursor: Cursor) -> Cursor:
        """Take everything after the cursor, in groups."""
        criteria = [f"UID {cursor.last_uid + 1}:*"]
        if cursor.since is not None:
            criteria.append(f"SINCE {_day(cursor.since)}")
        # A server answers "*" with its last mail, whatever number that has.
        uids = [uid for uid in await imap.search(*criteria) if uid > cursor.last_uid]
        run, last = self.journal.run, cursor.last_uid
        for start in range(0, len(uids), ASKED):
            for group in await self._groups(imap, uids[start : start + ASKED]):
                mails = await self._fetch(imap, group)
                last = group[-1]
                count = await run(taking.take, self.owner, folder.uidvalidity, mails, last)
                self.log.info("mails taken", count=count, upto=last)
        last = max(last, cursor.highest)
        await run(taking.caught_up, self.owner, folder.uidvalidity, last)
        return Cursor(last)

    async def _groups(self, imap: Imap, uids: Sequence[int]) -> list[list[int]]:
        sizes = {}
        for said in await imap.command(f"UID FETCH {_set(uids)} (UID RFC822.SIZE)"):
            uid, size = UID.search(said.line), SIZE.search(said.line)
            if uid and size:
                sizes[int(uid[1])] = int(size[1])
        return list(_grouped(uids, sizes))

    async def _fetch(self, imap: Imap, uids: Sequence[int]) -> list[Fetched]:
        """Those that are still there; what was deleted meanwhile is left alone."""
        what = f"(UID INTERNALDATE BODY.PEEK[]<0.{MAIL_BYTES}>)"
        said = await imap.command(f"UID FETCH {_set(uids)} {what}")
        found = [mail for one in said if (mail := _mail(one)) is not None]
        return sorted((one for one in found if one.uid in set(uids)), key=lambda one: one.uid)


def _grouped(uids: Sequence[int], sizes: dict[int, int]) -> Iterator[list[int]]:
    group: list[int] = []
    weight = 0
    for uid in uids:
        size = sizes.get(uid, 0)
        if group and (len(group) >= GROUP or weight + size > GROUP_BYTES):
            yield group
            group, weight = [], 0
        group.append(uid)
        weight += size
    if group:
        yield group


def _mail(said: Said) -> Fetched | None:
    uid = UID.search(said.line)
    short = SHORT_BODY.search(said.line)
    if uid is None or (not said.literals and short is None):
        return None
    raw = said.literals[-1] if said.literals else _unescaped(short[1] if short else b"")
    return Fetched(int(uid[1]), raw, _time(said.line))


def _unescaped(text: bytes) -> bytes:
    return re.sub(rb"\\(.)", rb"\1", text)


def _time(line: bytes) -> datetime | None:
    found = ARRIVED.search(line)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1].decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z")
    except ValueError:
        return None


def _day(moment: datetime) -> str:
    """As IMAP writes days, in English whatever the process's language is."""
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{moment.day}-{months[moment.month - 1]}-{moment.year}"


def _set(uids: Sequence[int]) -> str:
    return ",".join(map(str, uids))
