"""Amazon's notification service: signatures, and topics that ask whether they may post.

Source: Amazon SNS, "Verifying the signatures of Amazon SNS messages". The certificate lies at an
address of Amazon's. It is fetched once, through the guarded door; that and the confirmation are the
only network in a check of a signature. Neither happens on the event loop of the door, which leaves
such a request to its thread, and only the provider's own log-in gets this far.
"""

import asyncio
import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import aiohttp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from gateway.contract import Request, Response
from gateway.errors import BadSignature, SendError
from gateway.transport import call, new_session

HOST = re.compile(r"https://sns\.[a-z]{2}(-[a-z]+)+-\d\.amazonaws\.com(\.cn)?/")
CERTIFICATE = re.compile(HOST.pattern + r"SimpleNotificationService-[0-9a-f]{16,64}\.pem")
# What is signed, in this order, of a notification and of a question.
SIGNED = {"Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")}
ASKED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303
TIMEOUT = aiohttp.ClientTimeout(total=8, sock_connect=4)
MOST_KEYS = 50
_keys: dict[str, RSAPublicKey] = {}


def verify(body: bytes) -> None:
    """Raise BadSignature unless Amazon has signed this."""
    said = _read(body)
    key = _key(str(said.get("SigningCertURL", "")))
    algorithm = HASHES.get(str(said.get("SignatureVersion")))
    if algorithm is None:
        raise BadSignature("The signature's version is unknown.")
    try:
        signature = base64.b64decode(str(said.get("Signature", "")), validate=True)
        key.verify(signature, text_to_sign(said), PKCS1v15(), algorithm)
    except (InvalidSignature, ValueError) as error:
        raise BadSignature("The signature is wrong.") from error


def text_to_sign(said: Mapping[str, Any]) -> bytes:
    """Names and values on lines of their own; what is not there is left out."""
    names = SIGNED.get(str(said.get("Type")), ASKED)
    lines = [f"{name}\n{said[name]}\n" for name in names if said.get(name) is not None]
    return "".join(lines).encode()


def confirmed(body: bytes) -> bool:
    """Whether this is a topic's question; it is then answered. BadSignature for a strange address,
    and where it cannot be answered now, so that it comes again.
    """
    said = _read(body)
    if said.get("Type") != "SubscriptionConfirmation":
        return False
    url = str(said.get("SubscribeURL", ""))
    if not HOST.match(url):
        raise BadSignature("The address to confirm at is not Amazon's.")
    if _ask(url).status >= 300:
        raise BadSignature("Amazon did not take the confirmation.")
    return True


def remember(url: str, key: RSAPublicKey) -> None:
    """Keep the key of a certificate at this address."""
    if len(_keys) >= MOST_KEYS:
        _keys.clear()
    _keys[url] = key


def _key(url: str) -> RSAPublicKey:
    if not CERTIFICATE.fullmatch(url):
        raise BadSignature("The certificate's address is not Amazon's.")
    if url not in _keys:
        answer = _ask(url)
        try:
            key = x509.load_pem_x509_certificate(answer.body).public_key()
        except ValueError as error:
            raise BadSignature("Amazon's certificate cannot be read.") from error
        if not isinstance(key, RSAPublicKey):
            raise BadSignature("Amazon's certificate has no RSA key.")
        remember(url, key)
    return _keys[url]


def _ask(url: str) -> Response:
    """Ask Amazon; BadSignature without an answer, and on an event loop, which may not wait."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise BadSignature("Amazon has to be asked first.")
    try:
        return asyncio.run(_get(url))
    except SendError as error:
        raise BadSignature(f"Amazon cannot be asked: {error.text}") from error


async def _get(url: str) -> Response:
    async with new_session(TIMEOUT) as session:
        return await call(session, Request("GET", url))


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadSignature("The body is not JSON.") from error
    if not isinstance(said, dict):
        raise BadSignature("The body is no notification.")
    return said
