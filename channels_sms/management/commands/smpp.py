"""``manage.py smpp``: keep the binds of every SMPP channel."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from channels_sms.smpp_bridge.web import serve


class Command(BaseCommand):
    """Runs until interrupted."""

    help = "Run the SMPP bridge: one bind for every enabled SMPP channel."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen; by default where SMPP_URL says."""
        address = urlsplit(settings.GATEWAY_BRIDGES["smpp"])
        parser.add_argument("--port", type=int, default=address.port)
        parser.add_argument("--host", default="127.0.0.1")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve."""
        asyncio.run(serve(options["host"], options["port"]))
