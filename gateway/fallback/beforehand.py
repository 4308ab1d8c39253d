"""Who is known not to be reached is not tried: the other channel takes over at once."""

from collections.abc import Sequence
from uuid import UUID

from gateway.contract import Reach
from gateway.errors import NotCapable
from gateway.models import Channel, Delivery
from gateway.outbox.changes import announce
from gateway.outbox.clock import database_now
from gateway.reach.asking import fresh
from gateway.states import State

COLUMNS = ["state", "error_class", "error_text", "failed_at"]


def replace_unreachable(channel: Channel, uids: Sequence[UUID]) -> int:
    """Of new deliveries with a fallback those are replaced that would not arrive; how many.

    In the transaction that has queued them, so that none has left.
    """
    rows = Delivery.objects.filter(uid__in=uids, state=State.QUEUED, fallback_s__isnull=False)
    queued = list(rows.order_by("pk").select_for_update())
    reach = fresh(channel, {row.address for row in queued})
    hopeless = [row for row in queued if reach.get(row.address) == Reach.NO]
    if hopeless:
        now = database_now()
        for row in hopeless:
            row.state, row.failed_at = State.FAILED, now
            row.error_class, row.error_text = NotCapable.__name__, "The provider said so before."
        Delivery.objects.filter(pk__in=[row.pk for row in hopeless]).update(
            **{name: getattr(hopeless[0], name) for name in COLUMNS}
        )
        announce(hopeless)
    return len(hopeless)
