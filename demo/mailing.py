"""One finished campaign with its whole ledger, and the threads of those who answered."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from campaigns.audience import freeze
from campaigns.expansion import expand_batch
from campaigns.ledger import Ledger
from campaigns.models import Campaign, CampaignStatus, Recipient
from campaigns.services import create
from conversations.campaign_messages import attach_to_conversations
from demo.talks import Talk, log_sends, settled
from demo.workspace import Ground
from gateway.models import Batch, Delivery
from gateway.states import State

NAME = "Trail week"
TEXT = (
    "Hi {{ first_name|there }}! Trail week: 20% off until Sunday. "
    "¡Semana de senderismo: 20 % hasta el domingo! alderpine.example/trail "
    "Reply STOP to opt out / STOP para no recibir más."
)
AGE = timedelta(days=2, hours=3)
UNKNOWN_HANDSET = ("Rejected", "30005", "Unknown destination handset")
UNREACHABLE = ("Rejected", "30003", "Unreachable destination handset")
FILTERED = ("Rejected", "30007", "Message filtered")
NO_ANSWER = ("Ambiguous", "", "The provider did not answer in time.")
# What became of the messages, by place in the ledger; the others were delivered.
OUTCOMES = {
    17: (State.FAILED, UNKNOWN_HANDSET),
    29: (State.SENT, ("", "", "")),
    36: (State.FAILED, UNREACHABLE),
    44: (State.UNKNOWN, NO_ANSWER),
    51: (State.FAILED, FILTERED),
    60: (State.SENT, ("", "", "")),
}
SETTLED = [
    *("state", "attempts", "attempted_at", "external_id", "created_at", "due_at", "sent_at"),
    *("delivered_at", "failed_at", "error_class", "error_code", "error_text"),
]


def send_campaign(ground: Ground, now: datetime) -> Campaign:
    """The campaign as it went through the real machinery, only that nothing left the house."""
    campaign = create(
        workspace=ground.workspace,
        member=ground.members["mia"],
        name=NAME,
        channel=ground.channel,
        segment=ground.segments["Silver and gold"],
        text=TEXT,
    )
    launched = now - AGE
    campaign.batch = Batch.objects.create(workspace=ground.workspace, name=NAME)
    campaign.status, campaign.launched_at = CampaignStatus.SENDING, launched
    campaign.save()
    freeze(campaign)
    expand_batch(campaign.pk)
    _settle_deliveries(campaign, launched)
    Campaign.objects.filter(pk=campaign.pk).update(
        status=CampaignStatus.FINISHED,
        finished_at=launched + timedelta(minutes=3),
        created_at=launched - timedelta(hours=5),
        updated_at=launched + timedelta(minutes=3),
    )
    return campaign


def _settle_deliveries(campaign: Campaign, launched: datetime) -> None:
    """Before the transaction ends, so that the outbox never sees them queued."""
    dice = random.Random(NAME)
    rows = list(Delivery.objects.filter(batch=campaign.batch).order_by("id"))
    at = launched
    for place, row in enumerate(rows):
        at += timedelta(milliseconds=dice.randint(60, 1800))
        state, error = OUTCOMES.get(place, (State.DELIVERED, ("", "", "")))
        settled(row, state, error, at)
        row.created_at = row.due_at = launched
    Delivery.objects.bulk_update(rows, SETTLED)
    if campaign.channel is not None:
        log_sends(campaign.channel, rows)


def reachable(campaign: Campaign) -> set[int]:
    """Contacts whom the campaign has reached."""
    return {entry.recipient.contact_id for entry in Ledger(campaign, outcome="delivered")}


def note_answers(campaign: Campaign, talks: Sequence[Talk], now: datetime) -> None:
    """Mark who answered, and show the campaign's message in those threads."""
    answered = [talk for talk in talks if talk.script.campaign]
    for talk in answered:
        Recipient.objects.filter(campaign=campaign, contact=talk.row.contact).update(
            replied_at=talk.times[0]
        )
    attach_to_conversations([talk.row.pk for talk in answered])
