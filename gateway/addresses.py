"""Kinds of addresses and how each is brought into its one normal form."""

import re
from functools import lru_cache

import phonenumbers
from django.utils.translation import gettext as _

PHONE = "phone"
EMAIL = "email"
# Ids that a provider gives people, opaque to us. WhatsApp's is for those who show no number.
IDS = ("whatsapp", "messenger", "instagram", "x", "telegram", "viber", "line", "wechat")
KINDS = (PHONE, EMAIL, *IDS)
ID = re.compile(r"[^\s\x00-\x1f\x7f]{1,255}")

# What people and other systems call the kinds.
ALIASES = {"sms": PHONE, "mms": PHONE, "rcs": PHONE, "tel": PHONE, "mail": EMAIL}

MAILBOX = re.compile(r"[^@\s\"<>]{1,64}@[^@\s\"<>.]+(\.[^@\s\"<>.]+)+")


class InvalidAddress(ValueError):
    """The value is no address of this kind; the message is for people."""


def normalize(kind: str, value: str, *, region: str | None = None) -> str:
    """The normal form of an address: E.164 for phones, lower case for mailboxes, ids as they are.

    ``region`` (ISO 3166-1) lets national phone numbers be understood. Raises InvalidAddress.
    """
    value = value.strip()
    if kind == PHONE:
        return _phone(value, region)
    if kind == EMAIL:
        if len(value) > 320 or not MAILBOX.fullmatch(value):
            raise InvalidAddress(_("“%(value)s” is not an e-mail address.") % {"value": value[:80]})
        return value.lower()
    if kind in IDS:
        if not ID.fullmatch(value):
            raise InvalidAddress(_("“%(value)s” is no id of a person.") % {"value": value[:80]})
        return value
    raise InvalidAddress(_("“%(kind)s” is not a kind of address.") % {"kind": kind[:40]})


def _phone(value: str, region: str | None) -> str:
    number = _e164(value, region)
    if number is None:
        raise InvalidAddress(
            _("“%(value)s” is not a phone number; write it like +14155550100.")
            % {"value": value[:40]}
        )
    return number


def shown(value: str) -> str:
    """A phone number as people read it: +34 900 100 200; anything else as it is."""
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return value
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


@lru_cache(maxsize=20_000)
def _e164(value: str, region: str | None) -> str | None:
    """Remembered, because the numbers of those who write come again and again."""
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
