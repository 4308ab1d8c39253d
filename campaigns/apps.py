"""Segmented broadcasts and their ledger."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Segmented broadcasts and their ledger."""

    name = "campaigns"
