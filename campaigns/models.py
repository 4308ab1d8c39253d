"""Campaigns and the ledger of their recipients."""

import uuid
from typing import TypeVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Member
from accounts.scoping import WorkspaceModel
from contacts.models import Contact, Segment
from gateway.models import Batch, Channel, Delivery

T = TypeVar("T")


class CampaignStatus(models.TextChoices):
    """Where a campaign stands."""

    DRAFT = "draft", _("Draft")
    SENDING = "sending", _("Sending")
    PAUSED = "paused", _("Paused")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", pgettext_lazy("campaign", "Cancelled")


class Campaign(WorkspaceModel):
    """One text to one segment on one channel.

    Launching freezes the audience, the text and the channel; the ledger then says for each
    recipient what became of it. Numbers are counted from the ledger, never stored.
    """

    name = models.CharField(_("name"), max_length=200)
    channel = models.ForeignKey(Channel, null=True, blank=True, on_delete=models.PROTECT)
    segment = models.ForeignKey(Segment, null=True, blank=True, on_delete=models.PROTECT)
    text = models.TextField(_("text"), blank=True)
    status = models.CharField(
        max_length=16, choices=CampaignStatus.choices, default=CampaignStatus.DRAFT
    )
    batch = models.OneToOneField(Batch, null=True, on_delete=models.PROTECT)
    created_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    launched_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-id"], name="campaign_recent")]

    def __str__(self) -> str:
        return self.name


def given(value: T | None) -> T:
    """A part of a campaign that launching has made sure of: its channel, segment or batch."""
    if value is None:
        raise LookupError("The campaign is still a draft.")
    return value


class RecipientState(models.TextChoices):
    """Before the outbox has it; after that the delivery's own state counts."""

    PENDING = "pending", _("Waiting")
    QUEUED = "queued", _("Handed over")
    SKIPPED = "skipped", _("Not sent")


class SkipReason(models.TextChoices):
    """Why a recipient was left out."""

    OPTED_OUT = "opted_out", _("Opted out")
    NO_ADDRESS = "no_address", _("No address on this channel")
    DUPLICATE = "duplicate", _("Already reached at another address")
    BLOCKED = "blocked", _("Blocked contact")
    BOUNCED = "bounced", _("Address does not exist")
    CANCELLED = "cancelled", _("Campaign cancelled")
    NO_TEXT = "no_text", _("A variable without value and without fallback")
    TOO_LONG = "too_long", _("Text too long with this person's values")


class Recipient(WorkspaceModel):
    """A line of the ledger: one contact and address of the frozen audience."""

    # A million rows are written at once, so each row has few indexes and checks: nothing looks by
    # workspace alone, and whoever freezes holds the campaign's row and names its own workspace, so
    # there is nothing for a constraint to find. Whether a contact still exists is checked.
    workspace = models.ForeignKey(
        "accounts.Workspace",
        on_delete=models.CASCADE,
        editable=False,
        db_index=False,
        db_constraint=False,
    )
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.CASCADE,
        related_name="recipients",
        db_index=False,
        db_constraint=False,
    )
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=320, blank=True)
    # Becomes the delivery's uid, which is unique: that is what makes a double impossible.
    uid = models.UUIDField(default=uuid.uuid4)
    state = models.CharField(
        max_length=8, choices=RecipientState.choices, default=RecipientState.PENDING
    )
    reason = models.CharField(max_length=16, choices=SkipReason.choices, blank=True)
    delivery = models.ForeignKey(
        Delivery, null=True, on_delete=models.PROTECT, related_name="recipients", db_index=False
    )
    replied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "contact", "address"], name="recipient_once"
            ),
            models.UniqueConstraint(
                fields=["delivery"],
                condition=Q(delivery__isnull=False),
                name="recipient_of_delivery",
            ),
        ]
        indexes = [
            models.Index(fields=["campaign", "state", "reason", "id"], name="recipient_counts"),
            models.Index(
                fields=["campaign", "id"],
                condition=Q(replied_at__isnull=False),
                name="recipient_replied",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.address}"
