"""Files and which messages they belong to. The bytes lie in the storage named ``media``."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.scoping import WorkspaceModel


class StoredFile(WorkspaceModel):
    """A file of the workspace. ``uid`` is what the outside knows it by.

    ``content_type`` is what its bytes say, ``size`` in bytes, ``path`` its key in the storage:
    made of ids alone. The row is there before the bytes, so no bytes are ever forgotten.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    path = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="file_age")]

    def __str__(self) -> str:
        return f"{self.content_type} {self.uid}"


class HeldFile(WorkspaceModel):
    """A file of what is not sent yet, or to many: the sweep leaves it. ``holder`` is its uid."""

    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="holds")
    holder = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["holder", "file"], name="file_held_once")]

    def __str__(self) -> str:
        return f"{self.holder} {self.file_id}"


class FileState(models.TextChoices):
    """Where a file of a message stands."""

    PENDING = "pending", _("Being fetched")
    STORED = "stored", _("Stored")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Not fetched")


class MessageFile(WorkspaceModel):
    """A file of a message, in its ``place`` (from 0). The gateway knows messages by uid only.

    What a customer sent is ``pending`` until it is fetched from ``url`` (or taken out of the
    request it came in: gateway.media.inside); ``due_at`` is then when the next attempt may begin,
    and lies in the future while one is under way. ``error`` is a key
    of gateway.media.words.REASONS. ``content_type``, ``name`` and ``size`` are what the provider
    says, and what is true once it is stored.
    """

    channel = models.ForeignKey("gateway.Channel", on_delete=models.CASCADE, db_index=False)
    message_uid = models.UUIDField()
    place = models.PositiveSmallIntegerField()
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="uses")
    state = models.CharField(max_length=8, choices=FileState.choices)
    url = models.TextField(blank=True)
    content_type = models.CharField(max_length=100)
    name = models.CharField(max_length=255, blank=True)
    size = models.BigIntegerField(null=True)
    error = models.CharField(max_length=16, blank=True)
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message_uid", "place"], name="file_of_message")
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="pending"), name="file_to_fetch")
        ]

    def __str__(self) -> str:
        return f"{self.message_uid} {self.place} {self.state}"
