"""Writes the audit log."""

from typing import Any

from django.db import models

from accounts.models import AuditEntry, Member, Workspace


def record(
    *,
    workspace: Workspace | int,
    member: Member | None,
    action: str,
    target: models.Model,
    **data: Any,
) -> None:
    """Note that ``member`` (None: the system) did this to ``target``. No secrets in ``data``."""
    AuditEntry.objects.create(
        workspace_id=workspace if isinstance(workspace, int) else workspace.pk,
        member=member,
        action=action,
        object_type=target._meta.model_name or "",
        object_id=str(target.pk),
        data=data,
    )
