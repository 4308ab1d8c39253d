"""What a receipt means for the message that its part belongs to."""

from collections.abc import Mapping, Sequence

from channels_sms.models import SubmittedPart
from channels_sms.smpp_bridge import receipts
from channels_sms.smpp_bridge.owner import Owner
from channels_sms.smpp_bridge.pdus import Deliver
from channels_sms.smpp_errors import RECEIPTS
from gateway.admission import Knock
from gateway.states import ENDED, State


class Early(Exception):
    """The journal does not know the message, perhaps not yet."""


def report(owner: Owner, deliver: Deliver, *, last_chance: bool) -> list[Knock]:
    """Note a receipt; what goes through the door, if it says something of the whole message.

    Raises Early for a message that the journal does not know, unless this is the ``last_chance``.
    """
    found = receipts.read(deliver, owner.account.receipt_ids)
    if found is None:
        return [owner.knock({"type": "receipt without id", "to": deliver.source})]
    row = (
        SubmittedPart.objects.filter(channel_id=owner.channel_id, message_id=found.message_id)
        .order_by("-pk")
        .first()
    )
    if row is None:
        if not last_chance:
            raise Early
        # Another system's, on the same account: kept, and nothing follows from it.
        about = {"id": found.message_id, "to": deliver.source, "delivery": ""}
        return [_knock(owner, found, about)]
    parts = list(
        SubmittedPart.objects.filter(submission=row.submission).order_by("pk").select_for_update()
    )
    # Without a name: parts before this one were never answered, so it stays unclear.
    if not _moves(found, row, parts) or not row.external_id:
        return []
    about = {"id": row.external_id, "to": row.address, "delivery": str(row.delivery_uid)}
    return [_knock(owner, found, about)]


def _moves(found: receipts.Receipt, row: SubmittedPart, parts: Sequence[SubmittedPart]) -> bool:
    """Note the part's state; whether it is now the message's: delivered when all parts are."""
    state = RECEIPTS.get(found.stat, (None, None))[0]
    if state is State.DELIVERED:
        row.state = SubmittedPart.State.DELIVERED
    elif state in ENDED and row.state != SubmittedPart.State.DELIVERED:
        row.state = SubmittedPart.State.FAILED
    row.save(update_fields=["state"])
    others = [part for part in parts if part.pk != row.pk]
    return state is not State.DELIVERED or all(
        part.state == SubmittedPart.State.DELIVERED for part in others
    )


def _knock(owner: Owner, found: receipts.Receipt, about: Mapping[str, str]) -> Knock:
    return owner.knock({"type": "receipt", **about, "stat": found.stat, "err": found.err})
