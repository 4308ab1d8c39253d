"""The Google service account of an RCS agent: its key file, and the bearer tokens it gets."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.utils.translation import gettext_lazy as _

from channels_sms import rbm_errors
from gateway.contract import Grant, Request, Response, Token
from gateway.errors import BadCredentials, Unreachable

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# The only place a signed claim is for, whatever a key file says: otherwise whoever writes a key
# file could have tokens asked for anywhere. https://developers.google.com/identity/protocols/oauth2/service-account
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
SCOPE = "https://www.googleapis.com/auth/rcsbusinessmessaging"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFE_S = 3600
SMALLEST_KEY = 2048


class InvalidKeyFile(ValueError):
    """What is wrong with a key file; ``words`` are for people."""

    def __init__(self, words: "str | _StrPromise") -> None:
        super().__init__(str(words))
        self.words = words


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """What is needed of a service account's key file."""

    email: str
    private_key: str
    key_id: str

    def claim(self, now: int) -> str:
        """The signed claim that is changed for a token; ``now`` in Unix seconds."""
        claims = {
            "iss": self.email,
            "scope": SCOPE,
            "aud": TOKEN_URI,
            "iat": now,
            "exp": now + LIFE_S,
        }
        headers = {"kid": self.key_id} if self.key_id else None
        return jwt.encode(claims, self.private_key, algorithm="RS256", headers=headers)


def read_key_file(text: str) -> ServiceAccount:
    """A service account from its JSON key file; InvalidKeyFile says what is wrong with it."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidKeyFile(_("This is not JSON. Paste the whole key file.")) from error
    if not isinstance(found, dict) or found.get("type") != "service_account":
        raise InvalidKeyFile(_("This is not the key of a service account."))
    if found.get("token_uri", TOKEN_URI) != TOKEN_URI:
        raise InvalidKeyFile(_("Its token_uri must be %(uri)s.") % {"uri": TOKEN_URI})
    email = _text(found, "client_email")
    if "@" not in email:
        raise InvalidKeyFile(_("Its client_email is missing."))
    key = _text(found, "private_key")
    _check_key(key)
    return ServiceAccount(email, key, _text(found, "private_key_id"))


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _check_key(pem: str) -> None:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidKeyFile(_("Its private_key cannot be read.")) from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < SMALLEST_KEY:
        raise InvalidKeyFile(_("Its private_key must be an RSA key of 2048 bits or more."))


def grant(account: ServiceAccount, token_url: str) -> Grant:
    """How to get tokens for a service account at ``token_url``."""
    digest = hashlib.sha256(account.private_key.encode()).hexdigest()[:16]
    key = f"rbm {account.email} {digest} {token_url}"

    def ask() -> Request:
        claim = account.claim(int(time.time()))
        return Request(
            method="POST",
            url=token_url,
            data=[("grant_type", GRANT_TYPE), ("assertion", claim)],
            secrets=(account.private_key,),
            private=frozenset({"assertion", "access_token"}),
        )

    return Grant(key, ask, read_token)


def read_token(response: Response) -> Token:
    """The token in Google's answer. BadCredentials when the account is refused."""
    answer = response.json()
    found = answer if isinstance(answer, dict) else {}
    if response.status == 200:
        value, seconds = found.get("access_token"), found.get("expires_in")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise Unreachable("Google's answer names no token.")
        return Token(value, float(seconds) if isinstance(seconds, int | float) else LIFE_S)
    if response.status == 429 or response.status >= 500 or response.status < 400:
        raise rbm_errors.failure(response, safe=True)
    # OAuth's own form of an error: {"error": "invalid_grant", "error_description": "…"}
    code, words = found.get("error"), found.get("error_description")
    said = words if isinstance(words, str) else f"HTTP {response.status}"
    raise BadCredentials(
        f"Google does not accept the service account's key: {rbm_errors.plain(said)}",
        code=rbm_errors.plain(code)[:32] if isinstance(code, str) else str(response.status),
    )
