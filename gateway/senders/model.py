"""Which of a channel's senders each person knows us by."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.scoping import WorkspaceModel


class Why(models.TextChoices):
    """Why a person has this sender."""

    WRITTEN_TO = "written_to", _("the number this person wrote to")
    COUNTRY = "country", _("chosen for the country of this number")
    GENERAL = "general", _("chosen among the senders for all countries")


class SenderChoice(WorkspaceModel):
    """The sender of a pool that an address was last written from, or that it wrote to.

    A choice that is no longer in the pool counts for nothing; the next message makes another.
    """

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, editable=False, db_index=False
    )
    channel = models.ForeignKey("gateway.Channel", on_delete=models.CASCADE, db_index=False)
    address = models.CharField(max_length=320)
    sender = models.CharField(max_length=32)
    why = models.CharField(max_length=16, choices=Why.choices)

    class Meta:
        app_label = "gateway"
        constraints = [
            models.UniqueConstraint(fields=["channel", "address"], name="sender_choice_unique")
        ]

    def __str__(self) -> str:
        return f"{self.address} {self.sender}"
