"""What is let in at the door: verified, then stored, many requests in one statement."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from gateway.contract import Adapter, WebhookRequest
from gateway.errors import BadSignature, Malformed
from gateway.inbound import as_arrival, count_refusals
from gateway.intake import Arrival, store_all
from gateway.known import KnownChannel, read_anew, remembered
from gateway.models import Channel
from gateway.registry import UnknownKind

logger = structlog.get_logger(__name__)

# A channel may change once more between the look at it and the INSERT; that often is enough.
LOOKS = 2
MOST_LOGGED = 20
CHECK_AFTER = 1.0  # seconds


class _Checked(threading.local):
    """When this thread's connection to the database was last looked at (monotonic seconds)."""

    at = float("-inf")


_checked = _Checked()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider is told."""

    status: int
    body: str = ""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)


UNKNOWN_CHANNEL = Answer(404, "Unknown channel.")
SWITCHED_OFF = Answer(404, "This channel is switched off.")
BAD_SIGNATURE = Answer(403, "Bad signature.")
TRY_AGAIN = Answer(503, "Try again.", headers={"Retry-After": "5"})


class SwitchedOff(Exception):
    """The request is right, but its channel lets nobody in."""


@dataclass(slots=True)
class Knock:
    """A request at the door and what it is told; ``refusal``: what is wrong with its signature.

    ``kept`` is what of it is stored, where that is not all: what concerns this channel.
    """

    channel_id: UUID
    request: WebhookRequest
    request_id: str
    kept: WebhookRequest | None = None
    adapter: Adapter | None = None
    arrival: Arrival | None = None
    answer: Answer | None = None
    refusal: str = ""
    stored: bool = False


def glance(knock: Knock) -> None:
    """Verify with what this process remembers of the channel; asks no database.

    Where that is not enough the knock stays open: the channel may be new, or its token changed.
    """
    channel = remembered(knock.channel_id)
    if channel is None:
        return
    try:
        _verify(knock, channel)
    except (BadSignature, SwitchedOff):
        return
    except Exception as error:
        knock.answer = _refusal(knock, error)


def admit(knocks: Sequence[Knock]) -> None:
    """Store those that were found right in one statement, look again at the others, answer all.

    A knock that is left without an answer shall come again.
    """
    see_to_connection()
    _store(knocks)
    for _ in range(LOOKS):
        unanswered = [knock for knock in knocks if knock.answer is None]
        if unanswered:
            _look_again(unanswered)
            _store(unanswered)
    _count_refused(knocks)


def see_to_connection() -> None:
    """What Django does for its requests: give up a connection that is broken or too old.

    The check is a statement of its own, so it is not made for each group of a burst.
    """
    now = time.monotonic()
    if connection.errors_occurred or now - _checked.at > CHECK_AFTER:
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        _checked.at = now


def _verify(knock: Knock, channel: KnownChannel) -> None:
    channel.adapter.verify(knock.request)
    if not channel.enabled:
        raise SwitchedOff
    greeting = channel.adapter.handshake(knock.request)
    if greeting is not None:
        knock.answer = Answer(greeting.status, greeting.body, greeting.content_type)
        return
    kept = knock.kept or knock.request
    key = channel.adapter.shard_key(kept)
    knock.adapter = channel.adapter
    knock.arrival = as_arrival(channel, kept, key, knock.request_id)


def _look_again(knocks: Sequence[Knock]) -> None:
    """Make arrivals or answers with the channels as they are now, read in one statement."""
    for knock in knocks:
        knock.arrival = None
    try:
        channels = read_anew({knock.channel_id for knock in knocks})
    except Exception as error:
        for knock in knocks:
            knock.answer = _refusal(knock, error)
        return
    for knock in knocks:
        found = channels.get(knock.channel_id) or Channel.DoesNotExist()
        try:
            if isinstance(found, Exception):
                raise found
            _verify(knock, found)
        except BadSignature as error:
            knock.answer, knock.refusal = BAD_SIGNATURE, str(error)
        except Exception as error:
            knock.answer = _refusal(knock, error)


def _store(knocks: Sequence[Knock]) -> None:
    """Store what has been found right; a channel that has changed meanwhile leaves it open."""
    arrivals = [knock.arrival for knock in knocks if knock.arrival is not None]
    if arrivals:
        store_all(arrivals)
    for knock in knocks:
        conclude(knock)


def conclude(knock: Knock) -> None:
    """Answer a knock whose arrival is stored, or cannot be; others stay open."""
    arrival, adapter = knock.arrival, knock.adapter
    if knock.answer is not None or arrival is None or adapter is None:
        return
    if arrival.error is not None:
        knock.answer = _refusal(knock, arrival.error)
    elif arrival.stored_id is not None:
        knock.stored = True
        try:
            said = adapter.acknowledge(knock.request)
            knock.answer = Answer(said.status, said.body, said.content_type)
        except Exception as error:  # of one adapter: the others of the group have their answers
            knock.answer = _refusal(knock, error)


def _refusal(knock: Knock, error: Exception) -> Answer:
    if isinstance(error, Channel.DoesNotExist | UnknownKind):
        return UNKNOWN_CHANNEL
    if isinstance(error, SwitchedOff):
        return SWITCHED_OFF
    if isinstance(error, Malformed):
        return Answer(400, str(error))
    log = logger.bind(request_id=knock.request_id, channel=str(knock.channel_id))
    if isinstance(error, OperationalError | InterfaceError):
        log.error("webhook not stored: database away", exc_info=error)
        return TRY_AGAIN
    log.error("webhook not stored", exc_info=error)
    return Answer(500, "Try again.")


def _count_refused(knocks: Iterable[Knock]) -> None:
    """Log and count bad signatures by channel, so that a flood of them costs little."""
    refused: defaultdict[UUID, list[Knock]] = defaultdict(list)
    for knock in knocks:
        if knock.refusal:
            refused[knock.channel_id].append(knock)
    if not refused:
        return
    for channel_id, ones in refused.items():
        logger.warning(
            "webhooks refused",
            channel=str(channel_id),
            count=len(ones),
            reasons=sorted({knock.refusal for knock in ones}),
            request_ids=[knock.request_id for knock in ones[:MOST_LOGGED]],
        )
    try:
        count_refusals({channel_id: len(ones) for channel_id, ones in refused.items()})
    except DatabaseError as error:  # they are refused all the same
        logger.error("refused webhooks not counted", exc_info=error)
