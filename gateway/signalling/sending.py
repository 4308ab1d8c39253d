"""Sends signals to customers beside the outbox: late they are worth nothing, lost they do no harm.

A signal never pauses its channel: what is wrong with it, the next message finds out.
"""

import asyncio
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

import aiohttp
import structlog
from celery import current_app
from django.core.cache import cache
from django.db import transaction
from kombu.exceptions import KombuError
from redis import RedisError

from gateway import grants
from gateway.contract import Reach, Signal, SignalSteps
from gateway.errors import Ambiguous, NotCapable, Rejected, SendError
from gateway.exchange import Exchange
from gateway.known import KnownChannel, read_anew, remembered
from gateway.models import Channel, ChannelLog
from gateway.reach.asking import fresh
from gateway.transport import drive, new_session
from gateway.wake import client

logger = structlog.get_logger(__name__)

TASK = "gateway.tasks.send_signal"
# In seconds: after so long in the queue it is thrown away, and so long a provider may take.
EXPIRES = {Signal.TYPING: 10.0, Signal.READ: 600.0}
PATIENCE = {Signal.TYPING: 4.0, Signal.READ: 8.0}
# Waits before a READ is tried a second and a third time.
AGAIN = (5.0, 30.0)
# After a failure nothing is tried for so long, with the customer it was about or the whole channel:
# one line of the log says it, and a provider that hangs does not hold up the queue.
REST = 30
# For how long it is remembered that a message was told to be read.
READ_REMEMBERED = 8 * 86_400


@dataclass(frozen=True, slots=True)
class Wanted:
    """A signal as it travels to a worker; see ``Adapter.signal``. ``tries``: with this one."""

    channel_id: str
    signal: str
    address: str
    uid: str
    about: str = ""
    tries: int = 1


def signals_of(channel: Channel) -> frozenset[Signal]:
    """What customers of this channel can be shown now; its config may be deferred."""
    if not channel.enabled or channel.paused_at is not None:
        return frozenset()
    known = _known(channel)
    return known.adapter.capabilities.signals if known else frozenset()


def _known(channel: Channel) -> KnownChannel | None:
    known = remembered(channel.pk)
    if known is not None and known.version == channel.updated_at:
        return known
    found = read_anew([channel.pk]).get(channel.pk)
    return None if isinstance(found, Exception) else found


def typing_is_about(channel: Channel) -> bool:
    """Whether this channel shows that somebody writes below a message of the customer's."""
    known = _known(channel) if Signal.TYPING in signals_of(channel) else None
    return known is not None and known.adapter.capabilities.typing_about


def is_read_by_token(channel: Channel) -> bool:
    """Whether a message is reported read by its ``read_token``, not by its id."""
    known = _known(channel) if Signal.READ in signals_of(channel) else None
    return known is not None and known.adapter.capabilities.by_token


def show_typing(channel: Channel, address: str, about: str = "") -> None:
    """Show this customer that somebody is writing to them, once the transaction has committed."""
    if Signal.TYPING in signals_of(channel):
        _queue(Wanted(str(channel.pk), Signal.TYPING, address, str(uuid.uuid4()), about))


def show_read(channel: Channel, address: str, external_id: str) -> None:
    """Show this customer that their message was read, once; after the transaction.

    ``external_id``: its ``read_token`` where that is what the provider wants.

    Should it be forgotten that this was done, the provider recognises the repeat by its id.
    """
    uid = str(uuid.uuid5(channel.pk, f"read {external_id}"))
    if Signal.READ in signals_of(channel) and cache.add(f"signal:{uid}", 1, READ_REMEMBERED):
        _queue(Wanted(str(channel.pk), Signal.READ, address, uid, external_id))


def _queue(wanted: Wanted) -> None:
    transaction.on_commit(lambda: _send_task(wanted))


def _send_task(wanted: Wanted, wait: float = 0) -> None:
    expires = wait + EXPIRES[Signal(wanted.signal)]
    try:
        client().ping()  # a Redis that is away is noticed at once, which Celery takes longer for
        current_app.send_task(TASK, kwargs=asdict(wanted), countdown=wait, expires=expires)
    except (RedisError, KombuError, OSError) as error:
        logger.warning("signal lost", reason=type(error).__name__)


def send(wanted: Wanted) -> None:
    """Show it now if it can still be shown; what goes wrong is one line of the channel's log.

    A READ that may succeed later is queued again, at most twice.
    """
    channel = Channel.objects.filter(pk=wanted.channel_id).first()
    if channel is None or Signal(wanted.signal) not in signals_of(channel):
        return
    if fresh(channel, [wanted.address]).get(wanted.address, Reach.YES) is not Reach.YES:
        return
    if not cache.get_many(_rests(wanted)):
        error = _try(channel, wanted)
        if error is None or not (error.retryable or isinstance(error, Ambiguous)):
            return
    if wanted.signal == Signal.READ and wanted.tries <= len(AGAIN):
        _send_task(replace(wanted, tries=wanted.tries + 1), AGAIN[wanted.tries - 1])


def _rests(wanted: Wanted) -> tuple[str, str]:
    """Where it is noted that the whole channel, or this customer, is left alone."""
    person = uuid.uuid5(uuid.UUID(wanted.channel_id), wanted.address)
    return f"signal:rest:{wanted.channel_id}", f"signal:rest:{person}"


def _try(channel: Channel, wanted: Wanted) -> SendError | None:
    """What went wrong, if anything."""
    known, signal = _known(channel), Signal(wanted.signal)
    if known is None:
        return None
    exchanges: list[Exchange] = []
    try:
        steps = known.adapter.signal(signal, wanted.address, uid=wanted.uid, about=wanted.about)
        asyncio.run(_drive(steps, exchanges, PATIENCE[signal]))
    except SendError as error:
        whole, person = _rests(wanted)
        cache.set(person if isinstance(error, NotCapable | Rejected) else whole, 1, REST)
        _log(channel, signal, exchanges, error)
        return error
    return None


async def _drive(steps: SignalSteps, exchanges: list[Exchange], seconds: float) -> None:
    timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=seconds / 2)
    async with new_session(timeout) as session:
        grants.adopt(session, _tokens())
        await drive(session, steps, exchanges)


@lru_cache(maxsize=1)
def _tokens() -> grants.Tokens:
    """This process's: a signal has a session of its own and shall not ask for a token again."""
    return grants.Tokens()


def _log(channel: Channel, signal: Signal, exchanges: list[Exchange], error: SendError) -> None:
    """One line, also when no request was made at all."""
    nothing = Exchange("", str(signal), None, "", "", 0, datetime.now(UTC))
    row: ChannelLog = (exchanges[-1] if exchanges else nothing).log_row(
        workspace_id=channel.workspace_id,
        channel_id=channel.pk,
        kind="signal",
        error=error.text,
        error_class=error.name,
    )
    row.save()
