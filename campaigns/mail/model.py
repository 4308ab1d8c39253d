"""Saved mails, what a workspace says of tracking, and what people did with a mail."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from accounts.scoping import WorkspaceModel
from contacts.models import Contact


class MailSettings(WorkspaceModel):
    """What campaigns by mail do where they do not say; without a row: as the defaults here."""

    workspace = models.OneToOneField(
        "accounts.Workspace",
        on_delete=models.CASCADE,
        editable=False,
        related_name="mail_settings",
    )
    tracks = models.BooleanField(default=True)

    class Meta:
        app_label = "campaigns"
        verbose_name_plural = "mail settings"

    def __str__(self) -> str:
        return f"mail settings of {self.workspace_id}"


class MailTemplate(WorkspaceModel):
    """A mail to begin with. ``mail`` as campaigns.mail.draft writes it."""

    name = models.CharField(_("name"), max_length=200)
    mail = models.JSONField(default=dict)
    archived_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "campaigns"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"],
                condition=Q(archived_at=None),
                name="mail_template_name",
            )
        ]

    def __str__(self) -> str:
        return self.name


class MailEvent(WorkspaceModel):
    """What one person did with one mail, once a kind and link, however often.

    ``line`` is the id of the ledger's line, ``link`` the place among the campaign's (0 for other
    kinds). Gone with the contact.
    """

    class Kind(models.TextChoices):
        OPENED = "opened", _("Opened")
        CLICKED = "clicked", _("Clicked")
        UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")

    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.CASCADE, related_name="mail_events", db_index=False
    )
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    line = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    link = models.PositiveSmallIntegerField(default=0)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        app_label = "campaigns"
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "kind", "link", "line"], name="mail_event_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.line} {self.kind}"
