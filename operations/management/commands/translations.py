"""``manage.py translations check|update|compile``: needs neither gettext nor a database."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from operations import catalogue

SHOWN = 40


class Command(BaseCommand):
    """Keep the translations of every language complete."""

    help = "Check, update or compile the catalogues of translations under locale/."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One word: what to do."""
        parser.add_argument("action", choices=["check", "update", "compile"])

    def handle(self, *, action: str, **options: Any) -> None:
        """Do it for each language but English, which is the source."""
        languages = [code for code, name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
        for language in languages:
            getattr(self, f"_{action}")(language)

    def _update(self, language: str) -> None:
        merged = catalogue.update(settings.BASE_DIR, language)
        empty = sum(1 for message in merged if message.id and not all(message.string or [""]))
        self.stdout.write(f"{language}: {len(merged)} texts, {empty} without translation")

    def _compile(self, language: str) -> None:
        catalogue.compile_catalogue(settings.BASE_DIR, language)

    def _check(self, language: str) -> None:
        problems = catalogue.check(settings.BASE_DIR, language)
        for problem in problems[:SHOWN]:
            self.stderr.write(f"{language}: {problem}")
        if problems:
            raise CommandError(
                f"{language}: {len(problems)} texts to translate; "
                "run 'manage.py translations update', then fill locale/."
            )
