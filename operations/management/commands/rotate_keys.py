"""``manage.py rotate_keys``: after a new key was put first in ENCRYPTION_KEYS."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from operations.rotation import rotate_keys


class Command(BaseCommand):
    """Re-encrypt channel credentials with the newest key."""

    help = "Re-encrypt all channel credentials with the first of ENCRYPTION_KEYS."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--dry-run`` only counts."""
        parser.add_argument("--dry-run", action="store_true", help="only count, change nothing")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        """Report the counts; fail when something could not be read."""
        result = rotate_keys(dry_run=dry_run)
        verb = "would be re-encrypted" if dry_run else "re-encrypted"
        self.stdout.write(f"{result.rotated} {verb}, {result.current} already under the newest key")
        if result.unreadable:
            names = ", ".join(str(channel) for channel in result.unreadable)
            raise CommandError(f"No key opens the credentials of: {names}")
        if not dry_run:
            self.stdout.write("The older keys can now be removed from ENCRYPTION_KEYS.")
