"""The reply window of an address on a channel."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.scoping import WorkspaceModel


class ReplyWindow(WorkspaceModel):
    """Until when free text may be sent to a person on a channel, and their last reply token.

    ``until`` is None where only a token is known; ``human_until`` counts for what a person wrote.
    ``messages_left``: so many more of ours, None: as many as we like. ``heard_at``: the newest
    message of theirs, on the provider's clock as far as it is not ahead of ours. ``taken_by`` are
    the deliveries that were counted since, ``token_for`` the one that was given the token: what is
    tried again takes nothing twice, and nothing is lost when a worker dies in between.
    ``closed_at``: when an attempt began that the provider refused although we took it to be open.
    """

    # No index that is not needed: it is found by its channel and address, always.
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, editable=False, db_index=False
    )
    channel = models.ForeignKey("gateway.Channel", on_delete=models.CASCADE, db_index=False)
    address = models.CharField(max_length=320)
    until = models.DateTimeField(null=True)
    human_until = models.DateTimeField(null=True)
    messages_left = models.IntegerField(null=True)
    heard_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    taken_by = ArrayField(models.BigIntegerField(), default=list)
    token = models.TextField(blank=True)
    token_at = models.DateTimeField(null=True)
    token_for = models.BigIntegerField(null=True)

    class Meta:
        app_label = "gateway"
        constraints = [
            models.UniqueConstraint(fields=["channel", "address"], name="reply_window_unique")
        ]

    def __str__(self) -> str:
        return f"{self.address} {self.until}"
