"""``manage.py mail``: speak to the mail servers of every e-mail channel."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from channels_email.bridge.web import serve


class Command(BaseCommand):
    """Runs until interrupted."""

    help = "Run the mail bridge: sends mail, reads every mailbox, and is a mail server if asked to."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen; by default where MAIL_URL says."""
        address = urlsplit(settings.GATEWAY_BRIDGES["email"])
        parser.add_argument("--port", type=int, default=address.port)
        parser.add_argument("--host", default="127.0.0.1")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve."""
        asyncio.run(serve(options["host"], options["port"]))
