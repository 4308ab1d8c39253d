"""Messages and receipts from an SMSC: stored at the gateway's door before they are acknowledged.

The bridge has the same database as the door, so it goes through the door's own admission
(signature, inbound log) in the transaction that notes the part. A bridge that dies at any moment
has either stored and may be given it again, which is recognised, or has not acknowledged it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from django.db import DatabaseError, transaction

from channels_sms.models import ReceivedPart
from channels_sms.smpp_bridge import receipts
from channels_sms.smpp_bridge.owner import NotStored, Owner, let_in
from channels_sms.smpp_bridge.pdus import Deliver
from channels_sms.smpp_bridge.reported import Early, report
from channels_sms.smpp_bridge.session import Session
from channels_sms.smpp_bridge.written import write
from channels_sms.smpp_errors import TEMPORARY
from gateway.admission import Knock
from gateway.inbound import wake_drain

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Heard:
    """A deliver_sm and what becomes of it: the status to answer over the session it came by, and
    the row that was noted.

    ``early``: a receipt of a message that the journal does not know (yet).
    """

    deliver: Deliver
    session: Session
    status: int = TEMPORARY
    row: int | None = None
    early: bool = False
    last_chance: bool = False
    knocks: list[Knock] = field(default_factory=list)


def take(owner: Owner, group: Sequence[Heard]) -> None:
    """Store all in one transaction; where that fails, each in its own. Sets ``status``.

    A group came over one bind without a pause, so none of it repeats another of it: a customer may
    well write the same twice.
    """
    try:
        _store(owner, group, fresh=set())
    except (DatabaseError, NotStored):
        fresh: set[int] = set()
        for heard in group:
            try:
                _store(owner, [heard], fresh)
            except (DatabaseError, NotStored) as error:
                heard.status = TEMPORARY
                logger.error("message not stored", channel=str(owner.channel_id), exc_info=error)
    if any(heard.knocks for heard in group):
        wake_drain()


def _store(owner: Owner, group: Sequence[Heard], fresh: set[int]) -> None:
    with transaction.atomic():
        for heard in group:
            heard.status = 0
            _understand(owner, heard, fresh)
        let_in([knock for heard in group for knock in heard.knocks])


def _understand(owner: Owner, heard: Heard, fresh: set[int]) -> None:
    heard.early, heard.row, heard.knocks = False, None, []
    if not receipts.is_receipt(heard.deliver):
        heard.knocks, heard.row = write(owner, heard.deliver, fresh)
        fresh.add(heard.row)
        return
    try:
        heard.knocks = report(owner, heard.deliver, last_chance=heard.last_chance)
    except Early:
        heard.early = True


def answered(pks: Sequence[int], *, really: bool = True) -> None:
    """The SMSC has our answers (or, on second thoughts, may not have them)."""
    ReceivedPart.objects.filter(pk__in=pks).update(answered=really)
