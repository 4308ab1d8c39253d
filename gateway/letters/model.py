"""A mail to many, kept once: what it says, with gaps for what each of them is told."""

from django.db import models

from accounts.scoping import WorkspaceModel


class Letter(WorkspaceModel):
    """Written once and never changed; a delivery has its id and the values for its gaps.

    ``parts`` has lists by the name of what is made of them (``subject``, ``text``, ``html``,
    ``unsubscribe_url``): words as they are, and gaps as [number of the value, Way].
    """

    parts = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "gateway"

    def __str__(self) -> str:
        return f"letter {self.pk}"
