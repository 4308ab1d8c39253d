"""What shall happen when a delivery does not succeed, and how far that is."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.scoping import WorkspaceModel
from gateway.states import State

# The first part of a replacement has the number of the part it replaces; more of them are counted
# from here on, so that none is taken for another part of the message.
FURTHER_PARTS = 100


class Success(models.TextChoices):
    """The state from which no other channel takes over."""

    SENT = "sent", State.SENT.label
    DELIVERED = "delivered", State.DELIVERED.label
    READ = "read", State.READ.label


class Stage(models.TextChoices):
    """How far a fallback is."""

    ARMED = "armed", _("Waits for the message to arrive")
    REVOKING = "revoking", _("The provider is asked to withdraw the message")
    CLOSING = "closing", _("Withdrawn; a report of its delivery may still come")
    DONE = "done", _("Decided")


class Verdict(models.TextChoices):
    """What was decided, and why."""

    REACHED = "reached", _("It arrived.")
    NOT_CAPABLE = "not_capable", _("The phone takes no such messages.")
    FAILED = "failed", _("It could not be sent.")
    WITHDRAWN = "withdrawn", _("It was not delivered in time, and withdrawn.")
    UNREAD = "unread", _("It was delivered and not read in time.")
    URGENT = "urgent", _("It was urgent: not withdrawn for certain, so it may arrive twice.")
    STOPPED = "stopped", _("It was stopped, or the person has opted out.")
    STUCK = "stuck", _("It could not be withdrawn, so nothing else was sent.")
    BROKEN = "broken", _("The other channel could not be used.")


class Fallback(WorkspaceModel):
    """``channel`` takes over from ``delivery`` unless it reaches ``success`` in time.

    The time is ``Delivery.fallback_s``, in seconds from when the provider took it. ``due_at`` is
    when to look again, empty while only the provider's word counts. ``options`` are those that the
    replacement offers by number (``gateway.content.options``), ``note`` the provider's words to the
    last question. Whoever changes a row holds its delivery's lock.
    """

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, editable=False, db_index=False
    )
    delivery = models.OneToOneField(
        "gateway.Delivery", primary_key=True, on_delete=models.CASCADE, related_name="fallback"
    )
    channel = models.ForeignKey(
        "gateway.Channel", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    success = models.CharField(max_length=16, choices=Success.choices, default=Success.DELIVERED)
    urgent = models.BooleanField(default=False)
    stage = models.CharField(max_length=8, choices=Stage.choices, default=Stage.ARMED)
    verdict = models.CharField(max_length=16, choices=Verdict.choices, blank=True)
    due_at = models.DateTimeField(null=True)
    asks = models.SmallIntegerField(default=0)
    options = models.JSONField(default=list)
    note = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "gateway"
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="fallback_due")
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.stage} {self.verdict}"
