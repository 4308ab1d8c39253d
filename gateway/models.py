"""Channels, the raw inbound log, the outbox and what was learnt about each delivery."""

import uuid

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Func, Q, Value
from django.utils.translation import gettext_lazy as _

from accounts.scoping import WorkspaceModel
from gateway.fallback.model import Fallback as Fallback
from gateway.fallback.model import Success
from gateway.prices.model import Price as Price
from gateway.quiet.model import QuietHours as QuietHours
from gateway.reach.model import Reachability as Reachability
from gateway.senders.model import SenderChoice as SenderChoice
from gateway.senders.model import Why
from gateway.states import State
from gateway.templates.model import StoredTemplate as StoredTemplate
from gateway.windows.model import ReplyWindow as ReplyWindow


class Channel(WorkspaceModel):
    """A configured account at a provider: one number, one mailbox, one page.

    ``config`` is encrypted JSON, read and written only through gateway.secrets. ``paused_at`` set
    means the outbox holds this channel (bad credentials, or a person's wish); nothing is lost.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=32)
    name = models.CharField(_("name"), max_length=100)
    config = models.BinaryField()
    # The value customers see and write to (a number, a mailbox); shown in lists, no secret.
    address = models.CharField(max_length=320, blank=True)
    # By what webhooks name the account at a shared door (Adapter.account_key); ids between spaces.
    account_key = models.CharField(max_length=255, blank=True, default="", db_default="")
    enabled = models.BooleanField(_("enabled"), default=True)
    rate_per_second = models.FloatField(_("messages per second"), default=10.0)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_reason = models.CharField(max_length=320, blank=True)
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    # Who takes over what does not arrive here, unless a message says otherwise.
    fallback_channel = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    fallback_after_s = models.PositiveIntegerField(default=60)
    fallback_success = models.CharField(
        max_length=16, choices=Success.choices, default=Success.DELIVERED
    )
    # What customers see above the conversation; read through gateway.branding.
    brand_name = models.CharField(max_length=100, blank=True, default="", db_default="")
    brand_color = models.CharField(max_length=7, blank=True, default="", db_default="")
    brand_logo = models.ForeignKey(
        "gateway.StoredFile",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="branded",
        db_index=False,
    )
    # What is said in public here, a colleague approves first.
    public_approval = models.BooleanField(default=False, db_default=False)
    # It has taken over for another: who answers here may mean a conversation there.
    takes_over = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "kind"], name="channel_by_kind"),
            GinIndex(
                Func("account_key", Value(" "), function="string_to_array"),
                name="channel_by_account",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Bucket(models.Model):
    """The token bucket of a channel, in a row of its own because it is hot.

    ``tokens`` at ``refilled_at``; the outbox refills and takes in one statement.
    """

    channel = models.OneToOneField(Channel, primary_key=True, on_delete=models.CASCADE)
    tokens = models.FloatField(default=1)
    # In the future while the channel rests: the provider said so, or its breaker is open.
    refilled_at = models.DateTimeField()
    # Consecutive unreachable answers; enough of them open the breaker.
    failures = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.tokens:.1f}"


class InboundState(models.TextChoices):
    """Where a stored request stands."""

    NEW = "new", _("New")
    DONE = "done", _("Done")
    UNKNOWN = "unknown", _("Unknown kind")
    FAILED = "failed", _("Failed")


class InboundRequest(WorkspaceModel):
    """A provider's verified request, stored before it is understood. Replay makes it ``new``.

    ``erased_at``: its ``body`` was emptied then (gateway.erasing), so there is nothing to replay.
    """

    # Looked for by workspace only among those in trouble, which have an index of their own.
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, editable=False, db_index=False
    )
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE)
    shard = models.SmallIntegerField()
    state = models.CharField(max_length=8, choices=InboundState.choices, default=InboundState.NEW)
    method = models.CharField(max_length=8)
    url = models.TextField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    request_id = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["shard", "id"], condition=Q(state="new"), name="inbound_due"),
            models.Index(
                fields=["workspace", "-id"],
                condition=Q(state__in=["failed", "unknown"]),
                name="inbound_trouble",
            ),
            models.Index(fields=["received_at"], name="inbound_age"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.received_at:%Y-%m-%d %H:%M:%S}"


class BatchState(models.TextChoices):
    """Whether the deliveries of a batch may leave."""

    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    CANCELLED = "cancelled", _("Cancelled")


class Batch(WorkspaceModel):
    """Bulk deliveries that are paused, resumed and cancelled together (a campaign has one)."""

    name = models.CharField(max_length=200, blank=True, help_text="What people call it.")
    state = models.CharField(max_length=16, choices=BatchState.choices, default=BatchState.RUNNING)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"


class Priority(models.IntegerChoices):
    """Smaller leaves first."""

    REPLY = 0, _("Reply")
    SYSTEM = 10, _("System")
    BULK = 50, _("Bulk")


class Delivery(WorkspaceModel):
    """One attempt chain to put one message on one channel for one address: a row of the outbox.

    ``uid`` is ours and travels to the provider (idempotency key, status callback). ``message_uid``
    names the message this carries; the gateway does not know messages. ``medium`` and ``address``
    are what the suppression list is asked for. ``content`` is as gateway.content.reading writes
    it: what the channel can show. A message that is more than that is several deliveries, each
    with its ``part``, counted from 0.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # No index that is not needed, and none on what is mostly empty: a row is written three times in
    # a second of its life, into every index each time. Nothing looks for a workspace's deliveries
    # but by channel, batch or message.
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, editable=False, db_index=False
    )
    channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    message_uid = models.UUIDField(default=uuid.uuid4)
    batch = models.ForeignKey(Batch, null=True, on_delete=models.PROTECT, db_index=False)
    replaces = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="replacements", db_index=False
    )
    medium = models.CharField(max_length=16)
    address = models.CharField(max_length=320)
    # Of a channel with a pool of senders: the one that was given to it, and why.
    sender = models.CharField(max_length=32, null=True)
    sender_why = models.CharField(max_length=16, choices=Why.choices, null=True)
    content = models.JSONField()
    part = models.PositiveSmallIntegerField(default=0, db_default=0)
    # Another channel takes over when it has not arrived so many seconds after it was taken (0: only
    # when it could not be sent); None: nothing does. The rest is in gateway.fallback.
    fallback_s = models.PositiveIntegerField(null=True)
    cost = models.FloatField(default=1, help_text="Tokens of the channel's bucket (SMS segments).")
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.REPLY)
    # A person's own reply is let through an opt-out from marketing when this is false.
    marketing = models.BooleanField(default=False)
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    due_at = models.DateTimeField()
    # Marketing under quiet hours: it must not leave before the one, nor from the other on. ``zone``
    # is the person's own (an IANA name), where it is known.
    held_until = models.DateTimeField(null=True)
    quiet_at = models.DateTimeField(null=True)
    zone = models.CharField(max_length=64, null=True)
    expires_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    attempted_at = models.DateTimeField(null=True)
    # Unknown, and the provider can be asked: when to ask next, and how often it has denied.
    ask_at = models.DateTimeField(null=True)
    asks = models.SmallIntegerField(default=0)
    external_id = models.CharField(max_length=255, null=True)
    error_class = models.CharField(max_length=32, blank=True)
    error_code = models.CharField(max_length=32, blank=True)
    error_text = models.TextField(blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "external_id"],
                condition=Q(external_id__isnull=False),
                name="delivery_external_unique",
            ),
            models.UniqueConstraint(
                fields=["replaces", "part"],
                condition=Q(replaces__isnull=False),
                name="delivery_replaced_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "priority", "due_at", "id"],
                condition=Q(state="queued"),
                name="delivery_due",
            ),
            models.Index(
                fields=["lease_until"], condition=Q(state="sending"), name="delivery_leased"
            ),
            models.Index(fields=["ask_at"], condition=Q(state="unknown"), name="delivery_to_ask"),
            models.Index(
                fields=["channel", "failed_at"], condition=Q(state="failed"), name="delivery_failed"
            ),
            models.Index(fields=["message_uid"], name="delivery_of_message"),
            # Campaigns' uids are in the order of their ledgers, whose pages this gives.
            models.Index(fields=["batch", "state", "uid"], name="delivery_of_batch"),
            # What took over in a batch; few rows, and looked for beside a million others.
            models.Index(
                fields=["batch", "state"],
                condition=Q(replaces__isnull=False),
                name="delivery_replacing",
            ),
            # Both empty where there are no quiet hours.
            models.Index(
                fields=["quiet_at"],
                condition=Q(state="queued", quiet_at__isnull=False),
                name="delivery_quiet",
            ),
            models.Index(
                fields=["batch", "held_until"],
                condition=Q(state="queued", held_until__isnull=False),
                name="delivery_held",
            ),
            models.Index(fields=["channel", "address", "-id"], name="delivery_to_address"),
            # Who waits for an earlier answer to the same person.
            models.Index(
                fields=["channel", "address", "id"],
                condition=Q(state__in=["queued", "sending"], priority__lt=Priority.BULK),
                name="delivery_in_turn",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.uid} {self.state}"


class DeliveryStatus(WorkspaceModel):
    """A status the provider reported, kept as history and until its delivery is known.

    ``delivery_uid`` is set when the callback names our own id. ``applied_at`` empty: it came
    before the send returned and waits.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE)
    external_id = models.CharField(max_length=255)
    delivery_uid = models.UUIDField(null=True)
    state = models.CharField(max_length=16, choices=State.choices)
    provider_word = models.CharField(max_length=64)
    error_class = models.CharField(max_length=32, blank=True)
    error_code = models.CharField(max_length=32, blank=True)
    error_text = models.TextField(blank=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "external_id", "provider_word", "error_code"],
                name="status_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["channel", "external_id"],
                condition=Q(applied_at=None),
                name="status_waiting",
            ),
            models.Index(
                fields=["delivery_uid"],
                condition=Q(delivery_uid__isnull=False),
                name="status_of_delivery",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.external_id} {self.provider_word}"


class Suppression(WorkspaceModel):
    """Never send marketing on this medium to this address; asked at the moment of sending.

    ``reason`` is one of SuppressionReason; lifting deletes the row (history is in contacts).
    """

    class Reason(models.TextChoices):
        OPTED_OUT = "opted_out", _("Opted out")
        BOUNCED = "bounced", _("Address does not exist")
        BLOCKED = "blocked", _("Blocked")

    medium = models.CharField(max_length=16)
    address = models.CharField(max_length=320)
    reason = models.CharField(max_length=16, choices=Reason.choices)
    source = models.CharField(max_length=32)
    evidence = models.CharField(max_length=320, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "medium", "address"], name="suppression_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.medium} {self.address}"


class KeywordUse(WorkspaceModel):
    """A STOP, START or HELP that has taken effect; a repeat of its request takes none.

    Without it a repeated old START would undo a later STOP.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE)
    external_id = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="keyword_once")
        ]

    def __str__(self) -> str:
        return self.external_id


class ChannelLog(WorkspaceModel):
    """One exchange with a provider, redacted: no credentials, no message bodies.

    ``kind``: send, find, check, reach, signal. ``request`` and ``response`` are small redacted
    summaries. ``error_class`` is the name of the SendError the exchange ended with, empty when it
    was fine.
    """

    # The indexes below begin with these.
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, editable=False, db_index=False
    )
    channel = models.ForeignKey(
        Channel, on_delete=models.CASCADE, related_name="log", db_index=False
    )
    delivery = models.ForeignKey(Delivery, null=True, on_delete=models.CASCADE, db_index=False)
    kind = models.CharField(max_length=16)
    ok = models.BooleanField()
    method = models.CharField(max_length=8)
    url = models.TextField()
    status = models.SmallIntegerField(null=True)
    request = models.TextField(blank=True)
    response = models.TextField(blank=True)
    error = models.TextField(blank=True)
    error_class = models.CharField(max_length=32, blank=True, db_default="")
    duration_ms = models.IntegerField(null=True)
    attempt = models.SmallIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["channel", "-id"], name="log_of_channel"),
            models.Index(fields=["workspace", "-id"], name="log_of_workspace"),
            models.Index(fields=["delivery"], name="log_of_delivery"),
            models.Index(fields=["created_at"], name="log_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.method} {self.status}"


class SignatureRefusal(WorkspaceModel):
    """How many webhooks were refused for their signature, per channel and day."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE)
    day = models.DateField()
    count = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "day"], name="refusal_per_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.count}"


class Heartbeat(models.Model):
    """When a background process was last seen working; /readyz reads it."""

    name = models.CharField(primary_key=True, max_length=32)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


# Models of the packages beside, which Django looks for here.
from gateway.duties.model import ChannelDuty as ChannelDuty  # noqa: E402
from gateway.letters.model import Letter as Letter  # noqa: E402
from gateway.media.models import HeldFile as HeldFile  # noqa: E402
from gateway.media.models import MessageFile as MessageFile  # noqa: E402
from gateway.media.models import StoredFile as StoredFile  # noqa: E402
