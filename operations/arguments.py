"""Arguments that the operators' commands share; each error names its argument."""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError
from django.utils import timezone

from accounts.models import Workspace
from campaigns.models import Campaign
from gateway.models import Channel

AGO = re.compile(r"(\d{1,6})([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment(text: str) -> datetime:
    """A time: ISO 8601 (UTC unless it says otherwise), or how long ago: 90s, 15m, 2h, 3d."""
    ago = AGO.fullmatch(text)
    if ago:
        return timezone.now() - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(
            f"“{text}” is no time. Write 2026-03-29T14:00, 2026-03-29, or 90s, 15m, 2h, 3d ago."
        ) from error
    return found if timezone.is_aware(found) else found.replace(tzinfo=UTC)


def add_filters(parser: ArgumentParser, time: str) -> None:
    """What both commands can be narrowed by; ``time`` says which time is meant."""
    parser.add_argument("--workspace", metavar="SLUG", help="only of this workspace")
    parser.add_argument("--channel", metavar="UUID", help="only of this channel")
    parser.add_argument("--error-class", metavar="NAME", default="", help="such as Throttled")
    parser.add_argument(
        "--since", type=moment, metavar="TIME", help=f"{time} at or after; 2026-03-29T14:00 or 2h"
    )
    parser.add_argument("--until", type=moment, metavar="TIME", help=f"{time} before")


def add_doing(parser: ArgumentParser) -> None:
    """How the command goes about it."""
    parser.add_argument(
        "--dry-run", action="store_true", help="only say what would happen; change nothing"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask first")


def workspace_of(options: Mapping[str, Any]) -> int | None:
    """The id of ``--workspace``."""
    slug = options["workspace"]
    if not slug:
        return None
    found = Workspace.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if found is None:
        raise CommandError(f"--workspace: there is no workspace “{slug}”.")
    return int(found)


def channel_of(options: Mapping[str, Any], workspace: int | None) -> UUID | None:
    """The id of ``--channel``, which has to lie in the workspace when one is named."""
    text = options["channel"]
    if not text:
        return None
    rows = Channel.objects.filter(workspace=workspace) if workspace else Channel.objects.all()
    try:
        return rows.values_list("pk", flat=True).get(pk=UUID(text))
    except (ValueError, Channel.DoesNotExist) as error:
        where = f" in workspace “{options['workspace']}”" if workspace else ""
        raise CommandError(f"--channel: there is no channel “{text}”{where}.") from error


def batch_of(options: Mapping[str, Any], workspace: int | None) -> int | None:
    """The batch named by ``--batch`` or by ``--campaign``."""
    if options["campaign"] is None:
        batch: int | None = options["batch"]
        return batch
    campaign = Campaign.objects.filter(pk=options["campaign"]).first()
    if campaign is None or (workspace and campaign.workspace_id != workspace):
        raise CommandError(f"--campaign: there is no campaign {options['campaign']}.")
    if campaign.batch_id is None:
        raise CommandError(f"--campaign: “{campaign.name}” was never launched.")
    if options["batch"] not in {None, campaign.batch_id}:
        raise CommandError("--batch: the campaign has another batch; give one of the two.")
    return campaign.batch_id


def uuid_of(name: str, text: str) -> UUID:
    """An id given for an argument."""
    try:
        return UUID(text)
    except ValueError as error:
        raise CommandError(f"{name}: “{text}” is no id of a delivery (a UUID).") from error


def confirm(question: str, *, sure: bool) -> None:
    """Ask once on a terminal; a script that runs the command means it."""
    if sure or not sys.stdin.isatty():
        return
    if input(f"{question} [y/N] ").strip().lower() not in {"y", "yes"}:
        raise CommandError("Nothing was done.", returncode=1)
