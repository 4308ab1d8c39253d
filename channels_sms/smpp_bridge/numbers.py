"""Types of number and numbering plans (SMPP 3.4 sections 5.2.5 and 5.2.6)."""

from typing import NamedTuple

SHORT_CODE_DIGITS = 8


class Number(NamedTuple):
    """An address on the wire: type of number, numbering plan, and the value without a plus."""

    ton: int
    npi: int
    value: str


def number(address: str) -> Number:
    """International for phone numbers, network specific for short codes, else alphanumeric."""
    digits = address.removeprefix("+")
    if not digits.isdecimal():
        return Number(5, 0, address)
    if not address.startswith("+") and len(digits) < SHORT_CODE_DIGITS:
        return Number(3, 0, digits)
    return Number(1, 1, digits)
