"""Channel configuration at rest: Fernet-encrypted JSON with a rotatable key."""

import json
from collections.abc import Mapping
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class Undecryptable(Exception):
    """None of ENCRYPTION_KEYS opens this value."""


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "ENCRYPTION_KEYS must be 32 url-safe base64 bytes each."
        ) from error


def seal(config: Mapping[str, str]) -> bytes:
    """Encrypt with the newest key."""
    return _fernet(tuple(settings.ENCRYPTION_KEYS)).encrypt(json.dumps(dict(config)).encode())


def unseal(sealed: bytes | memoryview) -> dict[str, str]:
    """Decrypt with whichever key fits; Undecryptable when none does."""
    try:
        plain = _fernet(tuple(settings.ENCRYPTION_KEYS)).decrypt(bytes(sealed))
    except InvalidToken as error:
        raise Undecryptable("No key in ENCRYPTION_KEYS opens this configuration.") from error
    config: dict[str, str] = json.loads(plain)
    return config


def rotate(sealed: bytes | memoryview) -> bytes:
    """The same configuration under the newest key."""
    return _fernet(tuple(settings.ENCRYPTION_KEYS)).rotate(bytes(sealed))
