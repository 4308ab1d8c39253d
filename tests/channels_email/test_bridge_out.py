"""The bridge's ways out: SMTP servers of all moods, providers' APIs, which hosts are called."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from channels_email import outgoing
from channels_email.account import PLAIN, STARTTLS, TLS, Account, Server
from channels_email.bridge import reach, smtp
from channels_email.bridge.composing import File, as_bytes, compose, recipients
from channels_email.bridge.posting import post
from channels_email.bridge.smtp import Pool, hand_over
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    OptedOut,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
)
from gateway.events import About, OutboundMessage
from gateway.mail import Mailbox, OutboundMail
from simulator.mail_words import files_of, read, text_of
from tests.payloads.email.exhibit import CONFIG, CUSTOMER, DELIVERY, SECRET, URL

ACCOUNT = Account.of(CONFIG)


@pytest.fixture(autouse=True)
def no_simulator(settings: Any) -> None:
    settings.SIMULATOR_URL = ""
    settings.DEBUG = True


def said(text: str = "Hello.", html: str = "") -> dict[str, Any]:
    message = OutboundMessage(DELIVERY, CUSTOMER, text, URL)
    mail = OutboundMail("Grüße", html=html, cc=(Mailbox("ann@example.net", "Ann"),))
    message.about = About(person=True, mail=mail)
    return outgoing.said(message, ACCOUNT, SECRET.encode())


# --- Composing ------------------------------------------------------------------------------------


def test_a_mail_has_its_words_its_html_and_its_files() -> None:
    html = '<p>Look: <img src="cid:a.png"></p>'
    files = [File("a.png", "image/png", b"\x89PNG"), File("b ü.pdf", "application/pdf", b"%PDF")]
    what = said("Hello.\n.dot\nÜ", html)
    raw = as_bytes(compose(what, files))
    assert b"\r\n" in raw
    assert b"\n" not in raw.replace(b"\r\n", b"")
    mail = read(raw)
    assert text_of(mail) == "Hello.\n.dot\nÜ"
    assert (mail["Subject"], mail["Cc"]) == ("Grüße", "Ann <ann@example.net>")
    assert mail["Message-ID"] == f"<{DELIVERY}@example.com>"
    assert files_of(mail) == [("image/png", b"\x89PNG"), ("application/pdf", b"%PDF")]
    inline, attached = mail.iter_attachments()
    assert (inline["Content-ID"], inline.get_content_disposition()) == ("<a.png>", "inline")
    assert (attached.get_filename(), attached.get_content_disposition()) == (
        "b ü.pdf",
        "attachment",
    )
    assert recipients(what) == [CUSTOMER, "ann@example.net"]


def test_a_line_break_in_a_head_is_no_way_in() -> None:
    what = said() | {"headers": {"X-A": "b\r\nBcc: eve@example.net"}}
    with pytest.raises(Rejected):
        as_bytes(compose(what, []))


# --- SMTP -----------------------------------------------------------------------------------------


class Moody:
    """An SMTP server that says what it is told to; None: it hangs up instead.

    ``replies`` by command; ``heard`` is what it was told.
    """

    def __init__(self, **replies: str | None) -> None:
        self.replies = replies
        self.heard: list[str] = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def server(self, security: str = PLAIN, user: str = "") -> Server:
        return Server("127.0.0.1", self.port, security, user, "secret" if user else "")

    def close(self) -> None:
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _peer = self.listening.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                self._talk(stream)

    def _talk(self, stream: Any) -> None:
        if not self._say(stream, "hello", "220 moody"):
            return
        while line := stream.readline():
            words = line.decode("latin1").strip()
            self.heard.append(words)
            word = words.partition(" ")[0].lower()
            usual = {"ehlo": "250-moody\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE", "data": "354 go"}
            if not self._say(stream, word, usual.get(word, "250 ok")):
                return
            if word == "data" and str(self.replies.get("data", "354")).startswith("354"):
                while stream.readline() != b".\r\n":
                    pass
                if not self._say(stream, "end", "250 taken"):
                    return

    def _say(self, stream: Any, word: str, usual: str) -> bool:
        reply = self.replies.get(word, usual)
        if reply is None:
            return False
        stream.write(f"{reply}\r\n".encode())
        stream.flush()
        return True


def deliver(server: Server) -> list[str]:
    pool = Pool()
    try:
        with pool.connection(server) as connection:
            raw = b"Subject: x\r\n\r\n.x\r\n"
            return hand_over(connection, "a@example.com", [CUSTOMER, "b@example.net"], raw)
    finally:
        pool.close()


@pytest.mark.parametrize(
    ("replies", "error", "code"),
    [
        ({"hello": None}, Unreachable, ""),
        ({"hello": "554 5.3.2 Go away"}, Unreachable, "554"),
        ({"mail": "421 4.3.2 Shutting down"}, Throttled, "4.3.2"),
        ({"mail": "530 5.7.0 Log in first"}, BadCredentials, "5.7.0"),
        ({"mail": "550 5.7.1 Not you"}, Rejected, "5.7.1"),
        ({"mail": None}, Unreachable, ""),
        ({"rcpt": "550 5.1.1 Unknown"}, Rejected, "5.1.1"),
        ({"rcpt": "452 4.2.2 Full"}, Throttled, "4.2.2"),
        ({"rcpt": None}, Unreachable, ""),
        ({"data": "451 4.3.0 Later"}, Throttled, "4.3.0"),
        ({"data": None}, Unreachable, ""),
        ({"end": "554 5.7.1 Spam"}, Rejected, "5.7.1"),
        ({"end": "451 4.7.1 Greylisted"}, Throttled, "4.7.1"),
        ({"end": None}, Ambiguous, ""),
        ({"end": "what?"}, Ambiguous, ""),
    ],
)
def test_what_a_server_says_has_a_class(
    replies: dict[str, str | None], error: type[SendError], code: str
) -> None:
    moody = Moody(**replies)
    try:
        with pytest.raises(SendError) as raised:
            deliver(moody.server())
    finally:
        moody.close()
    assert (type(raised.value), raised.value.code) == (error, code)


@pytest.mark.parametrize(
    ("reply", "error"),
    [("535 5.7.8 Wrong", BadCredentials), ("454 4.7.0 Later", Unreachable), (None, Unreachable)],
)
def test_a_log_in_that_fails(reply: str | None, error: type[SendError]) -> None:
    moody = Moody(auth=reply)
    try:
        with pytest.raises(SendError) as raised:
            deliver(moody.server(user="me"))
    finally:
        moody.close()
    assert type(raised.value) is error
    assert "secret" not in raised.value.text


def test_without_starttls_no_password_is_said() -> None:
    moody = Moody()
    try:
        with pytest.raises(BadCredentials, match="STARTTLS"):
            deliver(moody.server(STARTTLS, "me"))
    finally:
        moody.close()
    assert not any(line.lower().startswith("auth") for line in moody.heard)


def test_nobody_listens() -> None:
    moody = Moody()
    moody.close()
    with pytest.raises(Unreachable):
        deliver(moody.server())


def test_a_connection_is_used_again_while_it_answers() -> None:
    moody, pool = Moody(), Pool()
    try:
        for _ in range(3):
            with pool.connection(moody.server()) as connection:
                hand_over(connection, "a@example.com", [CUSTOMER], b"x\r\n")
        assert sum(line.startswith("ehlo") for line in moody.heard) == 1
        moody.replies["rset"] = None
        with pool.connection(moody.server()) as connection:
            hand_over(connection, "a@example.com", [CUSTOMER], b"x\r\n")
        assert sum(line.startswith("ehlo") for line in moody.heard) == 2
    finally:
        pool.close()
        moody.close()


def self_signed(folder: Path) -> ssl.SSLContext:
    """A certificate that nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "both.pem"
    plain = serialization.NoEncryption()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(key.private_bytes(pem, form, plain) + certificate.public_bytes(pem))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(file)
    return made


def test_a_certificate_that_nobody_trusts_is_refused(tmp_path: Path) -> None:
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _peer = listening.accept()
        with connection, suppress(OSError):
            self_signed(tmp_path).wrap_socket(connection, server_side=True).close()

    thread = threading.Thread(target=serve)
    thread.start()
    server = Server("127.0.0.1", listening.getsockname()[1], TLS, "me", "secret")
    try:
        with pytest.raises(Unreachable, match="TLS"):
            smtp.log_in(server)
    finally:
        thread.join()
        listening.close()


# --- Which hosts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "debug", "networks", "allowed"),
    [
        ("93.184.216.34", False, [], True),
        ("127.0.0.1", False, [], False),
        ("127.0.0.1", True, [], True),
        ("10.8.0.5", True, [], False),
        ("10.8.0.5", False, ["10.8.0.0/16"], True),
        ("169.254.169.254", True, [], False),
        ("::1", False, [], False),
        ("fd00::1", False, ["fd00::/8"], True),
        ("::ffff:10.0.0.1", False, [], False),
    ],
)
def test_which_servers_may_be_called(
    address: str, debug: bool, networks: list[str], allowed: bool, settings: Any
) -> None:
    settings.DEBUG, settings.MAIL_NETWORKS = debug, networks
    assert reach.allowed(address) is allowed
    server = Server(address, 25, TLS)
    if allowed:
        assert reach.way(server).addresses == (address,)
    else:
        with pytest.raises(Unreachable, match="private network"):
            reach.way(server)


# --- Providers ------------------------------------------------------------------------------------


class Api(BaseHTTPRequestHandler):
    """A provider's API; what it answers is set on the server."""

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        made: Any = self.server
        made.heard.append((self.path, dict(self.headers), self.rfile.read(length)))
        if made.status == 0:
            self.close_connection = True
            return
        body = json.dumps(made.body).encode()
        self.send_response(made.status)
        self.send_header("Retry-After", "7")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def api() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.heard, server.status, server.body = [], 200, {}
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def provider(api: Any, settings: Any, name: str) -> Callable[[], str]:
    """Sends through the API as a provider's."""
    base = f"http://127.0.0.1:{api.server_address[1]}/v3"
    settings.ANYMAIL = {f"{name.upper()}_API_URL": base}
    account = Account.of(CONFIG | {"sending": name, "provider_key": "a-long-key"})
    what = said()
    return lambda: post(account, compose(what, [File("a.pdf", "application/pdf", b"%PDF")]), what)


@pytest.mark.parametrize(
    ("name", "answer", "expected", "path", "needle"),
    [
        (
            "mailgun", {"id": "<x@mg.example.com>", "message": "Queued"}, "x@mg.example.com",
            "/v3/example.com/messages", b'name="v:delivery"',
        ),
        (
            "postmark", {"ErrorCode": 0, "Message": "OK", "MessageID": "abc", "To": CUSTOMER},
            "abc@mtasv.net", "/v3/email", b'"Metadata": {"delivery": "',
        ),
        (
            "brevo", {"messageId": "<1@smtp-relay.mailin.fr>"}, "1@smtp-relay.mailin.fr",
            "/v3/smtp/email", b"X-Mailin-custom",
        ),
    ],
)  # fmt: skip
def test_a_provider_takes_a_mail(
    api: Any, settings: Any, name: str, answer: dict[str, Any], expected: str, path: str,
    needle: bytes,
) -> None:  # fmt: skip
    api.body = answer
    assert provider(api, settings, name)() == expected
    [(asked, _headers, body)] = api.heard
    assert asked == path
    assert needle in body
    assert DELIVERY.encode() in body
    assert b"a.pdf" in body


@pytest.mark.parametrize(
    ("status", "error", "retry_after"),
    [
        (401, BadCredentials, 7.0),
        (429, Throttled, 7.0),
        (503, Unreachable, 7.0),
        (400, Rejected, None),
        (422, Rejected, None),
        (500, Ambiguous, None),
        (0, Ambiguous, None),
    ],
)
def test_what_a_provider_answers_has_a_class(
    api: Any, settings: Any, status: int, error: type[SendError], retry_after: float | None
) -> None:
    api.status, api.body = status, {"message": "words"}
    with pytest.raises(SendError) as raised:
        provider(api, settings, "mailgun")()
    assert (type(raised.value), raised.value.retry_after) == (error, retry_after)
    assert "a-long-key" not in raised.value.text


def test_postmarks_inactive_recipient_has_left(api: Any, settings: Any) -> None:
    words = "You tried to send to a recipient that has been marked as inactive. Found inactive "
    words += (
        f"addresses: {CUSTOMER}. Inactive recipients are ones that have generated a hard bounce"
    )
    api.status, api.body = 422, {"ErrorCode": 406, "Message": words}
    what = said() | {"cc": []}
    settings.ANYMAIL = {"POSTMARK_API_URL": f"http://127.0.0.1:{api.server_address[1]}/"}
    account = Account.of(CONFIG | {"sending": "postmark", "provider_key": "a-long-key"})
    with pytest.raises(OptedOut):
        post(account, compose(what, []), what)


def test_a_provider_that_is_not_there(api: Any, settings: Any) -> None:
    send = provider(api, settings, "mailgun")
    settings.ANYMAIL = {"MAILGUN_API_URL": "http://127.0.0.1:1/"}
    with pytest.raises(Unreachable):
        send()
    assert api.heard == []
