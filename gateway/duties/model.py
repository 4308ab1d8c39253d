"""What is to be done for a channel, and when."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.scoping import WorkspaceModel


class Duty(models.TextChoices):
    """What it is."""

    POLL = "poll", _("Ask for what is new")
    REGISTER = "register", _("Tell the provider where its webhooks go")
    SEARCH = "search", _("Look for hashtags")


class ChannelDuty(WorkspaceModel):
    """A duty of a channel. ``due_at`` empty: done, or not to be done by itself.

    While somebody is at it, ``due_at`` lies in the future; whoever dies is followed by another.
    ``cursor`` is where polling goes on (``Adapter.poll``), ``sought`` the hashtags to look for,
    each with the time (ISO 8601) since when (``Adapter.search``), ``failures`` how often it has
    failed in a row and ``error`` why, ``done_at`` when it was done last.
    """

    channel = models.ForeignKey("gateway.Channel", on_delete=models.CASCADE, related_name="duties")
    duty = models.CharField(max_length=16, choices=Duty.choices)
    cursor = models.TextField(blank=True)
    sought = models.JSONField(default=dict)
    due_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "duty"], name="duty_once")]
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(due_at__isnull=False), name="duty_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.duty}"
