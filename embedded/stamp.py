"""Tells whether anything changed that must be done before the first page is served."""

import hashlib
from pathlib import Path

from embedded.keys import write_private
from embedded.places import ROOT, Places

WATCHED = ("*/migrations/*.py", "locale/*/LC_MESSAGES/*.po", "requirements/all.lock")


def _fingerprint(places: Places) -> str:
    """Migrations, translations and dependencies, and the database cluster they went into."""
    digest = hashlib.sha256()
    for pattern in WATCHED:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(f"{path.relative_to(ROOT)}\n".encode())
            digest.update(path.read_bytes())
    cluster = places.postgres / "PG_VERSION"
    digest.update(f"{cluster.stat().st_ino} {cluster.stat().st_mtime_ns}".encode())
    return digest.hexdigest()


def _stamp(places: Places) -> Path:
    return places.run / "prepared"


def is_prepared(places: Places) -> bool:
    """Whether the last preparation was for exactly this. Preparing again is harmless anyway."""
    stamp = _stamp(places)
    return places.postgres.exists() and stamp.exists() and stamp.read_text() == _fingerprint(places)


def note_prepared(places: Places) -> None:
    """Remember that what lies here now has been prepared."""
    if places.postgres.exists():
        write_private(_stamp(places), _fingerprint(places))
