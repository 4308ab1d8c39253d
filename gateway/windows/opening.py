"""Customers open reply windows: by writing, or by what else the provider says lets us write."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import orjson
from django.db import connection

from gateway.events import InboundMessage, Received, Window, WindowOpened
from gateway.sql import storable

# What is counted is counted anew from their newest message. A request that is repeated, or comes
# late, is not newer: it gives neither messages nor a token back. What is no message counts anew
# only where it opens for longer, or where nothing was left.
ANEW = """CASE WHEN excluded.heard_at IS NOT NULL
        THEN coalesce(excluded.heard_at > w.heard_at, true)
        ELSE excluded.until > coalesce(w.until, '-infinity')
            OR w.messages_left <= 0 AND excluded.until <> w.until END"""
# What they wrote before the provider refused us opens nothing when it is repeated.
STALE = "coalesce(excluded.heard_at <= w.closed_at, false)"
NEWER = """excluded.token <> '' AND excluded.token <> w.token
        AND coalesce(excluded.token_at > w.token_at, true)"""
# Rows are locked in the order of their keys, as where they are taken from.
OPEN = f"""
INSERT INTO gateway_replywindow AS w (workspace_id, channel_id, address, until, human_until,
    messages_left, heard_at, taken_by, token, token_at)
SELECT workspace, channel, address, until, human_until, messages, heard_at, '{{}}', token, token_at
FROM json_to_recordset(%s) AS v
    (workspace bigint, channel uuid, address text, until timestamptz, human_until timestamptz,
     messages int, heard_at timestamptz, token text, token_at timestamptz)
ORDER BY channel, address
ON CONFLICT (channel_id, address) DO UPDATE SET
    until = CASE WHEN {STALE} THEN w.until
                 WHEN excluded.heard_at IS NULL AND {ANEW} THEN excluded.until
                 ELSE greatest(w.until, excluded.until) END,
    human_until = CASE WHEN {STALE} THEN w.human_until
                       ELSE greatest(w.human_until, excluded.human_until) END,
    messages_left = CASE WHEN {ANEW} THEN excluded.messages_left ELSE w.messages_left END,
    taken_by = CASE WHEN {ANEW} THEN excluded.taken_by ELSE w.taken_by END,
    heard_at = greatest(w.heard_at, excluded.heard_at),
    token = CASE WHEN {NEWER} THEN excluded.token ELSE w.token END,
    token_at = CASE WHEN {NEWER} THEN excluded.token_at ELSE w.token_at END,
    token_for = CASE WHEN {NEWER} THEN NULL ELSE w.token_for END
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Opening:
    """What events open for one address; in the words of ``ReplyWindow``."""

    workspace_id: int
    until: datetime | None
    human_until: datetime | None
    messages: int | None
    heard_at: datetime | None
    token: str
    token_at: datetime | None


def open_windows(batch: Sequence[Received]) -> None:
    """Open what these events open, in one statement; none where they open nothing.

    In the order received, in the transaction that stores the messages. The provider's clock counts,
    as far as it is not ahead of ours.
    """
    openings: dict[tuple[str, str], Opening] = {}
    for one in batch:
        event = one.event
        if not isinstance(event, InboundMessage | WindowOpened):
            continue
        opening = _opening(one, event)
        if opening is not None:
            key = (str(one.channel_id), storable(event.sender))
            openings[key] = _then(openings[key], opening) if key in openings else opening
    if openings:
        rows = [_row(*key, opening) for key, opening in openings.items()]
        with connection.cursor() as cursor:
            cursor.execute(OPEN, [orjson.dumps(rows).decode()])


def _opening(received: Received, event: InboundMessage | WindowOpened) -> Opening | None:
    window, human = received.window, received.human_window
    if window is None and human is None and not event.reply_token:
        return None
    at = min(event.occurred_at or received.received_at, received.received_at)
    return Opening(
        workspace_id=received.workspace_id,
        until=_end(at, window),
        human_until=_end(at, human),
        messages=window.messages if window else None,
        heard_at=at if isinstance(event, InboundMessage) else None,
        token=storable(event.reply_token),
        token_at=at if event.reply_token else None,
    )


def _end(at: datetime, window: Window | None) -> datetime | None:
    return at + timedelta(seconds=window.seconds) if window else None


def _then(first: Opening, second: Opening) -> Opening:
    """What two open one after the other, by the same rules as the statement's."""
    until = max(filter(None, (first.until, second.until)), default=None)
    newer = second.heard_at or (first.until is None or until != first.until)
    if second.heard_at and first.heard_at and second.heard_at < first.heard_at:
        newer = False
    token = second if second.token and _later(second.token_at, first.token_at) else first
    return replace(
        second,
        until=until,
        human_until=max(filter(None, (first.human_until, second.human_until)), default=None),
        messages=second.messages if newer else first.messages,
        heard_at=max(filter(None, (first.heard_at, second.heard_at)), default=None),
        token=token.token,
        token_at=token.token_at,
    )


def _later(second: datetime | None, first: datetime | None) -> bool:
    return first is None or (second is not None and second >= first)


def _row(channel: str, address: str, opening: Opening) -> dict[str, object]:
    return {
        "workspace": opening.workspace_id,
        "channel": channel,
        "address": address,
        "until": opening.until,
        "human_until": opening.human_until,
        "messages": opening.messages,
        "heard_at": opening.heard_at,
        "token": opening.token,
        "token_at": opening.token_at,
    }
