"""What the SMPP bridge must not forget: parts it submitted, and parts that came in."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class SubmittedPart(models.Model):
    """One submit_sm, written before it leaves.

    ``submission`` is one attempt at one delivery; its parts share it and ``external_id``.
    ``message_id`` is the SMSC's, in the form in which receipts can be looked up.
    """

    class State(models.TextChoices):
        """How far it got; ``submitting`` without a bridge at it means that nobody knows."""

        SUBMITTING = "submitting"
        ACCEPTED = "accepted"
        REFUSED = "refused"
        DELIVERED = "delivered"
        FAILED = "failed"

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, editable=False, db_index=False
    )
    channel = models.ForeignKey("gateway.Channel", on_delete=models.CASCADE, db_index=False)
    submission = models.UUIDField()
    delivery_uid = models.UUIDField()
    address = models.CharField(max_length=320)
    number = models.PositiveSmallIntegerField()
    total = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=16, choices=State.choices, default=State.SUBMITTING)
    message_id = models.CharField(max_length=65, blank=True)
    external_id = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "number"], name="part_of_submission")
        ]
        indexes = [
            models.Index(
                fields=["channel", "message_id"], condition=~Q(message_id=""), name="part_receipted"
            ),
            models.Index(fields=["delivery_uid"], name="part_of_delivery"),
            models.Index(fields=["created_at"], name="part_age"),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_uid} {self.number}/{self.total} {self.state}"


class ReceivedPart(models.Model):
    """One deliver_sm that a customer's phone caused; ``data`` only until its message is whole.

    ``external_id`` is ours: the SMSC gives none. ``answered``: the SMSC has our deliver_sm_resp, so
    the same octets again are a new message and no repeat.
    """

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, editable=False, db_index=False
    )
    channel = models.ForeignKey("gateway.Channel", on_delete=models.CASCADE, db_index=False)
    external_id = models.CharField(max_length=32)
    digest = models.CharField(max_length=64)
    source = models.CharField(max_length=320)
    source_ton = models.PositiveSmallIntegerField()
    target = models.CharField(max_length=320)
    target_ton = models.PositiveSmallIntegerField()
    reference = models.IntegerField(null=True)
    number = models.PositiveSmallIntegerField(default=1)
    total = models.PositiveSmallIntegerField(default=1)
    coding = models.PositiveSmallIntegerField()
    data = models.BinaryField()
    answered = models.BooleanField(default=False)
    handed_in = models.BooleanField(default=False)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(
                fields=["channel", "digest"], condition=Q(answered=False), name="received_again"
            ),
            models.Index(
                fields=["channel", "source", "reference"],
                condition=Q(handed_in=False),
                name="received_waiting",
            ),
            models.Index(fields=["received_at"], name="received_age"),
        ]

    def __str__(self) -> str:
        return f"{self.external_id} {self.number}/{self.total}"
