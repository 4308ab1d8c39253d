"""Campaigns and the ledger of their recipients."""

import uuid
from typing import TypeVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Member
from accounts.scoping import WorkspaceModel
from contacts.models import Contact, Segment
from contacts.rich import written
from gateway.content.words import headline
from gateway.fallback.model import Success
from gateway.models import Batch, Channel

T = TypeVar("T")


class CampaignStatus(models.TextChoices):
    """Where a campaign stands."""

    DRAFT = "draft", _("Draft")
    SENDING = "sending", _("Sending")
    PAUSED = "paused", _("Paused")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", pgettext_lazy("campaign", "Cancelled")


class Behind(models.TextChoices):
    """Who says which channel takes over what does not arrive."""

    CHANNEL = "channel", _("The channel")
    NOTHING = "none", _("Nothing takes over")
    OWN = "own", _("The campaign")


class Campaign(WorkspaceModel):
    """One text, rich content, or mail to one segment on one channel.

    Either ``text``, ``content`` (JSON as gateway.content.reading writes it, variables in place) or
    ``mail`` (JSON as campaigns.mail.draft writes it).

    Launching freezes the audience, the text, the channel and what takes over. The lines of the
    ledger are then handed over to the outbox in the order of their ids, so that one mark says of a
    million lines which have been, and no line is written again.
    """

    name = models.CharField(_("name"), max_length=200)
    channel = models.ForeignKey(Channel, null=True, blank=True, on_delete=models.PROTECT)
    segment = models.ForeignKey(Segment, null=True, blank=True, on_delete=models.PROTECT)
    text = models.TextField(_("text"), blank=True)
    content = models.JSONField(null=True, blank=True)
    mail = models.JSONField(null=True, blank=True)
    # Whether it counts who opens and clicks; None: as the workspace says, which a launch settles.
    tracks = models.BooleanField(null=True)
    # What a launch has made of the mail: {"letter": id, "slots", "links"}, see campaigns.mail.
    made = models.JSONField(null=True, editable=False)
    # The three below count only for ``own``, which a launch makes of ``channel``.
    fallback_by = models.CharField(max_length=8, choices=Behind.choices, default=Behind.CHANNEL)
    fallback_channel = models.ForeignKey(
        Channel, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    fallback_after_s = models.PositiveIntegerField(default=60)
    fallback_success = models.CharField(
        max_length=16, choices=Success.choices, default=Success.DELIVERED
    )
    status = models.CharField(
        max_length=16, choices=CampaignStatus.choices, default=CampaignStatus.DRAFT
    )
    batch = models.OneToOneField(Batch, null=True, on_delete=models.PROTECT)
    # Part of each delivery's uid, so that no other installation's is the same to a provider.
    seed = models.UUIDField(default=uuid.uuid4, editable=False)
    # The ledger's lines have ids of this span (another campaign's may lie between).
    first_line = models.BigIntegerField(default=0)
    last_line = models.BigIntegerField(default=0)
    # Lines up to this id are in the outbox, or have a reason why not; ``handed`` are in the outbox.
    handed_to = models.BigIntegerField(default=0)
    handed = models.IntegerField(default=0)
    # How many lines have which reason; "" are those that get a message. Whoever writes lines keeps
    # this in the same transaction, with this row locked.
    lines = models.JSONField(default=dict)
    created_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    launched_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-id"], name="campaign_recent")]

    def __str__(self) -> str:
        return self.name

    @property
    def headline(self) -> str:
        """What it says, in a few words where it is more than a text; variables as they stand."""
        if self.mail is not None:
            return str(self.mail.get("subject") or self.mail.get("text", ""))
        return self.text if self.content is None else headline(written(self.content))

    @property
    def says_something(self) -> bool:
        """Whether anything has been written."""
        return bool(self.text or self.content or self.mail)

    @property
    def waiting(self) -> int:
        """Lines that have not been handed over."""
        return int(self.lines.get("", 0)) - self.handed

    def move_lines(self, count: int, reason: str) -> None:
        """Count ``count`` lines that were to get a message under ``reason``; not saved."""
        self.lines[""] = self.lines.get("", 0) - count
        self.lines[reason] = self.lines.get(reason, 0) + count


def given(value: T | None) -> T:
    """A part of a campaign that launching has made sure of: its channel, segment or batch."""
    if value is None:
        raise LookupError("The campaign is still a draft.")
    return value


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
    DELETED = "deleted", _("Contact deleted")
    BAD_VALUE = "bad_value", _("A value that does not fit, such as in a web address")


class Recipient(WorkspaceModel):
    """A line of the ledger: one contact and address of the frozen audience.

    A line says why nothing is sent; what became of it otherwise says the delivery whose uid is
    ``line_uid``. campaigns.ledger puts the two together.
    """

    # A million rows are written at once, so each row has few indexes and no checks: nothing looks
    # by workspace alone, and whoever freezes holds the campaign's row and names its own workspace.
    # One statement writes a ledger, from contacts and addresses that are unique themselves: a
    # unique index over the copy would only double its cost.
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
    # The ledger outlives the contact. A line that waits for somebody who is gone is skipped when
    # its turn comes; merging moves lines (campaigns.merging), and waits for a freeze under way.
    contact = models.ForeignKey(
        Contact,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    address = models.CharField(max_length=320, blank=True)
    # Empty: gets a message. A line that waits when its campaign is cancelled keeps it empty too.
    reason = models.CharField(max_length=16, choices=SkipReason.choices, blank=True)
    replied_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["campaign", "reason", "id"], condition=~Q(reason=""), name="recipient_left"
            ),
            models.Index(
                fields=["campaign", "id"],
                condition=Q(replied_at__isnull=False),
                name="recipient_replied",
            ),
            # A launch writes lines in the order of contacts, so a few pages a campaign hold one.
            BrinIndex(fields=["contact"], name="recipient_contact_blocks"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.address}"


ID_BITS = 62


def line_uid(campaign: Campaign, line_id: int) -> uuid.UUID:
    """The uid of a line's delivery: always the same one, so that a line is queued once.

    A UUID of version 8 (RFC 9562): half of the campaign's seed, then the line's id. So the uids of
    a campaign are in the order of its lines, and a delivery names its line.
    """
    high = (campaign.seed.int >> 64) & ~(0xF << 12) | (8 << 12)
    return uuid.UUID(int=(high << 64) | (0b10 << ID_BITS) | line_id)


def line_id(uid: uuid.UUID) -> int:
    """The line of a delivery."""
    return uid.int & ((1 << ID_BITS) - 1)


# Models of the package beside, which Django looks for here.
from campaigns.mail.model import MailEvent as MailEvent  # noqa: E402
from campaigns.mail.model import MailSettings as MailSettings  # noqa: E402
from campaigns.mail.model import MailTemplate as MailTemplate  # noqa: E402
