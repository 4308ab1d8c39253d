"""WeChat's requests, signed and encrypted, for the tests of its channel and for the suite."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from channels_social.wechat import WeChat
from gateway.contract import Response, WebhookRequest
from tests.payloads.exhibit import Exhibit

FOLDER = Path(__file__).parent
TOKEN = "wxtoken"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP_ID, ACCOUNT = "wx5823bf96d3bd56c7", "gh_7f083739789a"
SECRET = "9b2f7c1e11114222833344445555666a"
PLAIN = {"original_id": ACCOUNT, "app_id": APP_ID, "app_secret": SECRET, "token": TOKEN}
CONFIG = PLAIN | {"aes_key": AES_KEY}
CUSTOMER = "oia2TjuEGTNoeX76QEjQNrcURxG8"
URL = "https://inbox.example.org/webhooks/9b2f7c1e-1111-4222-8333-444455556666/"
NOW = datetime(2026, 10, 21, 10, 15, 40, tzinfo=UTC)
NONCE = "1372623149"


def request(body: bytes, *, method: str = "POST") -> WebhookRequest:
    """An unsigned, unencrypted request with this body."""
    return WebhookRequest(method, URL, {"content-type": "text/xml"}, body, NOW)


def digest(*parts: str) -> str:
    """WeChat's signature of these strings."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def sealed(xml: bytes, app_id: str = APP_ID, key: str = AES_KEY) -> str:
    """XML as WeChat encrypts it."""
    secret = base64.b64decode(key + "=")
    plain = b"0123456789abcdef" + len(xml).to_bytes(4, "big") + xml + app_id.encode()
    padder = PKCS7(256).padder()  # blocks of 32 bytes
    padded = padder.update(plain) + padder.finalize()
    writer = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).encryptor()
    return base64.b64encode(writer.update(padded) + writer.finalize()).decode()


def sign(
    unsigned: WebhookRequest, *, encrypted: bool = True, at: datetime = NOW, **more: str
) -> WebhookRequest:
    """The request as WeChat would send it: with its query, and encrypted unless it was already."""
    stamp = str(int(at.timestamp()))
    query = {"signature": digest(TOKEN, stamp, NONCE), "timestamp": stamp, "nonce": NONCE} | more
    body, bare = unsigned.body, unsigned.url.partition("?")[0]
    if encrypted:
        code = sealed(body)
        query |= {"encrypt_type": "aes", "msg_signature": digest(TOKEN, stamp, NONCE, code)}
        body = f"<xml><ToUserName>{ACCOUNT}</ToUserName><Encrypt>{code}</Encrypt></xml>".encode()
    return replace(unsigned, url=f"{bare}?{urlencode(query)}", body=body)


def payload(name: str) -> WebhookRequest:
    """A payload file as an unsigned, unencrypted request."""
    return request((FOLDER / f"{name}.xml").read_bytes())


def wechat() -> Exhibit:
    """A service account in safe mode."""
    return Exhibit(
        adapter=WeChat(CONFIG),
        sign=sign,
        inbound=sign(payload("message_text")),
        inbound_ids=["24000000000000001"],
        statuses=[sign(payload("event_template_success"))],
        unknown=sign(payload("event_mass")),
        garbage=[
            request(body)
            for body in (b"", b"<", b"<xml/>", b"<a><b>c</b></a>", b"{}", b"\xff", b"<xml>" * 9999)
        ],
        recipient=CUSTOMER,
        accepted=Response(200, {}, b'{"errcode":0,"errmsg":"ok"}'),
        accepted_id="",
    )


EXHIBITS: dict[str, Callable[[], Exhibit]] = {"wechat": wechat}
