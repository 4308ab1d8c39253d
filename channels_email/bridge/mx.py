"""Our own mail server, for whoever lets customers' mail come here directly.

Takes mail only for mailboxes of channels that are set so, and never passes any on. A mail that was
answered with 250 is stored.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import DatabaseError, transaction

from channels_email.bridge.board import Board
from channels_email.bridge.owner import NotStored, Owner, let_in
from gateway.admission import Knock
from gateway.inbound import wake_drain

logger = structlog.get_logger(__name__)

SIZE_LIMIT = 26_214_400
MOST_CONNECTIONS = 100
MOST_RECIPIENTS = 100
IDLE_SECONDS = 60.0
# A mail that has been through so many servers goes round in a circle (RFC 5321, section 6.3).
MOST_HOPS = 100


class Desk:
    """What the server asks of us at each step."""

    def __init__(self, board: Board, hostname: str) -> None:
        self.board = board
        self.hostname = hostname

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        rcpt_options: Sequence[str],
    ) -> str:
        """Whether somebody here has this mailbox, with whatever stands after a plus."""
        if not self.owners(address):
            return "550 5.1.1 No such mailbox here"
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Store the mail for each of its mailboxes, or say that it shall come again."""
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content or "").encode()
        if raw.partition(b"\r\n\r\n")[0].lower().count(b"\nreceived:") > MOST_HOPS:
            return "554 5.4.6 Routing loop"
        raw = self._trace(session) + raw
        sender = envelope.mail_from or "<>"
        knocks = [
            owner.mail(raw, envelope_from=sender, envelope_to=address)
            for address in envelope.rcpt_tos
            for owner in self.owners(address)
        ]
        try:
            await self.board.journal.run(store, knocks)
        except (DatabaseError, NotStored) as error:
            logger.error("mail not stored", exc_info=error)
            return "451 4.3.0 Try again later"
        return "250 2.0.0 Taken"

    def owners(self, address: str) -> tuple[Owner, ...]:
        """The channels that have this mailbox."""
        local, _, domain = address.lower().rpartition("@")
        plain = f"{local.partition('+')[0]}@{domain}"
        return self.board.served.get(address.lower()) or self.board.served.get(plain, ())

    def _trace(self, session: Session) -> bytes:
        """The line that every server on a mail's way adds (RFC 5321, section 4.4)."""
        peer = session.peer[0] if session.peer else "unknown"
        named = "".join(c for c in str(session.host_name or "unknown") if c.isalnum() or c in ".-:")
        now = format_datetime(datetime.now(UTC))
        return (
            f"Received: from {named[:200]} ([{peer}])\r\n\tby {self.hostname} with ESMTP; {now}\r\n"
        ).encode("ascii", "replace")


class Guest(SMTP):
    """A connection; those above the limit are told to come later."""

    open: "set[Guest]" = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        if len(self.open) >= MOST_CONNECTIONS and isinstance(transport, asyncio.Transport):
            transport.write(b"421 4.7.0 Too many connections, come again later\r\n")
            transport.close()
            return
        self.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Called by asyncio."""
        if self in self.open:
            self.open.discard(self)
            super().connection_lost(error)


async def start(board: Board, host: str, port: int, hostname: str) -> asyncio.Server:
    """Listen."""
    loop = asyncio.get_running_loop()
    desk = Desk(board, hostname)
    return await loop.create_server(
        lambda: Guest(
            desk,
            data_size_limit=SIZE_LIMIT,
            hostname=hostname,
            ident="Omnichannel",
            timeout=IDLE_SECONDS,
            enable_SMTPUTF8=True,
            loop=loop,
        ),
        host,
        port,
    )


def store(knocks: Sequence[Knock]) -> None:
    with transaction.atomic():
        let_in(knocks)
    wake_drain()
