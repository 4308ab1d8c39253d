"""Messages and receipts from an SMSC: stored at the gateway's door before they are acknowledged.

The bridge has the same database as the door, so it goes through the door's own admission (signature,
inbound log) in the transaction that notes the part. A bridge that dies at any moment has either
stored and may be given it again, which is recognised, or has not acknowledged it.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from channels_sms import smpp_signature
from channels_sms.models import ReceivedPart, SubmittedPart
from channels_sms.smpp_account import Account
from channels_sms.smpp_bridge import receipts
from channels_sms.smpp_bridge.pdus import SAR_NUMBER, SAR_REFERENCE, SAR_TOTAL, Deliver
from channels_sms.smpp_bridge.session import Session
from channels_sms.smpp_errors import RECEIPTS, TEMPORARY
from channels_sms.smpp_text import HEADER_FLAG, Place, without_header
from channels_sms.smpp_webhooks import JSON
from gateway.admission import Knock, admit
from gateway.contract import WebhookRequest
from gateway.inbound import wake_drain
from gateway.states import State

logger = structlog.get_logger(__name__)

# An SMSC that did not get our answer delivers again within this time.
REPEATED_WITHIN = timedelta(minutes=15)
# A long message whose last part came so long ago is shown as far as it has come.
PARTS_WAIT = timedelta(minutes=5)


class NotStored(Exception):
    """The door did not take it."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The channel that hears."""

    channel_id: UUID
    workspace_id: int
    account: Account
    key: bytes


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
            heard.early, heard.row, heard.status = False, None, 0
            heard.knocks = list(_understand(owner, heard, fresh))
            fresh.update([heard.row] if heard.row else [])
        _knock([knock for heard in group for knock in heard.knocks])


def _knock(knocks: Sequence[Knock]) -> None:
    if knocks:
        admit(knocks)
    if not all(knock.stored for knock in knocks):
        raise NotStored


def _understand(owner: Owner, heard: Heard, fresh: set[int]) -> Iterable[Knock]:
    if receipts.is_receipt(heard.deliver):
        return _receipt(owner, heard)
    return _message(owner, heard, fresh)


# --- Receipts -------------------------------------------------------------------------------------


def _receipt(owner: Owner, heard: Heard) -> list[Knock]:
    found = receipts.read(heard.deliver, owner.account.receipt_ids)
    if found is None:
        return [_event(owner, {"type": "receipt without id", "to": heard.deliver.source})]
    row = (
        SubmittedPart.objects.filter(channel_id=owner.channel_id, message_id=found.message_id)
        .order_by("-pk")
        .first()
    )
    if row is None:
        heard.early = not heard.last_chance
        # Another system's, on the same account: kept, and nothing follows from it.
        about = {"id": found.message_id, "to": heard.deliver.source, "delivery": ""}
        return [] if heard.early else [_receipt_event(owner, found, about)]
    parts = list(
        SubmittedPart.objects.filter(submission=row.submission).order_by("pk").select_for_update()
    )
    if not _moves(found, row, parts):
        return []
    about = {"id": row.external_id, "to": row.address, "delivery": str(row.delivery_uid)}
    return [_receipt_event(owner, found, about)]


def _moves(found: receipts.Receipt, row: SubmittedPart, parts: Sequence[SubmittedPart]) -> bool:
    """Note the part's state; whether it is now the whole message's: delivered when all parts are."""
    state = RECEIPTS.get(found.stat, (None, None))[0]
    if state is State.DELIVERED:
        row.state = SubmittedPart.State.DELIVERED
    elif state is State.FAILED and row.state != SubmittedPart.State.DELIVERED:
        row.state = SubmittedPart.State.FAILED
    row.save(update_fields=["state"])
    others = [part for part in parts if part.pk != row.pk]
    return state is not State.DELIVERED or all(
        part.state == SubmittedPart.State.DELIVERED for part in others
    )


def _receipt_event(owner: Owner, found: receipts.Receipt, about: Mapping[str, str]) -> Knock:
    return _event(owner, {"type": "receipt", **about, "stat": found.stat, "err": found.err})


# --- Messages -------------------------------------------------------------------------------------


def _message(owner: Owner, heard: Heard, fresh: set[int]) -> list[Knock]:
    row, several = _row(owner, heard.deliver)
    again = (
        ReceivedPart.objects.filter(
            channel_id=owner.channel_id,
            digest=row.digest,
            answered=False,
            received_at__gte=Now() - REPEATED_WITHIN,
        )
        .exclude(pk__in=fresh)
        .first()
    )
    if again is not None:
        # Stored before, but the SMSC never got our answer.
        heard.row = again.pk
        return []
    knocks = _part(owner, row) if several else _whole(owner, row)
    heard.row = row.pk
    return knocks


def _row(owner: Owner, deliver: Deliver) -> tuple[ReceivedPart, bool]:
    """The row to note, and whether it is one of several parts."""
    place, data = _place(deliver)
    row = ReceivedPart(
        workspace_id=owner.workspace_id,
        channel_id=owner.channel_id,
        external_id=uuid4().hex,
        digest=_digest(deliver),
        source=deliver.source,
        source_ton=deliver.source_ton,
        target=deliver.target,
        target_ton=deliver.target_ton,
        coding=deliver.coding,
        data=data,
    )
    if place is not None:
        row.reference, row.number, row.total = place.reference, place.number, place.total
    return row, place is not None


def _whole(owner: Owner, row: ReceivedPart) -> list[Knock]:
    knock = _message_event(owner, row, [row.data])
    row.handed_in, row.data = True, b""
    row.save()
    return [knock]


def _part(owner: Owner, row: ReceivedPart) -> list[Knock]:
    waiting, knocks = _waiting(row), []
    row.save()
    if any(part.number == row.number for part in waiting):
        # The sender's references have come round: what waited is another message.
        knocks, waiting = [_join(owner, waiting)], []
    if len(waiting) + 1 == row.total:
        knocks.append(_join(owner, [*waiting, row]))
    return knocks


def _waiting(row: ReceivedPart) -> list[ReceivedPart]:
    found = ReceivedPart.objects.filter(
        channel_id=row.channel_id,
        source=row.source,
        target=row.target,
        reference=row.reference,
        total=row.total,
        handed_in=False,
    )
    return list(found.order_by("pk").select_for_update())


def _join(owner: Owner, parts: Sequence[ReceivedPart]) -> Knock:
    """The message of these parts, with gaps; the first that came gives it its id."""
    first = min(parts, key=lambda part: part.pk)
    data = {part.number: bytes(part.data) for part in parts}
    ReceivedPart.objects.filter(pk__in=[part.pk for part in parts]).update(handed_in=True, data=b"")
    whole = [data.get(number) for number in range(1, first.total + 1)]
    return _message_event(owner, first, whole)


def join_overdue(owner: Owner) -> None:
    """Hand in long messages of which a part has been missing for too long, with a gap."""
    waiting = ReceivedPart.objects.filter(channel_id=owner.channel_id, handed_in=False)
    names = ("source", "target", "reference", "total")
    late = (
        waiting.values(*names)
        .annotate(last=Max("received_at"))
        .filter(last__lt=Now() - PARTS_WAIT)
        .values_list(*names)
    )
    for group in list(late):
        with transaction.atomic():
            about = dict(zip(names, group, strict=True))
            parts = list(waiting.filter(**about).order_by("pk").select_for_update())
            if parts:
                _knock([_join(owner, parts)])
        wake_drain()


def answered(pks: Sequence[int], *, really: bool = True) -> None:
    """The SMSC has our answers (or, on second thoughts, may not have them)."""
    ReceivedPart.objects.filter(pk__in=pks).update(answered=really)


def _place(deliver: Deliver) -> tuple[Place | None, bytes]:
    """Which part of a long message this is, by its header or its TLVs; and its text."""
    if deliver.esm_class & HEADER_FLAG:
        return _of_several(*without_header(deliver.data))
    sar = [deliver.tlvs.get(tag, b"") for tag in (SAR_REFERENCE, SAR_NUMBER, SAR_TOTAL)]
    if all(sar):
        place = Place(*(int.from_bytes(value) for value in sar))
        if 1 <= place.number <= place.total:
            return _of_several(place, deliver.data)
    return None, deliver.data


def _of_several(place: Place | None, data: bytes) -> tuple[Place | None, bytes]:
    return (place if place and place.total > 1 else None), data


def _digest(deliver: Deliver) -> str:
    """What is the same when an SMSC delivers again: all but the sequence number."""
    about = [deliver.source, deliver.target, deliver.esm_class, deliver.coding, deliver.data.hex()]
    tlvs = sorted((tag, value.hex()) for tag, value in deliver.tlvs.items())
    return hashlib.sha256(orjson.dumps([about, tlvs])).hexdigest()


def _message_event(owner: Owner, row: ReceivedPart, parts: Sequence[bytes | None]) -> Knock:
    return _event(
        owner,
        {
            "type": "message",
            "id": row.external_id,
            "from": row.source,
            "from_ton": row.source_ton,
            "to": row.target,
            "to_ton": row.target_ton,
            "data_coding": row.coding,
            "parts": [None if part is None else part.hex() for part in parts],
        },
    )


def _event(owner: Owner, event: Mapping[str, Any]) -> Knock:
    body = orjson.dumps(event)
    url = f"{settings.PUBLIC_URL}{reverse('webhook', args=[owner.channel_id])}"
    signature = smpp_signature.signature(owner.key, url, body)
    headers = {"content-type": JSON, smpp_signature.HEADER: signature}
    request = WebhookRequest("POST", url, headers, body, timezone.now())
    return Knock(owner.channel_id, request, uuid4().hex)
