"""Creates a workspace with its first admin: how a new installation begins."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import services
from accounts.links import password_url
from accounts.models import Language, Role


class Command(BaseCommand):
    """``manage.py create_workspace "Acme" --email ann@example.com --name "Ann"``."""

    help = "Creates a workspace with its first admin and prints the link to set the password."

    def add_arguments(self, parser: CommandParser) -> None:
        """Names of the workspace and the admin."""
        parser.add_argument("workspace")
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--language", choices=Language.values, default=Language.EN)
        parser.add_argument("--timezone", default="UTC")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create both or nothing."""
        try:
            with transaction.atomic():
                workspace = services.create_workspace(
                    name=options["workspace"],
                    language=options["language"],
                    timezone=options["timezone"],
                )
                member = services.add_member(
                    workspace=workspace,
                    email=options["email"],
                    name=options["name"],
                    role=Role.ADMIN,
                    by=None,
                    language=options["language"],
                    invite=False,
                )
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(f"Workspace {workspace.name} was created.")
        if not member.user.has_usable_password():
            self.stdout.write(f"Set the password here, within a day: {password_url(member.user)}")
