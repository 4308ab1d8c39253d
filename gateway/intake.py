"""Stores verified requests: those that arrive while one statement runs share the next.

Each request is answered only after the statement that holds it has committed. One connection
writes at a time in a process, so a storm costs few commits, and a lone request waits for nobody.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
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


# While requests come side by side, a statement waits this long for some more. A commit is so quick
# that it would else carry two or three; one that comes alone does not wait.
GATHER_SECONDS = 0.001


@dataclass(slots=True)
class Arrival:
    """A verified request on its way into the log.

    ``version`` is the channel's ``updated_at`` that the signature was checked with. ``stored_id``
    stays None when the channel has changed since then or is gone.
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
    over: bool = False


class Intake:
    """Collects what arrives in this process's threads; made once per process."""

    def __init__(self, write: Callable[[Sequence[Arrival]], None]) -> None:
        self.write = write
        self.waiting: deque[Arrival] = deque()
        self.writing = threading.Lock()
        self.together = 0  # how many the last statement held

    def store(self, arrival: Arrival) -> bool:
        """Return once ``arrival`` is durable; raises what its statement raised.

        True for the one of those stored together who is to wake the drain.
        """
        self.waiting.append(arrival)
        with self.writing:
            # Whoever had the lock before may have taken this one along.
            wrote = not arrival.over
            if wrote:
                self._write_waiting()
        if arrival.error is not None:
            raise arrival.error
        return wrote

    def _write_waiting(self) -> None:
        if self.together > 1:
            time.sleep(GATHER_SECONDS)
        batch = [self.waiting.popleft() for _ in range(len(self.waiting))]
        self.together = len(batch)
        try:
            self.write(batch)
        except Exception as error:
            for arrival in batch:
                arrival.error = error
        finally:
            for arrival in batch:
                arrival.over = True


def insert(batch: Sequence[Arrival]) -> None:
    """One statement for all; when it is refused, one for each, so that only the bad one fails."""
    try:
        _insert(batch)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(batch) == 1:
            raise
        for arrival in batch:
            _insert_alone(arrival)


def _insert_alone(arrival: Arrival) -> None:
    try:
        _insert([arrival])
    except Exception as error:
        arrival.error = error


def _insert(batch: Sequence[Arrival]) -> None:
    rows = with_values(INSERT, [_values(place, one) for place, one in enumerate(batch)], fetch=True)
    for place, stored_id in rows:
        batch[place].stored_id = stored_id


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


intake = Intake(insert)
