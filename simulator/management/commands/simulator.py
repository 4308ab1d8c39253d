"""``manage.py simulator``: run the providers' look-alikes and the customers' phones."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from simulator.server import LOOPBACK, serve


class Command(BaseCommand):
    """Runs until interrupted."""

    help = "Run the simulator of providers and customers' phones (with DEBUG only)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen."""
        parser.add_argument("--port", type=int, default=8010)
        parser.add_argument("--host", default=LOOPBACK[0])
        parser.add_argument("--smsc-port", type=int, default=settings.SMSC_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse without DEBUG, else serve."""
        if not settings.DEBUG:
            raise CommandError(
                "The simulator only runs with DEBUG on. Whoever reaches it can write as any "
                "customer, so it has no place in production."
            )
        host, port = options["host"], options["port"]
        self.stdout.write(f"Simulator: http://{host}:{port}/")
        mail_ports = (settings.SIMULATOR_SMTP_PORT, settings.SIMULATOR_IMAP_PORT)
        serve(host, port, options["smsc_port"], mail_ports)
