"""In which conversation an inbound message belongs, where one channel takes over for another.

What did not arrive by RCS went out by SMS, and the customer answers by SMS: the answer belongs
where the message was sent. Everywhere else a conversation is simply of its channel.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from gateway.models import Channel


class Asked(NamedTuple):
    """Somebody wrote: their contact, the channel they wrote on (UUID as text), their address."""

    contact_id: int
    channel_id: str
    address: str


# The conversation in which we have been answered here before, or which the last message sent here
# came from; then one of this channel; then, when there is none at all, where that message came
# from.
HOMES = """
SELECT v.contact, v.channel, coalesce(
    (SELECT c.channel_id FROM conversations_conversation c
     WHERE c.contact_id = v.contact AND c.channel_id <> v.channel AND c.status <> 'resolved'
       AND c.thread = '' AND (c.answers_on_id = v.channel OR c.channel_id = last.home)
     ORDER BY c.id DESC LIMIT 1),
    (SELECT c.channel_id FROM conversations_conversation c
     WHERE c.contact_id = v.contact AND c.channel_id = v.channel AND c.status <> 'resolved'
       AND c.thread = ''),
    last.home)::text
FROM unnest(%s::bigint[], %s::uuid[], %s::text[]) AS v (contact, channel, address)
LEFT JOIN LATERAL (
    SELECT home.channel_id AS home
    FROM (SELECT d.replaces_id FROM gateway_delivery d
          WHERE d.channel_id = v.channel AND d.address = v.address
          ORDER BY d.id DESC LIMIT 1) AS newest
    JOIN gateway_delivery home ON home.id = newest.replaces_id) AS last ON true
"""


def homes(asked: Sequence[Asked]) -> dict[tuple[int, str], str]:
    """The channel of the conversation a message belongs in, by contact and channel, where another.

    One statement while no channel takes over for another, two then.
    """
    taking = _taking_over({one.channel_id for one in asked})
    wanted = [one for one in asked if one.channel_id in taking]
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(HOMES, [list(column) for column in zip(*wanted, strict=True)])
        rows = cursor.fetchall()
    return {(contact, str(channel)): home for contact, channel, home in rows if home}


def _taking_over(channel_ids: set[str]) -> set[str]:
    found = Channel.objects.filter(pk__in=channel_ids, takes_over=True)
    return {str(pk) for pk in found.values_list("pk", flat=True)}
