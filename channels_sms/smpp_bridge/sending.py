"""Sends a message over a line: part after part, never one twice.

As soon as one part has been taken, the message cannot be sent again without doubling that part. So
what is certainly not taken at all may come again, and everything else ends in words.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

import structlog

from channels_sms import smpp_errors
from channels_sms.smpp_bridge import pdus, receipts
from channels_sms.smpp_bridge.journal import State, Submission
from channels_sms.smpp_bridge.line import Line
from channels_sms.smpp_bridge.session import Answer, NotSent, Unclear
from channels_sms.smpp_text import Part, parts
from gateway.errors import Ambiguous, Rejected, SendError, Throttled, Unreachable

logger = structlog.get_logger(__name__)

# The outbox waits half a minute for an answer. A part begun by then is answered within 10 s more.
SEND_SECONDS = 18.0
BIND_SECONDS = 5.0
THROTTLED_SECONDS = 1.0
NOTE_TRIES = 300


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to submit; ``validity_s`` in seconds, None: as long as the SMSC tries.

    ``sender`` empty: the account's own.
    """

    delivery_uid: UUID
    to: str
    text: str
    validity_s: int | None = None
    sender: str = ""


async def send(line: Line, message: Outgoing) -> str:
    """Submit a message and wait for the SMSC; the id by which it is known from now on.

    Raises a SendError: Ambiguous whenever a part of it may have been taken but not all has.
    """
    delivery_uid = message.delivery_uid
    if line.stopping or delivery_uid in line.sending:
        raise Unreachable("The bridge stops." if line.stopping else "It is being sent already.")
    # A task of its own: an outbox that goes away in the middle must not cut it off.
    task: asyncio.Task[object] = asyncio.create_task(_send(line, message))
    line.sending[delivery_uid] = task
    task.add_done_callback(lambda _: line.sending.pop(delivery_uid, None))
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return str(await asyncio.shield(task))


async def _send(line: Line, message: Outgoing) -> str:
    account, deadline = line.owner.account, monotonic() + SEND_SECONDS
    await line.wait_bound(min(deadline, monotonic() + BIND_SECONDS))
    whole = account.long_messages == "payload"
    pieces = parts(
        message.text, alphabet=account.alphabet, whole=whole, validity_s=message.validity_s
    )
    owner = line.owner
    submission = Submission(
        owner.workspace_id,
        owner.channel_id,
        message.delivery_uid,
        message.to,
        len(pieces),
        sender=message.sender,
    )
    try:
        await line.journal.begin(submission)
    except Exception as error:
        logger.exception("submission not noted", channel=str(submission.channel_id))
        raise Unreachable("The bridge cannot write its journal.") from error
    try:
        await _submit_all(line, submission, pieces, deadline)
    except SendError as error:
        certain = not isinstance(error, Ambiguous)
        submission.state = State.REFUSED if certain else State.SUBMITTING
        await _end(line, submission)
        raise
    await _end(line, submission)
    return submission.external_id


async def _end(line: Line, submission: Submission) -> None:
    """Note the outcome; while the database is away the outbox is told it all the same."""
    try:
        await line.journal.end(submission)
    except Exception:
        logger.exception("outcome not noted yet", channel=str(submission.channel_id))
        line.spawn(_end_later(line, submission))


async def _end_later(line: Line, submission: Submission) -> None:
    for _ in range(NOTE_TRIES):
        await asyncio.sleep(THROTTLED_SECONDS)
        try:
            await line.journal.end(submission)
        except Exception:
            logger.exception("outcome not noted yet", channel=str(submission.channel_id))
        else:
            return


async def _submit_all(
    line: Line, submission: Submission, pieces: Sequence[Part], deadline: float
) -> None:
    reference = next(line.references)
    for piece in pieces:
        try:
            answer = await _submit(line, submission, piece, reference, deadline)
        except Unclear as error:
            _learn_later(line, submission, piece, error)
            raise Ambiguous(str(error)) from error
        except SendError as error:
            if not submission.message_ids or type(error) in smpp_errors.PERMANENT:
                raise
            raise Ambiguous(_partly(submission, error.text), code=error.code) from error
        _accept(line, submission, piece, answer)


async def _submit(
    line: Line, submission: Submission, piece: Part, reference: int, deadline: float
) -> Answer:
    """The answer to a part that was taken. What is sure not to have been taken is tried again
    while parts before it were.
    """
    while True:
        try:
            session = await line.wait_bound(deadline)
            answer = await session.submit(
                submission.address, piece, reference, deadline, submission.sender
            )
        except NotSent as error:
            problem: SendError = Throttled(str(error), retry_after=THROTTLED_SECONDS)
        else:
            if answer.status == 0:
                return answer
            problem = _refusal(submission, answer.status)
        retryable = isinstance(problem, Throttled | Unreachable)
        if not retryable or not submission.message_ids or monotonic() > deadline:
            raise problem
        await asyncio.sleep(THROTTLED_SECONDS)


def _refusal(submission: Submission, status: int) -> SendError:
    known, code = smpp_errors.meaning(status), smpp_errors.code(status)
    if issubclass(known.error, Throttled):
        return Throttled(known.text, code=code, retry_after=THROTTLED_SECONDS)
    # It is bound: what is wrong concerns this message.
    error = known.error if known.error in {Unreachable, *smpp_errors.PERMANENT} else Rejected
    text = _partly(submission, known.text) if submission.message_ids else known.text
    return error(text, code=code)


def _partly(submission: Submission, text: str) -> str:
    return f"{text} ({len(submission.message_ids)} of {submission.total} parts were accepted)"


def _accept(line: Line, submission: Submission, piece: Part, answer: Answer) -> None:
    shown = pdus.accepted_id(answer.octets)
    if not shown:
        raise Ambiguous("The SMSC accepted the message but its answer names none.")
    kept = receipts.accepted_id(shown, line.owner.account.receipt_ids)
    submission.accept(piece.number, kept, shown)


def _learn_later(line: Line, submission: Submission, piece: Part, unclear: Unclear) -> None:
    """An answer that comes too late for the outbox still makes receipts and questions clear."""

    def learn(done: "asyncio.Future[Answer]") -> None:
        if done.cancelled() or done.exception() or done.result().status:
            return
        try:
            _accept(line, submission, piece, done.result())
        except Ambiguous:
            return
        line.spawn(_end(line, submission))

    if unclear.late is not None:
        unclear.late.add_done_callback(learn)
