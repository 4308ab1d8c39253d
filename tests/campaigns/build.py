"""What campaign tests are made of."""

from collections import Counter
from typing import Any

from accounts.models import Member, Workspace
from campaigns import services
from campaigns.expansion import expand
from campaigns.ledger import Ledger
from campaigns.models import Campaign
from campaigns.selectors import Progress, progress
from contacts.models import Contact, Segment
from contacts.segments.services import create_segment
from gateway.models import Delivery
from tests import builders as make


def segment(ws: Workspace, *conditions: dict[str, Any]) -> Segment:
    """A segment by conditions; without any it is everybody."""
    return create_segment(
        workspace=ws,
        member=None,
        name=f"Segment {next(make.numbers)}",
        filter={"conditions": list(conditions)},
    )


def people(ws: Workspace, count: int) -> list[Contact]:
    """Contacts with a phone number each."""
    found = [make.contact(ws, name=f"Person {n}") for n in range(count)]
    for contact in found:
        make.address(contact)
    return found


def draft(ws: Workspace, member: Member | None = None, **fields: Any) -> Campaign:
    """A draft that can be launched."""
    fields = {
        "name": f"Campaign {next(make.numbers)}",
        "channel": fields.get("channel") or make.channel(ws),
        "segment": fields.get("segment") or segment(ws),
        "text": "Hello {{ name }}!",
    } | fields
    return services.create(workspace=ws, member=member, **fields)


def launched(ws: Workspace, **fields: Any) -> Campaign:
    """A campaign that is sending, with nothing handed over yet."""
    return services.launch(campaign=draft(ws, **fields), member=None)


def expanded(ws: Workspace, **fields: Any) -> Campaign:
    """A campaign whose recipients are in the outbox."""
    campaign = launched(ws, **fields)
    expand(campaign.pk)
    return campaign


def deliveries(campaign: Campaign) -> Any:
    """The campaign's rows of the outbox."""
    return Delivery.objects.filter(batch=campaign.batch_id)


def counted(campaign: Campaign) -> Progress:
    """The campaign's numbers, which must be what counting every line of the ledger gives."""
    campaign = Campaign.objects.get(pk=campaign.pk)
    numbers = progress(campaign)
    found = Counter((entry.state, entry.reason) for entry in Ledger(campaign))
    said = {(state, ""): count for state, count in numbers.states.items()}
    said |= {("skipped", reason): count for reason, count in numbers.skipped.items()}
    assert found == said
    return numbers
