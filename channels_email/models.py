"""What the mail process must not forget: how far each mailbox has been read."""

from django.db import models
from django.db.models.functions import Now


class MailboxCursor(models.Model):
    """How far a channel's IMAP folder has been read.

    UIDs up to ``last_uid`` are taken, or were there before ``started_at`` (of a mailbox that the
    channel had from the beginning, when the channel was made). ``checked_at`` is when
    the folder was last seen with nothing left to take. ``resync_from``: the server has numbered
    the folder anew (another ``uidvalidity``), and what came since then is compared with what was
    taken; None when there is nothing to compare (any more). Times by the database's clock.
    """

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, editable=False, db_index=False
    )
    channel = models.OneToOneField("gateway.Channel", on_delete=models.CASCADE)
    # Host, user and folder, so that another mailbox begins anew.
    place = models.CharField(max_length=64)
    uidvalidity = models.BigIntegerField()
    last_uid = models.BigIntegerField()
    started_at = models.DateTimeField(db_default=Now())
    checked_at = models.DateTimeField(db_default=Now())
    resync_from = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["workspace"], name="mailbox_workspace")]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.uidvalidity}/{self.last_uid}"


class TakenMail(models.Model):
    """A mail that was taken over IMAP, known again by its ``digest`` under whatever UID."""

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, editable=False, db_index=False
    )
    channel = models.ForeignKey("gateway.Channel", on_delete=models.CASCADE, db_index=False)
    digest = models.CharField(max_length=64)
    taken_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "digest"], name="mail_taken_once")
        ]
        indexes = [models.Index(fields=["taken_at"], name="mail_taken_age")]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.digest[:12]}"
