"""Whether a campaign's content is one message on its channel, as a launch has to know."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from contacts.models import Address
from contacts.rich import compile_content, written
from contacts.segments import contacts_matching
from gateway.content.adapting import adapt
from gateway.content.model import Content
from gateway.content.shows import Shows
from gateway.contract import Adapter
from gateway.media.attaching import files_in, with_files
from gateway.registry import adapter_for
from gateway.templates.using import with_template

# What a channel shows may depend on the address (by its country); so many are looked at. Others
# that are shown less get it in words (gateway.content.single).
SAMPLE = 200


def content_errors(campaign: Campaign) -> dict[str, str]:
    """What keeps the content from being sent, by field; one or two statements."""
    if campaign.content is None:
        return {}
    try:
        sample = compile_content(campaign.workspace, campaign.content).sample()
        content = with_files(sample, files_in(sample, campaign.workspace_id))
        if campaign.channel is not None:
            # As it is written: what is asked for may stand there as a variable.
            with_template(written(campaign.content), campaign.channel)
    except ValidationError as error:
        return _by_field(error)
    words = several(messages_taken(campaign, content))
    return {"content": words} if words else {}


def several(count: int) -> str:
    """That so many messages are too many; empty where they are not."""
    if count <= 1:
        return ""
    words = _(
        "On this channel this takes %(count)d messages; a campaign sends one to each person. "
        "Leave something out, or choose another channel."
    )
    return words % {"count": count}


def messages_taken(campaign: Campaign, content: Content) -> int:
    """The most provider messages it takes for anybody looked at; 0 without a channel."""
    if campaign.channel is None:
        return 0
    adapter = adapter_for(campaign.channel)
    kinds: list[Shows] = []
    for address in _addresses(campaign, adapter):
        shows = adapter.shows(address)
        if shows not in kinds:
            kinds.append(shows)
    return max(len(adapt(content, shows).parts) for shows in kinds or [adapter.shows("")])


def _addresses(campaign: Campaign, adapter: Adapter) -> list[str]:
    if campaign.segment is None:
        return []
    try:
        people = contacts_matching(campaign.workspace, campaign.segment.filter).order_by()
    except ValidationError:  # told elsewhere, of the segment
        return []
    rows = Address.objects.filter(contact__in=people, kind=adapter.address_kind)
    return list(rows.values_list("value", flat=True)[:SAMPLE])


def _by_field(error: ValidationError) -> dict[str, str]:
    if not hasattr(error, "error_dict"):
        return {"content": " ".join(error.messages)}
    return {name: " ".join(words) for name, words in error.message_dict.items()}
