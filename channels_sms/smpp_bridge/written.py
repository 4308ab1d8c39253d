"""What customers wrote: single messages, and the parts of long ones until all are there."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import orjson
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from channels_sms.models import ReceivedPart
from channels_sms.smpp_bridge.owner import Owner, let_in
from channels_sms.smpp_bridge.pdus import SAR_NUMBER, SAR_REFERENCE, SAR_TOTAL, Deliver
from channels_sms.smpp_text import HEADER_FLAG, Place, without_header
from gateway.admission import Knock
from gateway.inbound import wake_drain

# An SMSC that did not get our answer delivers again within this time.
REPEATED_WITHIN = timedelta(minutes=15)
# A long message whose last part came so long ago is shown as far as it has come.
PARTS_WAIT = timedelta(minutes=5)


def write(owner: Owner, deliver: Deliver, fresh: set[int]) -> tuple[list[Knock], int]:
    """Note a part; what goes through the door, and the row that was noted or found again.

    Rows in ``fresh`` are not what this may be a repeat of.
    """
    row, several = _row(owner, deliver)
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
        return [], again.pk
    knocks = _part(owner, row) if several else _whole(owner, row)
    return knocks, row.pk


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
    knock = _knock(owner, row, [bytes(row.data)])
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
    return _knock(owner, first, whole)


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
                let_in([_join(owner, parts)])
        wake_drain()


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


def _knock(owner: Owner, row: ReceivedPart, parts: Sequence[bytes | None]) -> Knock:
    return owner.knock(
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
