"""At the moment of sending: whether a window is open, and what a message takes from it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson
from django.db import connection

from gateway.content.reading import ABOUT
from gateway.contract import Capabilities
from gateway.outbox.row import Row
from gateway.windows.closing import needs_window

# seen: what is known of each row's window. held: those that something may be taken from are locked,
#   in the order of their keys, and read as they are by then. Others are only read: nobody waits for
#   whoever opens them at this moment.
# judged: a row that has been counted before, or given the token, takes nothing again. Of several to
#   the same person the first ones get what is left.
TAKE = """
WITH v AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%s) AS row (id bigint, place int, channel uuid, address text,
        person bool, windowed bool, token_s float)),
held AS MATERIALIZED (
    SELECT w.* FROM gateway_replywindow w
    WHERE (w.channel_id, w.address) IN (SELECT channel, address FROM v)
      AND (w.messages_left IS NOT NULL OR w.token <> '')
    ORDER BY w.channel_id, w.address FOR UPDATE OF w),
seen AS (
    SELECT v.*, w.id AS window_id, coalesce(held.until, w.until) AS until, held.messages_left,
        held.token, held.token_for, clock_timestamp() AS at,
        held.token_at + v.token_s * interval '1 second' AS token_until,
        coalesce(v.id = ANY(held.taken_by), false) AS counted,
        CASE WHEN v.person THEN greatest(held.until, held.human_until, w.until, w.human_until)
             ELSE greatest(held.until, w.until) END AS closes
    FROM v LEFT JOIN gateway_replywindow w ON w.channel_id = v.channel AND w.address = v.address
    LEFT JOIN held ON held.id = w.id),
open AS (
    SELECT seen.*, row_number() OVER (
            PARTITION BY window_id, counted ORDER BY place) AS turn
    FROM seen WHERE NOT windowed OR closes > at),
allowed AS MATERIALIZED (
    SELECT open.*, row_number() OVER (PARTITION BY window_id
            ORDER BY token_for IS NOT DISTINCT FROM id DESC, place) AS first
    FROM open WHERE NOT windowed OR messages_left IS NULL OR counted OR turn <= messages_left),
judged AS MATERIALIZED (
    SELECT allowed.*, coalesce(first = 1 AND token <> '' AND token_until > at
        AND (token_for IS NULL OR token_for = id), false) AS answers
    FROM allowed),
taken AS (
    UPDATE gateway_replywindow AS w SET
        messages_left = w.messages_left - coalesce(array_length(j.ids, 1), 0),
        taken_by = w.taken_by || j.ids,
        token_for = coalesce(j.answering, w.token_for)
    FROM (
        SELECT window_id, max(id) FILTER (WHERE answers) AS answering,
            coalesce(array_agg(id) FILTER (
                WHERE windowed AND messages_left IS NOT NULL AND NOT counted), '{}') AS ids
        FROM judged WHERE window_id IS NOT NULL GROUP BY window_id) AS j
    WHERE w.id = j.window_id AND (j.answering IS NOT NULL OR j.ids <> '{}'))
SELECT seen.id, seen.until, judged.id IS NOT NULL, CASE WHEN answers THEN judged.token ELSE '' END
FROM seen LEFT JOIN judged ON judged.id = seen.id
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a row may do: ``open`` or not; ``until`` and ``token`` as in OutboundMessage."""

    open: bool
    until: datetime | None = None
    token: str = ""


def concerned(row: Row, abilities: Capabilities) -> bool:
    """Whether a row needs a window, or may use a token: free text, not in public."""
    return needs_window(row.content) and (windowed(abilities) or abilities.reply_token_s > 0)


def windowed(abilities: Capabilities) -> bool:
    """Whether free text may be sent for some time only."""
    return abilities.window is not None or abilities.human_window is not None


def take(rows: Iterable[tuple[Row, Capabilities]]) -> Mapping[int, Taken]:
    """Take what these rows need, in one statement; by the rows' ids. All are ``concerned``.

    Raises DatabaseError, and then nothing was taken.
    """
    said = [_said(row, place, abilities) for place, (row, abilities) in enumerate(rows)]
    if not said:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [orjson.dumps(said).decode()])
        return {pk: Taken(is_open, until, token) for pk, until, is_open, token in cursor.fetchall()}


def _said(row: Row, place: int, abilities: Capabilities) -> dict[str, object]:
    return {
        "id": row.pk,
        "place": place,
        "channel": str(row.channel_id),
        "address": row.address,
        "person": bool(row.content.get(ABOUT, {}).get("person")),
        "windowed": windowed(abilities),
        "token_s": abilities.reply_token_s,
    }
