"""What a channel's provider asks for a message."""

from django.db import models

from accounts.scoping import WorkspaceModel

# The price for every country without one of its own.
ANYWHERE = "*"


class Price(WorkspaceModel):
    """The price of one unit that the provider counts (an SMS, a message) to one country.

    ``country`` is ISO 3166-1 alpha-2, or ANYWHERE. All prices of a channel are in one ``currency``
    (ISO 4217): gateway.prices.services replaces the whole table at once.
    """

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, editable=False, db_index=False
    )
    channel = models.ForeignKey(
        "gateway.Channel", on_delete=models.CASCADE, related_name="prices", db_index=False
    )
    country = models.CharField(max_length=2)
    per_segment = models.DecimalField(max_digits=12, decimal_places=6)
    currency = models.CharField(max_length=3)

    class Meta:
        app_label = "gateway"
        constraints = [
            models.UniqueConstraint(fields=["channel", "country"], name="price_unique"),
            models.CheckConstraint(
                condition=models.Q(per_segment__gte=0), name="price_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.per_segment} {self.currency}"
