"""The mail of the world as the business sees it: takes its mail, brings the customers'."""

import asyncio
import smtplib
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from django.conf import settings

from simulator import mail_words
from simulator.carrier import Carrier
from simulator.faults import Faults, happens
from simulator.identities import identity, number_of
from simulator.lines import Line, Lines
from simulator.mailboxes import Mailboxes
from simulator.twilio_media import Given
from simulator.world import Message, new_sid

logger = structlog.get_logger(__name__)

PROVIDER = "email"
SIZE_LIMIT = 30_000_000
# Nobody has a mailbox whose name begins so, which the server says at once.
NOBODY = "nobody"


class Post:
    """What the SMTP server asks of us at each step, by aiosmtpd's names."""

    def __init__(self, host: "MailHost") -> None:
        self.host = host

    async def handle_EHLO(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """The log-ins are read before they are asked for."""
        session.host_name = hostname
        await self.host.lines.refresh()
        return responses

    async def handle_MAIL(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """A mail begins."""
        if happens(self.host.faults.rate_503):
            return "421 4.3.2 Not now"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Whom it is for."""
        if happens(self.host.faults.rate_429):
            return "451 4.7.1 Greylisted, come again"
        if address.startswith(NOBODY):
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """The mail is here."""
        faults = self.host.faults
        if happens(faults.drop_connection):
            cut(server)
            return "250 never said"
        if happens(faults.rate_500):
            return "554 5.0.0 Refused"
        content = envelope.content
        self.host.take(content if isinstance(content, bytes) else b"", envelope, session)
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        if happens(faults.drop_after_accept):
            cut(server)
        return "250 2.0.0 Taken"


def cut(server: SMTP) -> None:
    """Break the connection without a word."""
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()


class MailHost:
    """Takes the business's mail, brings the customers', and bounces what finds nobody."""

    def __init__(self, carrier: Carrier, lines: Lines) -> None:
        self.carrier = carrier
        self.lines = lines
        self.boxes = Mailboxes(lines)
        self.server: asyncio.Server | None = None

    @property
    def faults(self) -> Faults:
        """How we misbehave at the moment."""
        return self.carrier.faults_of(PROVIDER)

    async def start(self, host: str, smtp_port: int, imap_port: int) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(
            lambda: SMTP(
                Post(self),
                data_size_limit=SIZE_LIMIT,
                hostname="customers.example",
                authenticator=self._log_in,
                auth_require_tls=False,
                enable_SMTPUTF8=True,
                loop=loop,
            ),
            host,
            smtp_port,
        )
        await self.boxes.start(host, imap_port)

    async def close(self) -> None:
        """Stop listening."""
        if self.server is not None:
            self.server.close()
        await self.boxes.close()

    def _log_in(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        """Who has the password of a channel may send; anybody, with one no channel has yet."""
        if not isinstance(data, LoginPassword) or happens(self.faults.rate_credentials):
            return AuthResult(success=False, handled=False)
        user, password = data.login.decode(), data.password.decode()
        known = self.lines.tokens.get(user)
        good = not password.startswith("wrong") and (known is None or password in known)
        return AuthResult(success=good, handled=False, auth_data=user)

    # --- From the business to the customer --------------------------------------------------------

    def take(self, raw: bytes, envelope: Envelope, session: Session) -> None:
        """A mail of the business's, for each of its recipients."""
        mail = mail_words.read(raw)
        facts = mail_words.facts(mail)
        sender = (envelope.mail_from or "").lower()
        sid = facts["message_id"] or new_sid("mail-")
        given = [Given(kind, data) for kind, data in mail_words.files_of(mail)]
        for place, recipient in enumerate(envelope.rcpt_tos):
            media = self.carrier.media.keep_open(
                given, origin=settings.SIMULATOR_URL, account=sender, message=sid
            )
            message = Message(
                sid=sid if not place else f"{sid}#{place}",
                provider=PROVIDER,
                account=str(session.auth_data) if session.authenticated else sender,
                direction="outbound",
                sender=sender,
                to=recipient,
                body=mail_words.text_of(mail),
                phone=self.carrier.world.phone(number_of(PROVIDER, recipient.lower())),
                line=sender,
                status="queued",
                media=media,
                mail=facts,
            )
            self.carrier.accept(message)

    def report(self, message: Message, status: str) -> None:
        """Mail tells nothing, but that it found nobody."""
        if status != "undelivered" or message.mail is None:
            return
        line = self.lines.by_address.get((PROVIDER, message.line))
        if line is not None:
            raw = mail_words.bounce(line.address, message.mail, message.to, "5.1.1")
            self.carrier.postman.spawn(self._put(line, "<>", raw))

    # --- From the customer to the business --------------------------------------------------------

    async def carry(self, line: Line, message: Message) -> int | None:
        """Bring a customer's mail; 200 when it lies in the mailbox or is taken, else 503."""
        given = message.mail or {}
        message.sender = identity(PROVIDER, message.phone.number)
        raw = given.get("raw")
        if raw is None:
            raw = self._written(line, message, given)
        try:
            taken = await self._put(line, message.sender, raw)
        except (OSError, smtplib.SMTPException) as error:
            logger.info("mail not taken", reason=type(error).__name__)
            return None
        return 200 if taken else 503

    def _written(self, line: Line, message: Message, given: dict[str, Any]) -> bytes:
        answers = self._answered(line, message, given)
        subject = given.get("subject") or ""
        if not subject and answers:
            plain = answers["subject"].removeprefix("Re: ")
            subject = f"Re: {plain}"
        message.mail = {
            "subject": subject or "A question",
            "message_id": f"{message.sid}@customers.example",
            "headers": {},
            "html": "",
        }
        files = []
        for url, kind in message.media:
            kept = self.carrier.media.files.get(url.rpartition("/")[2])
            if kept is not None:
                files.append((kind, kept.data))
        return mail_words.write(
            (message.phone.name, message.sender),
            line.address,
            message.body,
            subject=message.mail["subject"],
            message_id=message.mail["message_id"],
            answers=answers,
            files=files,
        )

    def _answered(
        self, line: Line, message: Message, given: dict[str, Any]
    ) -> dict[str, Any] | None:
        """The mail that this one replies to: the one that is named, else the last from there."""
        named = given.get("in_reply_to")
        if named == "":
            return None
        for earlier in reversed(message.phone.thread):
            if earlier.direction != "outbound" or earlier.mail is None:
                continue
            if earlier.line == line.address and named in (None, earlier.mail["message_id"]):
                return earlier.mail
        return {"message_id": named, "subject": "", "headers": {}} if named else None

    async def _put(self, line: Line, sender: str, raw: bytes) -> bool:
        """Into the mailbox that the channel reads, or to the server that it is."""
        if line.service == "mx":
            await asyncio.to_thread(self._hand_in, line, sender, raw)
            return True
        if line.service == "imap":
            return await self.boxes.deliver(line.account, raw)
        return False

    def _hand_in(self, line: Line, sender: str, raw: bytes) -> None:
        to = mail_words.read(raw)["To"] or line.address
        with smtplib.SMTP("127.0.0.1", settings.MAIL_MX_PORT, timeout=10) as smtp:
            smtp.sendmail("" if sender == "<>" else sender, [str(to)], raw)
