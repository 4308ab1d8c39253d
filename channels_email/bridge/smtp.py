"""Hands a mail to an SMTP server, and knows at each moment whether it may have been taken.

Until the last line of the mail is written nothing is taken; from then on only the server's answer
says. Connections are kept for a while and used again.
"""

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from channels_email.account import PLAIN, STARTTLS, TLS, Server
from channels_email.answers import refusal
from channels_email.bridge.reach import CONNECT_SECONDS, Way, context, way
from gateway.errors import Ambiguous, BadCredentials, Rejected, SendError, Unreachable

ANSWER_SECONDS = 8.0
# After the mail: a server may look through it before it answers.
TAKEN_SECONDS = 15.0
IDLE_SECONDS = 15.0
MOST_MAILS = 100
MOST_KEPT = 10
LINE_START = re.compile(rb"(?m)^\.")
GO_AHEAD, OK = 354, 250
# The connection broke, or the server said what is no SMTP.
BROKEN = (smtplib.SMTPServerDisconnected, smtplib.SMTPResponseException, OSError, ValueError)


class Guarded(smtplib.SMTP):
    """Connects to addresses that have been looked at, whatever the name says by then."""

    def __init__(self, found: Way) -> None:
        self.way = found
        super().__init__(found.server.host, found.server.port, timeout=CONNECT_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Called by ``connect``."""
        problem: OSError = OSError("No address found.")
        for address in self.way.addresses:
            try:
                made = socket.create_connection((address, port), timeout)
            except OSError as error:
                problem = error
                continue
            if self.way.server.security == TLS:
                return context().wrap_socket(made, server_hostname=host)
            return made
        raise problem


@dataclass(slots=True)
class Kept:
    """A connection that is logged in, and how it has been used (monotonic seconds)."""

    smtp: Guarded
    mails: int = 0
    used_at: float = 0.0


class Pool:
    """Connections that wait to be used again, by server and log-in; used by several threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kept: dict[Server, list[Kept]] = {}

    @contextmanager
    def connection(self, server: Server) -> Iterator[Guarded]:
        """A connection that answers; it is kept when the work ends well, or in a refusal."""
        found = self._take(server) or Kept(log_in(server))
        try:
            yield found.smtp
        except (Unreachable, Ambiguous):
            found.smtp.close()
            raise
        except SendError:
            self._keep(server, found)
            raise
        except BaseException:
            found.smtp.close()
            raise
        self._keep(server, found)

    def close(self) -> None:
        """Say good-bye everywhere."""
        with self.lock:
            kept, self.kept = self.kept, {}
        for one in [one for several in kept.values() for one in several]:
            _quit(one.smtp)

    def _take(self, server: Server) -> Kept | None:
        while True:
            with self.lock:
                waiting = self.kept.get(server)
                found = waiting.pop() if waiting else None
            if found is None:
                return None
            if monotonic() - found.used_at < IDLE_SECONDS and _alive(found.smtp):
                return found
            found.smtp.close()

    def _keep(self, server: Server, found: Kept) -> None:
        found.mails, found.used_at = found.mails + 1, monotonic()
        stale: list[Kept] = []
        with self.lock:
            for key, several in list(self.kept.items()):
                stale += [one for one in several if monotonic() - one.used_at >= IDLE_SECONDS]
                self.kept[key] = [one for one in several if one not in stale]
            waiting = self.kept.setdefault(server, [])
            room = found.mails < MOST_MAILS and len(waiting) < MOST_KEPT
            (waiting if room else stale).append(found)
            self.kept = {key: several for key, several in self.kept.items() if several}
        for one in stale:
            _quit(one.smtp)


def log_in(server: Server) -> Guarded:
    """A connection that may send. Unreachable, or BadCredentials with the server's words."""
    try:
        smtp = Guarded(way(server))
    except ssl.SSLError as error:
        raise Unreachable(f"TLS with {server.host} failed: {error.reason}") from error
    except smtplib.SMTPResponseException as error:
        raise Unreachable(_words(error), code=str(error.smtp_code)) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Unreachable(f"No connection to {server.host}:{server.port}.") from error
    try:
        _open(smtp, server)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _open(smtp: Guarded, server: Server) -> None:
    _set_timeout(smtp, ANSWER_SECONDS)
    try:
        smtp.ehlo_or_helo_if_needed()
        if server.security == STARTTLS:
            if not smtp.has_extn("starttls"):
                raise BadCredentials(f"{server.host} does not offer STARTTLS.")
            smtp.starttls(context=context())
        if server.user:
            smtp.login(server.user, server.password)
    except smtplib.SMTPAuthenticationError as error:
        raise _not_logged_in(error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise BadCredentials(f"{server.host} takes no log-in here.") from error
    except ssl.SSLError as error:
        raise Unreachable(f"TLS with {server.host} failed: {error.reason}") from error
    except UnicodeError as error:
        raise BadCredentials("User name and password must be plain letters here.") from error
    except (smtplib.SMTPException, OSError) as error:
        raise Unreachable(f"{server.host} broke the connection off.") from error


def _not_logged_in(error: smtplib.SMTPAuthenticationError) -> SendError:
    if 400 <= error.smtp_code < 500:
        return Unreachable(_words(error), code=str(error.smtp_code))
    found = refusal(error.smtp_code, _words(error))
    return BadCredentials(found.text, code=found.code)


def hand_over(smtp: Guarded, sender: str, recipients: Sequence[str], raw: bytes) -> list[str]:
    """Send a mail; the first of ``recipients`` is whom it is for. Returns those of the others that
    were refused. Raises what ``answers.refusal`` says, Unreachable when the connection is lost
    before the mail is written, Ambiguous after.
    """
    refused = _announce(smtp, sender, recipients, len(raw))
    written = False
    try:
        _expect(smtp.docmd("DATA"), GO_AHEAD)
        _set_timeout(smtp, TAKEN_SECONDS)
        written = True
        smtp.send(_quoted(raw))
        _expect(smtp.getreply(), OK)
    except BROKEN as error:
        if written:
            raise Ambiguous("The connection was lost after the mail was written.") from error
        raise Unreachable("The connection was lost.") from error
    finally:
        _set_timeout(smtp, ANSWER_SECONDS)
    return refused


def _announce(smtp: Guarded, sender: str, recipients: Sequence[str], size: int) -> list[str]:
    """The envelope; returns the recipients that were refused, of whom the first is none."""
    options = [f"size={size}"] if smtp.has_extn("size") else []
    refused = []
    try:
        _expect(smtp.mail(sender, options), OK)
        for place, recipient in enumerate(recipients):
            code, words = smtp.rcpt(recipient)
            if not place:
                _expect((code, words), OK)
            elif code // 100 != 2:
                refused.append(recipient)
    except UnicodeError as error:
        raise Rejected("The server takes no such address (SMTPUTF8).") from error
    except BROKEN as error:
        raise Unreachable("The connection was lost.") from error
    return refused


def _expect(answer: tuple[int, bytes], wanted: int) -> None:
    code, words = answer
    if not 200 <= code < 600:
        raise smtplib.SMTPServerDisconnected("That is no SMTP.")
    if code != wanted and not (wanted == OK and code // 100 == 2):
        raise refusal(code, words.decode("utf-8", "replace"))


def _quoted(raw: bytes) -> bytes:
    """With dots doubled at the starts of lines, and the end (RFC 5321, section 4.5.2)."""
    body = LINE_START.sub(b"..", raw)
    return body + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _set_timeout(smtp: Guarded, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)


def _alive(smtp: Guarded) -> bool:
    try:
        code, _said = smtp.rset()
    except BROKEN:
        return False
    return code // 100 == 2


def _quit(smtp: Guarded) -> None:
    try:
        smtp.quit()
    except BROKEN:
        smtp.close()  # it is gone already, which was the aim


def _words(error: smtplib.SMTPResponseException) -> str:
    said = error.smtp_error
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def check(server: Server) -> str:
    """Log in and out again; who may send where, in words."""
    smtp = log_in(server)
    _quit(smtp)
    who = server.user or "anybody"
    secure = "" if server.security == PLAIN else ", encrypted"
    return f"{who} at {server.host}:{server.port}{secure}"
