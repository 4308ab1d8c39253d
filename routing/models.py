"""Agents as routing sees them: presence, capacity and why each conversation went where it did."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from accounts.scoping import WorkspaceModel
from conversations.models import Conversation


class Presence(models.TextChoices):
    """Whether an agent takes new conversations: only when online."""

    ONLINE = "online", _("Online")
    AWAY = "away", _("Away")
    OFFLINE = "offline", _("Offline")


class Agent(WorkspaceModel):
    """A member as somebody who answers. Load is counted from conversations, never stored.

    ``status`` is what counts. ``manual`` set by hand wins over the socket; else the socket decides:
    ``seen_at`` is its last heartbeat, and a grace period passes before silence means offline.
    ``idle_since`` is when the last conversation was given to them.
    """

    member = models.OneToOneField(Member, on_delete=models.CASCADE, related_name="agent")
    capacity = models.PositiveSmallIntegerField(_("capacity"), default=10)
    status = models.CharField(max_length=8, choices=Presence.choices, default=Presence.OFFLINE)
    manual = models.CharField(max_length=8, choices=Presence.choices, blank=True)
    seen_at = models.DateTimeField(null=True)
    idle_since = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "status"], name="agent_by_status")]

    def __str__(self) -> str:
        return f"{self.member_id} {self.status}"


class Assignment(WorkspaceModel):
    """A conversation was given to somebody, or taken back, and why; append-only.

    ``reason`` is a code of routing.reasons with its numbers, put into words when read:
    ``{"code": "least_load", "load": 2, "capacity": 10, "candidates": 3}``.
    """

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="assignments"
    )
    member = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    assigned_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["conversation", "-id"], name="assignment_newest")]

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.member_id}"
