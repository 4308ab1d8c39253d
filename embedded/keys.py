"""Secrets made once for a data folder: the application's keys and the servers' passwords."""

import base64
import json
import os
import secrets
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; at no moment can anyone else read it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def load_secrets(path: Path) -> dict[str, str]:
    """Return the secrets of this data folder; those still missing are made and stored."""
    known: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    made = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        # A Fernet key: 32 bytes in URL-safe base64.
        "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "POSTGRES_ADMIN_PASSWORD": secrets.token_urlsafe(24),
        "POSTGRES_PASSWORD": secrets.token_urlsafe(24),
        "REDIS_PASSWORD": secrets.token_urlsafe(24),
    }
    if made.keys() - known.keys():
        known = made | known
        write_private(path, json.dumps(known, indent=1))
    return known
