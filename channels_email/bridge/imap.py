"""As much of an IMAP4rev1 client as it takes to read one folder (RFC 3501, RFC 2177).

Ours, because a connection must go to an address that has been looked at, and because everything a
server says is bounded.
"""

import asyncio
import base64
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from channels_email.account import STARTTLS, TLS, Server
from channels_email.bridge.reach import CONNECT_SECONDS, context, way
from gateway.errors import BadCredentials, Unreachable

ANSWER_SECONDS = 60.0
LINE_LIMIT = 16_000_000  # the numbers of a million mails
LITERAL_LIMIT = 40_000_000
LITERAL = re.compile(rb"\{(\d{1,10})\+?\}$")
PLAIN_TEXT = re.compile(r"[\x20-\x7e]*")


class ImapError(Exception):
    """The connection is of no use any more; the words are for people."""


class Refused(ImapError):
    """The server said no to a command."""


@dataclass(slots=True)
class Said:
    """One response: its line, in which ``{n}`` stands for each of ``literals``."""

    line: bytes
    literals: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as it was opened."""

    uidvalidity: int
    uidnext: int | None
    exists: int


class Imap:
    """A connection. ``news``: the folder has changed since that was last set to False."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.tags = count(1)
        self.can: frozenset[str] = frozenset()
        self.news = False

    async def command(self, *words: str, secret: Sequence[str] = ()) -> list[Said]:
        """What the server says to a command, without its last line. Refused, or ImapError.

        ``secret`` are further arguments, which go as strings of their own.
        """
        tag = f"o{next(self.tags)}"
        line = " ".join([tag, *words])
        for text in secret:
            if PLAIN_TEXT.fullmatch(text):
                escaped = text.replace("\\", "\\\\").replace('"', '\\"')
                line += f' "{escaped}"'
                continue
            octets = text.encode()
            self.writer.write(f"{line} {{{len(octets)}}}\r\n".encode())
            await self._go_ahead()
            self.writer.write(octets)
            line = ""
        self.writer.write(line.encode() + b"\r\n")
        return await self._answer(tag)

    async def idle(self, seconds: float) -> None:
        """Wait until the server has news, at most so long."""
        tag = f"o{next(self.tags)}"
        self.writer.write(f"{tag} IDLE\r\n".encode())
        await self._go_ahead()
        try:
            async with asyncio.timeout(seconds):
                while not self.news:
                    self._notice(await self._response())
        except TimeoutError:
            pass
        self.writer.write(b"DONE\r\n")
        await self._answer(tag)

    async def close(self) -> None:
        """Say good-bye, if the server still listens."""
        try:
            async with asyncio.timeout(1):
                await self.command("LOGOUT")
        except (ImapError, TimeoutError):
            pass  # it hung up first
        self.writer.close()

    # --- What a folder needs --------------------------------------------------------------------

    async def open(self, folder: str) -> Folder:
        """Open a folder to read only: nothing is marked as seen. Refused when there is none."""
        said = await self.command("EXAMINE", secret=[modified_utf7(folder)])
        lines = [one.line for one in said]
        validity = _number(lines, rb"\[UIDVALIDITY (\d+)\]")
        if validity is None:
            raise ImapError("The server does not number its mails (UIDVALIDITY).")
        exists = _number(lines, rb"^\* (\d+) EXISTS") or 0
        return Folder(validity, _number(lines, rb"\[UIDNEXT (\d+)\]"), exists)

    async def search(self, *criteria: str) -> list[int]:
        """The UIDs of the mails that fit, in their order."""
        found: list[int] = []
        for one in await self.command("UID SEARCH", *criteria):
            if one.line.startswith(b"* SEARCH"):
                found += [int(word) for word in one.line[8:].split() if word.isdigit()]
        return sorted(set(found))

    # --- Helpers --------------------------------------------------------------------------------

    async def _go_ahead(self) -> None:
        while True:
            said = await self._timely()
            if said.line.startswith(b"+"):
                return
            if not said.line.startswith(b"*"):
                raise Refused(_words(said.line))
            self._notice(said)

    async def _answer(self, tag: str) -> list[Said]:
        said: list[Said] = []
        mark = tag.encode() + b" "
        while True:
            one = await self._timely()
            if not one.line.startswith(mark):
                self._notice(one)
                said.append(one)
                continue
            said.append(one)
            if one.line[len(mark) :].upper().startswith(b"OK"):
                return said
            raise Refused(_words(one.line))

    def _notice(self, said: Said) -> None:
        line = said.line.upper()
        if line.startswith(b"* BYE"):
            raise ImapError(_words(said.line))
        if line.endswith((b" EXISTS", b" RECENT")):
            self.news = True

    async def _timely(self) -> Said:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._response()
        except TimeoutError as error:
            raise ImapError("The server does not answer any more.") from error

    async def _response(self) -> Said:
        said = Said(b"")
        try:
            while True:
                piece = (await self.reader.readuntil(b"\r\n"))[:-2]
                said.line += piece
                literal = LITERAL.search(piece)
                if literal is None:
                    return said
                size = int(literal[1])
                if size > LITERAL_LIMIT:
                    raise ImapError("The server sends more than anybody asked for.")
                said.literals.append(await self.reader.readexactly(size))
        except asyncio.LimitOverrunError as error:
            raise ImapError("The server sends a line without an end.") from error
        except (asyncio.IncompleteReadError, OSError) as error:
            raise ImapError("The server closed the connection.") from error


async def log_in(server: Server) -> Imap:
    """A connection that is logged in. Unreachable, or BadCredentials with the server's words."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS * 3):
            imap = await _connect(server)
            try:
                await _secure(imap, server)
            except BaseException:
                imap.writer.close()
                raise
    except TimeoutError as error:
        raise Unreachable(f"{server.host}:{server.port} does not answer.") from error
    except ssl.SSLError as error:
        raise Unreachable(f"TLS with {server.host} failed: {error.reason}") from error
    except (ImapError, OSError) as error:
        raise Unreachable(f"{server.host}: {error}") from error
    try:
        await _authenticate(imap, server)
    except Refused as error:
        imap.writer.close()
        raise BadCredentials(str(error)[:500]) from error
    except ImapError as error:
        imap.writer.close()
        raise Unreachable(f"{server.host}: {error}") from error
    return imap


async def _connect(server: Server) -> Imap:
    found = await asyncio.to_thread(way, server)
    secure = context() if server.security == TLS else None
    name = server.host if secure else None
    problem: OSError = OSError("No address found.")
    for address in found.addresses:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                streams = await asyncio.open_connection(
                    address, server.port, ssl=secure, server_hostname=name, limit=LINE_LIMIT
                )
            return Imap(*streams)
        except TimeoutError:
            problem = OSError("No connection.")
        except ssl.SSLError:
            raise
        except OSError as error:
            problem = error
    raise Unreachable(f"No connection to {server.host}:{server.port}.") from problem


async def _secure(imap: Imap, server: Server) -> None:
    greeting = await imap._timely()
    if not greeting.line.startswith(b"* OK"):
        raise ImapError(_words(greeting.line))
    if server.security == STARTTLS:
        await imap.command("STARTTLS")
        # What came before the encryption began may be anybody's.
        if imap.reader._buffer:  # type: ignore[attr-defined]
            raise ImapError("Something was said before the encryption began.")
        await imap.writer.start_tls(context(), server_hostname=server.host)
    await _ask_what_it_can(imap)


async def _ask_what_it_can(imap: Imap) -> None:
    for one in await imap.command("CAPABILITY"):
        if one.line.upper().startswith(b"* CAPABILITY"):
            imap.can = frozenset(one.line.decode("ascii", "replace").upper().split()[2:])


async def _authenticate(imap: Imap, server: Server) -> None:
    if "LOGINDISABLED" not in imap.can:
        await imap.command("LOGIN", secret=[server.user, server.password])
    else:
        await _plain(imap, server)
    await _ask_what_it_can(imap)


async def _plain(imap: Imap, server: Server) -> None:
    tag = f"o{next(imap.tags)}"
    imap.writer.write(f"{tag} AUTHENTICATE PLAIN\r\n".encode())
    await imap._go_ahead()
    said = base64.b64encode(f"\0{server.user}\0{server.password}".encode())
    imap.writer.write(said + b"\r\n")
    await imap._answer(tag)


def _number(lines: Sequence[bytes], pattern: bytes) -> int | None:
    for line in lines:
        found = re.search(pattern, line, re.IGNORECASE)
        if found:
            return int(found[1])
    return None


def _words(line: bytes) -> str:
    """A response without its tag and its word, as people read it."""
    text = line.decode("utf-8", "replace")
    return text.split(" ", 2)[-1][:300]


def modified_utf7(name: str) -> str:
    """A folder's name as IMAP writes it (RFC 3501, section 5.1.3)."""
    found = ""
    for piece in re.findall(r"[\x20-\x7e]+|[^\x20-\x7e]+", name):
        if piece.isascii():
            found += piece.replace("&", "&-")
            continue
        coded = base64.b64encode(piece.encode("utf-16-be")).decode().rstrip("=")
        found += f"&{coded.replace('/', ',')}-"
    return found
