"""Reports that are about everything up to a moment, made into reports on each message."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.events import Seen, StatusUpdate
from gateway.inbound import StoredRequest
from gateway.sql import with_values
from gateway.states import State
from gateway.statuses import Report, attempt_key

# What had left by then, as the attempt began: the answer that notes ``sent_at`` came later. What is
# being sent, or asked about, has no id of the provider yet; its report waits for the answer.
UP_TO = """
SELECT v.place::int, d.external_id, d.uid, d.attempted_at
FROM (VALUES {values}) AS v (place, channel, address, until, states)
JOIN gateway_delivery d ON d.channel_id = v.channel::uuid AND d.address = v.address
    AND d.attempted_at <= v.until::timestamptz
    AND CASE WHEN d.external_id IS NOT NULL THEN d.state = ANY(string_to_array(v.states, ','))
             ELSE d.state = 'sending' OR d.state = 'unknown' AND d.ask_at IS NOT NULL END
ORDER BY d.id
"""
# What a report of each state can still move.
BEFORE = {State.DELIVERED: "sent", State.READ: "sent,delivered"}


@dataclass(frozen=True, slots=True)
class Watermark:
    """A Seen event and the request it came in."""

    row: StoredRequest
    event: Seen


def reports_up_to(marks: Sequence[Watermark]) -> list[Report]:
    """A report for each message that a watermark is about: one statement, none without marks."""
    if not marks:
        return []
    rows = [
        (
            place,
            str(mark.row.channel_id),
            mark.event.sender,
            mark.event.until,
            BEFORE[mark.event.state],
        )
        for place, mark in enumerate(marks)
    ]
    return [
        Report(
            marks[place].row,
            StatusUpdate(
                external_id=external_id or attempt_key(uid, attempted_at),
                state=marks[place].event.state,
                provider_word=marks[place].event.provider_word,
                delivery_uid=None if external_id else uid,
                occurred_at=marks[place].event.until,
            ),
        )
        for place, external_id, uid, attempted_at in with_values(UP_TO, rows, fetch=True)
    ]
