"""Conversations, their messages, and what agents leave on them."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Member, Team
from accounts.scoping import WorkspaceModel
from contacts.models import Address, Contact, Label
from gateway.models import Channel


class Status(models.TextChoices):
    """Where a conversation stands."""

    OPEN = "open", _("Open")
    PENDING = "pending", _("Pending")
    SNOOZED = "snoozed", _("Snoozed")
    RESOLVED = "resolved", _("Resolved")


class Conversation(WorkspaceModel):
    """A contact on a channel, in one ``thread`` of it. At most one that is not resolved, kept so by
    a constraint.

    ``thread`` is empty for all that is between the two of us; a public post or a mail's first
    Message-ID begins a thread of its own. ``public``: everybody can read it.

    ``version`` grows with every change anybody can see; realtime events carry it, and a browser
    that sees a gap refetches. ``waiting_since`` is when the customer began to wait for an answer
    (None: we spoke last). ``queued_at`` set means: wants an agent since then.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="conversations")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="conversations")
    address = models.ForeignKey(Address, on_delete=models.PROTECT, related_name="conversations")
    # Where the customer wrote last, if on another channel that had taken over: answers go there.
    answers_on = models.ForeignKey(
        Channel, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    thread = models.CharField(max_length=255, blank=True, default="", db_default="")
    public = models.BooleanField(default=False, db_default=False)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.OPEN)
    assignee = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.PROTECT, related_name="conversations"
    )
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    priority = models.SmallIntegerField(default=0)
    labels = models.ManyToManyField(Label, related_name="conversations", blank=True)
    version = models.BigIntegerField(default=0)
    queued_at = models.DateTimeField(null=True)
    waiting_since = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    last_message_at = models.DateTimeField()
    last_inbound_at = models.DateTimeField(null=True)
    preview = models.CharField(max_length=160, blank=True)
    preview_direction = models.CharField(max_length=8, blank=True)
    resolved_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "channel", "thread"],
                condition=~Q(status="resolved"),
                name="one_open_conversation",
            )
        ]
        indexes = [
            models.Index(
                fields=["workspace", "-priority", "queued_at", "id"],
                condition=Q(assignee=None, status="open", queued_at__isnull=False),
                name="conversation_queue",
            ),
            models.Index(fields=["assignee"], condition=Q(status="open"), name="conversation_load"),
            models.Index(
                fields=["workspace", "status", "-last_message_at", "-id"],
                name="conversation_list",
            ),
            models.Index(
                fields=["assignee", "status", "-last_message_at", "-id"],
                name="conversation_mine",
            ),
            models.Index(fields=["contact", "channel", "-id"], name="conversation_of_contact"),
            models.Index(
                fields=["snoozed_until"],
                condition=Q(status="snoozed"),
                name="conversation_snoozed",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def reply_channel(self) -> Channel:
        """What an answer leaves on."""
        return self.answers_on or self.channel


class Direction(models.TextChoices):
    """Who spoke."""

    INBOUND = "inbound", _("Inbound")
    OUTBOUND = "outbound", _("Outbound")


class Kind(models.TextChoices):
    """What a row of the thread is. Only ``text`` and ``campaign`` ever reach the customer."""

    TEXT = "text", _("Message")
    CAMPAIGN = "campaign", _("Campaign")
    NOTE = "note", _("Private note")
    ACTIVITY = "activity", _("Activity")


class Message(WorkspaceModel):
    """A row of a thread. ``uid`` is the client's id for what we send (so a retry is the same row).

    What happened on the way out is in gateway's deliveries with this ``message_uid``; it is not
    copied here. ``data`` explains an activity: ``{"event": "assigned", "reason": {...}}``.
    """

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages"
    )
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT)
    uid = models.UUIDField(default=uuid.uuid4)
    direction = models.CharField(max_length=8, choices=Direction.choices)
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.TEXT)
    text = models.TextField(blank=True)
    attachments = models.JSONField(default=list)
    data = models.JSONField(default=dict)
    author = models.ForeignKey(Member, null=True, on_delete=models.PROTECT)
    external_id = models.CharField(max_length=255, null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "external_id"], name="message_external_unique"
            ),
            models.UniqueConstraint(fields=["workspace", "uid"], name="message_uid_unique"),
        ]
        indexes = [
            models.Index(fields=["conversation", "created_at", "id"], name="message_thread"),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.kind}"


class Change(models.TextChoices):
    """What a customer did to a message of theirs."""

    EDITED = "edited", _("Edited")
    UNSENT = "unsent", _("Unsent")


class MessageRevision(WorkspaceModel):
    """What a message said before its customer changed it or took it back.

    ``text`` and ``attachments`` as in Message; empty where the provider's rules forbid to keep
    them. ``version`` is the provider's mark of the change: a repeat is no second revision.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="revisions")
    change = models.CharField(max_length=8, choices=Change.choices)
    version = models.CharField(max_length=64)
    text = models.TextField(blank=True)
    attachments = models.JSONField(default=list)
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "change", "version"], name="revision_once")
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.change}"


class MessageMail(WorkspaceModel):
    """What a mail has beside its text: its head, its HTML as it came, and what was folded away.

    ``sender``, ``to``, ``cc`` and ``reply_to`` are ``[{"address", "name"}]``; ``sender`` has one of
    them. ``mail_id`` is the Message-ID, and like those it refers to without angle brackets.
    ``html`` is never shown unsanitized.
    """

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="mail")
    subject = models.CharField(max_length=998, blank=True)
    sender = models.JSONField(default=list)
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list)
    reply_to = models.JSONField(default=list)
    mail_id = models.CharField(max_length=998, blank=True)
    in_reply_to = models.CharField(max_length=998, blank=True)
    references = models.JSONField(default=list)
    html = models.TextField(blank=True)
    folded = models.TextField(blank=True)
    automatic = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.subject


class Draft(WorkspaceModel):
    """What a member has typed and not sent.

    ``beside`` is what it answers, as far as they chose it: ``quotes`` (a message's id), and of a
    mail ``cc`` (addresses) and ``subject``.
    """

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE)
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    text = models.TextField()
    note = models.BooleanField(default=False)
    beside = models.JSONField(default=dict, db_default={})
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "member"], name="draft_unique")
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.member_id}"


class ReadMark(WorkspaceModel):
    """How far a member has read a conversation."""

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="read_marks"
    )
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    read_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "member"], name="read_mark_unique")
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.member_id}"


# A model of the package beside, which Django looks for here.
from conversations.voice.model import Lease as Lease  # noqa: E402
