"""Signed reply addresses (support+c.<token>.<mac>@…), by which answers find their thread."""

import hashlib
import hmac
import re

LOOP_HEADER = "X-Loop-Mark"
MAC_CHARS = 16  # 80 bits in base 32: short enough for the 64 characters of a local part
BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
TOKEN = re.compile(r"[a-z0-9_]{1,40}")
# Some systems write the plus as a minus, or the dots; mailboxes lose their case on the way.
TAGGED = re.compile(
    rf"(?P<mailbox>[^@]*)[+=-]c[.=_-](?P<token>[a-z0-9_]{{1,40}})[.=-](?P<mac>[a-z2-7]{{{MAC_CHARS}}})"
)


def reply_address(mailbox: str, token: str, secret: bytes) -> str:
    """The mailbox with a signed token; ``token`` has at most 40 of a-z, 0-9 and ``_``.

    A UUID goes in as its 32 hexadecimal digits. What is signed is the token alone: the mailbox may
    be another name of ours. Raises ValueError where the token, or no mailbox, is given.
    """
    if not TOKEN.fullmatch(token):
        raise ValueError("A reply token has at most 40 characters of a-z, 0-9 and _.")
    local, at, domain = mailbox.strip().rpartition("@")
    if not (local and at and domain):
        raise ValueError("A reply address is made from a mailbox with a domain.")
    return f"{local}+c.{token}.{_mac(token, secret)}@{domain}"


def token_of(address: str, secret: bytes) -> str | None:
    """The token of a reply address that we have signed; None for any other.

    Case does not matter, nor which of the usual separators stands between its pieces. Takes the
    same time for every wrong signature.
    """
    found = _tagged(address)
    if found is None:
        return None
    token = found["token"]
    return token if hmac.compare_digest(_mac(token, secret), found["mac"]) else None


def mailbox_of(address: str, secret: bytes) -> str:
    """The mailbox that a reply address of ours was made from; any other address as it is."""
    found = _tagged(address)
    if found is None or token_of(address, secret) is None:
        return address
    domain = address.strip().strip("<>").rpartition("@")[2]
    return f"{found['mailbox']}@{domain}".lower()


def loop_mark(secret: bytes) -> str:
    """What ``LOOP_HEADER`` says in mails of this channel, so that it knows its own again."""
    return hmac.digest(secret, b"loop-mark", hashlib.sha256).hex()[:32]


def _tagged(address: str) -> re.Match[str] | None:
    local, _, domain = address.strip().strip("<>").lower().rpartition("@")
    return TAGGED.fullmatch(local) if domain and len(local) <= 320 else None


def _mac(token: str, secret: bytes) -> str:
    """80 bits over the token, in lower-case base 32."""
    digest = hmac.digest(secret, b"reply-address:" + token.encode(), hashlib.sha256)
    number = int.from_bytes(digest[:10])
    return "".join(BASE32[(number >> shift) & 31] for shift in range(75, -1, -5))
