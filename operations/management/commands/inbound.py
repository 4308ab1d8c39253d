"""``manage.py inbound replay``: take stored requests in again, after a fix or an update."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gateway.models import InboundState
from gateway.operating.inbound import REPLAYABLE, Selection, overview, replay_selected
from operations.arguments import add_doing, add_filters, channel_of, confirm, workspace_of
from operations.progress import Progress


class Command(BaseCommand):
    """Replay what providers sent and we did not understand."""

    help = "Take stored requests of providers in again; nothing is doubled by it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``replay`` and its filters."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="replay")
        replay = actions.add_parser("replay", help="take failed and unknown requests in again")
        add_filters(replay, "received")
        replay.add_argument(
            "--state", choices=[state.value for state in REPLAYABLE], help="only in this state"
        )
        replay.add_argument("--id", type=int, action="append", default=[], help="may be repeated")
        add_doing(replay)

    def handle(self, **options: Any) -> None:
        """Say what is meant, ask, do it."""
        workspace = workspace_of(options)
        selection = Selection(
            states=[InboundState(options["state"])] if options["state"] else REPLAYABLE,
            workspace=workspace,
            channel=channel_of(options, workspace),
            error_class=options["error_class"],
            since=options["since"],
            until=options["until"],
            ids=options["id"],
        )
        groups = overview(selection.rows())
        total = sum(group.count for group in groups)
        if options["dry_run"]:
            for group in groups:
                self.stdout.write(f"{group.count:>12,}  {group.state:8}  {group.channel}")
            self.stdout.write(f"{total:,} would be taken in again. Nothing was changed.")
            return
        if total:
            confirm(f"Take {total:,} requests in again?", sure=options["yes"])
        self._replay(selection, total)

    def _replay(self, selection: Selection, total: int) -> None:
        progress = Progress(self.stderr, total)
        try:
            done = replay_selected(selection, report=progress.step)
        except KeyboardInterrupt as stop:
            progress.end()
            words = f"Stopped after {progress.done:,} of {total:,}. Run it again to go on."
            raise CommandError(words, returncode=130) from stop
        progress.end()
        self.stdout.write(f"{done:,} are taken in again.")
