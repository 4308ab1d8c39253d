"""Every model carries its workspace, and every lookup goes through one scoped access function."""

from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models
from django.http import Http404

if TYPE_CHECKING:
    from accounts.models import Workspace

M = TypeVar("M", bound=models.Model)


class WorkspaceQuerySet(models.QuerySet[M]):
    """A queryset that can be narrowed to one workspace."""

    def in_workspace(self, workspace: "Workspace | int") -> Self:
        """Only the rows of this workspace (the instance or its id)."""
        return self.filter(workspace=workspace)


class WorkspaceModel(models.Model):
    """Base of every model but users: a row belongs to exactly one workspace."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, editable=False)

    objects = models.Manager.from_queryset(WorkspaceQuerySet)()

    class Meta:
        abstract = True


def get_scoped(
    rows: type[M] | models.QuerySet[M], workspace: "Workspace | int", **lookup: Any
) -> M:
    """The one row of this workspace that matches, else Http404.

    Another workspace's id, a missing id and a malformed id look the same to the caller.
    """
    queryset = rows if isinstance(rows, models.QuerySet) else rows._default_manager.all()
    try:
        return queryset.get(workspace=workspace, **lookup)
    except (ObjectDoesNotExist, ValidationError, ValueError, OverflowError) as error:
        raise Http404(f"No such {queryset.model._meta.verbose_name}.") from error
