"""A provider's template as it was when we last heard of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.scoping import WorkspaceModel
from gateway.content.templates import (
    ButtonKind,
    ProviderTemplate,
    TemplateButton,
    TemplateHeader,
    TemplateStatus,
)


class Standing(models.TextChoices):
    """Where a template stands, in words; the values are TemplateStatus's."""

    PENDING = TemplateStatus.PENDING.value, _("Waits for approval")
    APPROVED = TemplateStatus.APPROVED.value, _("Approved")
    REJECTED = TemplateStatus.REJECTED.value, _("Rejected")
    PAUSED = TemplateStatus.PAUSED.value, _("Paused")
    DISABLED = TemplateStatus.DISABLED.value, _("Disabled")
    DELETED = TemplateStatus.DELETED.value, _("Deleted")


class StoredTemplate(WorkspaceModel):
    """A template of a channel, by its name and language. The fields are ProviderTemplate's.

    ``header`` is {"format", "text"} or None, ``buttons`` [{"kind", "text", "value"}].
    ``previous_category`` is what it was before the provider changed it, empty if it never did.
    """

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, editable=False, db_index=False
    )
    channel = models.ForeignKey(
        "gateway.Channel", on_delete=models.CASCADE, related_name="templates", db_index=False
    )
    external_id = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=512)
    language = models.CharField(max_length=35)
    category = models.CharField(max_length=64, blank=True)
    previous_category = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=16, choices=Standing.choices)
    body = models.TextField(blank=True)
    header = models.JSONField(null=True)
    footer = models.TextField(blank=True)
    buttons = models.JSONField(default=list)
    reason = models.TextField(blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        app_label = "gateway"
        constraints = [
            models.UniqueConstraint(fields=["channel", "name", "language"], name="template_unique")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"

    @property
    def given(self) -> ProviderTemplate:
        """As the provider has it."""
        return ProviderTemplate(
            external_id=self.external_id,
            name=self.name,
            language=self.language,
            category=self.category,
            status=TemplateStatus(self.status),
            body=self.body,
            header=TemplateHeader(**self.header) if self.header else None,
            footer=self.footer,
            buttons=tuple(
                TemplateButton(ButtonKind(one["kind"]), one["text"], one["value"])
                for one in self.buttons
            ),
            reason=self.reason,
        )

    @property
    def can_be_sent(self) -> bool:
        """Whether the provider takes it now."""
        return self.status == Standing.APPROVED
