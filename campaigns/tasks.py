"""Celery entry points of campaigns."""

from celery import shared_task

from campaigns import expansion
from campaigns.models import Campaign, CampaignStatus
from campaigns.progress import campaign_changed
from gateway.wake import begun


@shared_task(name=expansion.EXPAND)
def expand(campaign_id: int) -> None:
    """Hand over what fits of one campaign."""
    begun(expansion.EXPAND, str(campaign_id))
    expansion.expand(campaign_id)


@shared_task(name="campaigns.tasks.sweep")
def sweep() -> None:
    """Finish what is settled and continue what a lost wake-up left."""
    expansion.finish_settled()
    for campaign_id in expansion.campaigns_to_continue():
        expansion.wake_expansion(campaign_id)
    for campaign in Campaign.objects.filter(status=CampaignStatus.SENDING):
        campaign_changed(campaign)
