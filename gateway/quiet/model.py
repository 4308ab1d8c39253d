"""A workspace's quiet hours."""

from datetime import time

from django.db import models

from accounts.scoping import WorkspaceModel
from gateway.quiet.hours import Hours


class QuietHours(WorkspaceModel):
    """When marketing does not leave, by the recipient's clock. Without a row it always may.

    ``settled_at`` empty: what was waiting when they were changed may still wait by the old ones.
    """

    workspace = models.OneToOneField(
        "accounts.Workspace",
        on_delete=models.CASCADE,
        editable=False,
        related_name="quiet_hours",
    )
    enabled = models.BooleanField(default=False)
    starts = models.TimeField(default=time(21))
    ends = models.TimeField(default=time(8))
    changed_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "gateway"
        verbose_name_plural = "quiet hours"

    def __str__(self) -> str:
        return f"{self.starts:%H:%M}-{self.ends:%H:%M}"

    @property
    def hours(self) -> Hours | None:
        """None while they are switched off."""
        return Hours(self.starts, self.ends) if self.enabled else None
