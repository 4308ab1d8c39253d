"""What a provider said about whom a channel reaches."""

from django.db import models

from accounts.scoping import WorkspaceModel
from gateway.contract import Reach


class Reachability(WorkspaceModel):
    """The last answer about an address; ``features`` in the provider's words."""

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, editable=False, db_index=False
    )
    channel = models.ForeignKey("gateway.Channel", on_delete=models.CASCADE, db_index=False)
    address = models.CharField(max_length=320)
    reach = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Reach])
    features = models.JSONField(default=list)
    checked_at = models.DateTimeField()

    class Meta:
        app_label = "gateway"
        constraints = [
            models.UniqueConstraint(fields=["channel", "address"], name="reachability_unique")
        ]

    def __str__(self) -> str:
        return f"{self.address} {self.reach}"
