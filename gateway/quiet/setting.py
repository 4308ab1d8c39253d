"""Reads and changes a workspace's quiet hours."""

from datetime import time
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Member, Workspace
from gateway.outbox.clock import database_now
from gateway.quiet.model import QuietHours
from gateway.wake import wake

SETTLE = "gateway.tasks.settle_quiet_hours"


def quiet_hours_of(workspace: Workspace) -> QuietHours:
    """What is saved, or what is proposed and switched off; never saves.

    With ``workspace.quiet_hours`` loaded it asks no database.
    """
    try:
        return workspace.quiet_hours
    except ObjectDoesNotExist:
        return QuietHours(workspace=workspace)


@transaction.atomic
def set_quiet_hours(
    *, workspace: Workspace, member: Member | None, enabled: bool, starts: time, ends: time
) -> QuietHours:
    """From now on, also for what waits already. ValidationError names ``ends`` where it is quiet
    all day.
    """
    starts, ends = starts.replace(second=0, microsecond=0), ends.replace(second=0, microsecond=0)
    if starts == ends:
        raise ValidationError({"ends": _("They cannot end when they begin.")})
    values: dict[str, Any] = {"enabled": enabled, "starts": starts, "ends": ends}
    now = database_now()
    row, _new = QuietHours.objects.update_or_create(
        workspace=workspace, defaults=values | {"changed_at": now, "settled_at": None}
    )
    shown = f"{starts:%H:%M}–{ends:%H:%M}" if enabled else "—"
    record(
        workspace=workspace,
        member=member,
        action="workspace.quiet_hours",
        target=workspace,
        hours=shown,
    )
    wake(SETTLE, str(workspace.pk), workspace_id=workspace.pk)
    return row
