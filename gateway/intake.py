"""Writes verified requests into the inbound log, many in one statement, durable when it returns."""

from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db import InterfaceError, OperationalError, connection

# The channel must still be as it was when the signature was checked: a token that is changed or a
# channel that is deleted in between counts at once, although the door keeps channels in memory.
# The rows come as one JSON text: with a parameter for each value, half of the door's time went
# into quoting them.
INSERT = """
WITH arrived AS MATERIALIZED (
    SELECT nextval('gateway_inboundrequest_id_seq') AS id, c.workspace_id, v.*
    FROM json_to_recordset(%s::json) AS v (
        place integer, channel uuid, version timestamptz, shard smallint, method text, url text,
        headers jsonb, body text, request_id text, received_at timestamptz)
    JOIN gateway_channel c ON c.id = v.channel AND c.updated_at = v.version
    ORDER BY v.place),
stored AS (
    INSERT INTO gateway_inboundrequest
        (id, workspace_id, channel_id, shard, state, method, url, headers, body, request_id, error,
         received_at)
    SELECT id, workspace_id, channel, shard, 'new', method, url, headers, decode(body, 'base64'),
        request_id, '', received_at
    FROM arrived)
SELECT place, id FROM arrived
"""


@dataclass(slots=True)
class Arrival:
    """A verified request on its way into the log.

    ``version`` is the channel's ``updated_at`` that the signature was checked with. ``stored_id``
    stays None when the channel has changed since then or is gone, or ``error`` says why not.
    """

    channel_id: UUID
    version: datetime
    shard: int
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    request_id: str
    received_at: datetime
    stored_id: int | None = None
    error: Exception | None = None


def store_all(arrivals: Sequence[Arrival]) -> None:
    """One statement for all; when it is refused, one for each, so that only the bad one fails.

    What went wrong is in each one's ``error``.
    """
    try:
        _insert(arrivals)
    except Exception as error:
        away = isinstance(error, OperationalError | InterfaceError)
        if away or len(arrivals) == 1:
            for arrival in arrivals:
                arrival.error = error
            return
        for arrival in arrivals:
            store_all([arrival])


def _insert(arrivals: Sequence[Arrival]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [as_json(arrivals)])
        for place, stored_id in cursor.fetchall():
            arrivals[place].stored_id = stored_id


def as_json(arrivals: Sequence[Arrival]) -> str:
    """The rows for INSERT's parameter. TypeError for text that is no Unicode."""
    return orjson.dumps([_row(place, one) for place, one in enumerate(arrivals)]).decode()


def _row(place: int, arrival: Arrival) -> dict[str, object]:
    return {
        "place": place,
        "channel": arrival.channel_id,
        "version": arrival.version,
        "shard": arrival.shard,
        "method": arrival.method,
        "url": arrival.url,
        "headers": arrival.headers,
        "body": b2a_base64(arrival.body, newline=False).decode("ascii"),
        "request_id": arrival.request_id,
        "received_at": arrival.received_at,
    }
