"""The ids by which providers know people, derived from their phone numbers, and back."""

import base64
import hashlib
import re
import unicodedata
import zlib
from collections.abc import Callable

from simulator.customers import CUSTOMERS

_numbers: dict[tuple[str, str], str] = {}


def _line(number: str) -> str:
    """A user id of LINE's: U and 32 hex digits."""
    return "U" + hashlib.md5(f"line {number}".encode()).hexdigest()  # noqa: S324 - no secret


def _openid(number: str) -> str:
    """A WeChat openid: o and 27 letters, digits, ``-`` or ``_``."""
    digest = hashlib.sha256(f"wechat {number}".encode()).digest()
    return "o" + base64.urlsafe_b64encode(digest).decode()[:27]


def _business_scoped(number: str) -> str:
    """WhatsApp's id of a user for one business: a country and digits."""
    country = {"+34": "ES", "+44": "GB"}.get(number[:3], "US")
    return f"{country}.{zlib.crc32(number.encode()) + 10**15}"


def _page_scoped(number: str) -> str:
    """Messenger's id of a person for one page: digits."""
    return str(zlib.crc32(number.encode()) + 5 * 10**15)


def _instagram_scoped(number: str) -> str:
    """Instagram's id of a person for one account: digits."""
    return str(zlib.crc32(number.encode()) + 10**15)


def _telegram(number: str) -> str:
    """A number of more than 32 bits."""
    return str(5_000_000_000 + int.from_bytes(_digest("telegram", number)[:4], "big"))


def _viber(number: str) -> str:
    """Sixteen bytes in base64."""
    return base64.b64encode(_digest("viber", number)[:16]).decode()


def _digest(provider: str, number: str) -> bytes:
    return hashlib.sha256(f"{provider} {number}".encode()).digest()


def _x(number: str) -> str:
    """A number of 19 digits."""
    digest = hashlib.sha256(f"x {number}".encode()).digest()
    return str(10**18 + int.from_bytes(digest[:8], "big") % 10**18)


def _mailbox(number: str) -> str:
    """A mailbox: by the name of a customer that the demo knows, else by the number."""
    for customer in CUSTOMERS:
        if customer.number == number:
            plain = unicodedata.normalize("NFKD", customer.name).encode("ascii", "ignore").decode()
            return f"{'.'.join(plain.lower().split())}@customers.example"
    return f"p{re.sub(r'[^0-9]', '', number)}@customers.example"


FORMS: dict[str, Callable[[str], str]] = {
    "line": _line,
    "wechat": _openid,
    "whatsapp": _business_scoped,
    "messenger": _page_scoped,
    "instagram": _instagram_scoped,
    "telegram": _telegram,
    "viber": _viber,
    "x": _x,
    "email": _mailbox,
}


def identity(provider: str, number: str) -> str:
    """The id of the person with this number (E.164); anything else is an id already."""
    form = FORMS.get(provider)
    if form is None or not number.startswith("+"):
        return number
    found = form(number)
    _numbers[provider, found] = number
    return found


def number_of(provider: str, found: str) -> str:
    """The number of the person with this id; the id itself for one that nobody has derived."""
    for customer in CUSTOMERS:
        identity(provider, customer.number)
    return _numbers.get((provider, found), found)
