"""Finds the conversation a message says it belongs in: by a signed token, or by what it refers to.

Whoever writes to a signed address was given it. An id that is merely named (In-Reply-To) proves
nothing: it counts only from somebody who is part of that conversation already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.sql import storable, with_values

# Far more than any mail client names; the nearest come first.
MOST_REFERENCES = 20
LONGEST = 255

BY_NAME = """
SELECT v.place::int, c.id, c.contact_id, c.thread
FROM (VALUES {values}) AS v (place, channel, conversation)
JOIN conversations_conversation c
    ON c.id = v.conversation::bigint AND c.channel_id = v.channel::uuid
"""
BY_REFERENCE = """
SELECT DISTINCT ON (v.place) v.place::int, c.id, c.contact_id, c.thread
FROM (VALUES {values}) AS v (place, rank, channel, reference, contact, sender)
CROSS JOIN LATERAL (
    SELECT m.conversation_id FROM conversations_message m
    WHERE m.channel_id = v.channel::uuid AND m.external_id = v.reference
    UNION ALL
    SELECT m.conversation_id FROM gateway_delivery d JOIN conversations_message m
        ON m.workspace_id = d.workspace_id AND m.uid = d.message_uid
    WHERE d.channel_id = v.channel::uuid AND d.external_id = v.reference
    LIMIT 1) AS found
JOIN conversations_conversation c ON c.id = found.conversation_id
WHERE c.contact_id = v.contact::bigint OR EXISTS (
    SELECT 1 FROM conversations_messagemail mail
    JOIN conversations_message m ON m.id = mail.message_id
    WHERE m.conversation_id = c.id AND mail.sender || mail."to" || mail.cc
        @> jsonb_build_array(jsonb_build_object('address', v.sender)))
ORDER BY v.place, v.rank::int
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message that says where it belongs; ``token``: the conversation a signed address names."""

    channel_id: str
    contact_id: int
    sender: str
    token: str = ""
    refers_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """The conversation it belongs in."""

    conversation_id: int
    contact_id: int
    thread: str


def find_places(wanted: Sequence[Wanted]) -> dict[int, Place]:
    """By their place in ``wanted``: those that belong in a conversation. At most two statements."""
    by_token = [
        (n, one.channel_id, int(one.token))
        for n, one in enumerate(wanted)
        if one.token.isdecimal() and len(one.token) < 19
    ]
    found = _read(with_values(BY_NAME, by_token, fetch=True))
    rows = [
        (n, rank, one.channel_id, storable(reference)[:LONGEST], one.contact_id, one.sender)
        for n, one in enumerate(wanted)
        if n not in found
        for rank, reference in enumerate(one.refers_to[:MOST_REFERENCES])
    ]
    return found | _read(with_values(BY_REFERENCE, rows, fetch=True))


def _read(rows: Sequence[tuple[Any, ...]]) -> dict[int, Place]:
    return {n: Place(pk, contact_id, thread) for n, pk, contact_id, thread in rows}
