"""Celery entry points of campaigns."""

from celery import shared_task

from campaigns import expansion
from campaigns.pace import EXPAND
from campaigns.progress import tell_held_back
from gateway.wake import begun


@shared_task(name=EXPAND)
def expand(campaign_id: int) -> None:
    """Hand over what fits of one campaign."""
    begun(EXPAND, str(campaign_id))
    expansion.expand(campaign_id)


@shared_task(name="campaigns.tasks.sweep")
def sweep() -> None:
    """Finish what is settled, continue what a lost wake-up left, tell what was held back."""
    expansion.finish_settled()
    for campaign_id in expansion.campaigns_to_continue():
        expansion.wake_expansion(campaign_id)
    tell_held_back()
