"""``manage.py demo``: the demo workspace, once; a later run changes nothing."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo.build import demo_file, prepare_demo


class Command(BaseCommand):
    """Make the demo workspace."""

    help = "Make the demo workspace unless it exists; its logins are written to DATA/demo.json."

    def handle(self, **options: Any) -> None:
        """Only with DEBUG: known logins have no place in production."""
        if not settings.DEBUG:
            raise CommandError("The demo workspace exists only with DEBUG.")
        done = prepare_demo()
        words = {
            "made": "Demo workspace made",
            "reset": "Demo logins reset",
            "kept": "Demo workspace is there already",
        }
        self.stdout.write(f"{words[done]}; logins in {demo_file()}")
