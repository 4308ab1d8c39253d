"""Writes verified requests into the inbound log, many in one statement, durable when it returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db import InterfaceError, OperationalError

from gateway.sql import with_values

# The channel must still be as it was when the signature was checked: a token that is changed or a
# channel that is deleted in between counts at once, although the door keeps channels in memory.
INSERT = """
WITH arrived AS MATERIALIZED (
    SELECT nextval('gateway_inboundrequest_id_seq') AS id, c.workspace_id, v.*
    FROM (VALUES {values}) AS v
        (place, channel, version, shard, method, url, headers, body, request_id, received_at)
    JOIN gateway_channel c ON c.id = v.channel::uuid AND c.updated_at = v.version::timestamptz
    ORDER BY v.place),
stored AS (
    INSERT INTO gateway_inboundrequest
        (id, workspace_id, channel_id, shard, state, method, url, headers, body, request_id, error,
         received_at)
    SELECT id, workspace_id, channel::uuid, shard::smallint, 'new', method, url, headers::jsonb,
        body::bytea, request_id, '', received_at::timestamptz
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
    values = [_values(place, one) for place, one in enumerate(arrivals)]
    for place, stored_id in with_values(INSERT, values, fetch=True):
        arrivals[place].stored_id = stored_id


def _values(place: int, arrival: Arrival) -> tuple[object, ...]:
    return (
        place,
        str(arrival.channel_id),
        arrival.version,
        arrival.shard,
        arrival.method,
        arrival.url,
        orjson.dumps(arrival.headers).decode(),
        arrival.body,
        arrival.request_id,
        arrival.received_at,
    )
