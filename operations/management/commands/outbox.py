"""``manage.py outbox requeue | cancel``: many deliveries at once, by filter."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gateway.errors import ERRORS
from gateway.operating.outbox import CANCELLABLE, Selection, cancel, overview, requeue, to_requeue
from gateway.states import State
from operations.arguments import (
    add_doing,
    add_filters,
    batch_of,
    channel_of,
    confirm,
    uuid_of,
    workspace_of,
)
from operations.progress import Progress

NARROWING = ("workspace", "channel", "error_class", "since", "until", "id", "batch", "campaign")
TWICE = (
    "The provider may have taken the unclear ones already: whoever got such a message gets it "
    "a second time."
)


class Command(BaseCommand):
    """Requeue or cancel deliveries."""

    help = "Send failed deliveries again, or cancel what has not left yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``requeue`` and ``cancel`` with their filters."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="requeue|cancel")
        again = actions.add_parser("requeue", help="send failed (and unclear) deliveries again")
        again.add_argument(
            "--state", choices=[State.FAILED.value, State.UNKNOWN.value], help="only in this state"
        )
        again.add_argument(
            "--include-unknown",
            action="store_true",
            help="also those the provider may have taken: a person may get them twice",
        )
        stop = actions.add_parser("cancel", help="stop deliveries that are still queued")
        stop.add_argument("--state", choices=[State.QUEUED.value], help="only queued ones ever are")
        for action in (again, stop):
            add_filters(action, "queued")
            action.add_argument("--id", action="append", default=[], help="UUID; may be repeated")
            action.add_argument("--batch", type=int, help="only of this batch")
            action.add_argument("--campaign", type=int, metavar="ID", help="only of this campaign")
            action.add_argument("--all", action="store_true", help="needed without any filter")
            add_doing(action)

    def handle(self, *, action: str, **options: Any) -> None:
        """Check the arguments, say what is meant, ask, do it."""
        selection = self._selection(action, options)
        again = action == "requeue"
        groups = overview(to_requeue(selection) if again else selection.rows())
        total = sum(group.count for group in groups)
        verb = "sent again" if again else "cancelled"
        if State.UNKNOWN in selection.states:
            self.stderr.write(self.style.WARNING(TWICE))
        if options["dry_run"]:
            for group in groups:
                words = f"{group.state:8}  {group.error_class or '–':14}  {group.channel}"
                self.stdout.write(f"{group.count:>12,}  {words}")
            self.stdout.write(f"{total:,} would be {verb}. Nothing was changed.")
            return
        if total:
            question = "Send {:,} deliveries again?" if again else "Cancel {:,} deliveries?"
            confirm(question.format(total), sure=options["yes"])
        done = self._work(requeue if again else cancel, selection, total)
        self.stdout.write(f"{done:,} {'will be sent again' if again else 'cancelled'}.")

    def _selection(self, action: str, options: dict[str, Any]) -> Selection:
        if not any(options[name] for name in (*NARROWING, "state", "all", "dry_run")):
            raise CommandError("Without a filter everything is meant: give one, or --all.")
        if options["error_class"] and options["error_class"] not in ERRORS:
            known = ", ".join(ERRORS)
            raise CommandError(f"--error-class: “{options['error_class']}” is none of: {known}.")
        workspace = workspace_of(options)
        return Selection(
            states=_states(action, options),
            workspace=workspace,
            channel=channel_of(options, workspace),
            error_class=options["error_class"],
            since=options["since"],
            until=options["until"],
            uids=[uuid_of("--id", text) for text in options["id"]],
            batch=batch_of(options, workspace),
        )

    def _work(self, act: Callable[..., int], selection: Selection, total: int) -> int:
        progress = Progress(self.stderr, total)
        try:
            return act(selection, report=progress.step)
        except KeyboardInterrupt as stop:
            words = f"Stopped after {progress.done:,} of {total:,}. Run it again to go on."
            raise CommandError(words, returncode=130) from stop
        finally:
            progress.end()


def _states(action: str, options: dict[str, Any]) -> list[State]:
    if action == "cancel":
        return list(CANCELLABLE)
    if options["state"] == State.UNKNOWN and not options["include_unknown"]:
        raise CommandError(f"--state unknown: needs --include-unknown. {TWICE}")
    if options["state"]:
        return [State(options["state"])]
    return [State.FAILED, State.UNKNOWN] if options["include_unknown"] else [State.FAILED]
