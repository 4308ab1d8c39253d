"""Mails of an IMAP folder into the inbound log, in the transaction that moves the cursor.

A process that dies at any moment has either taken a mail and moved on, or neither.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import compat32

from django.db import transaction
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from channels_email.bridge.owner import Owner, let_in
from channels_email.models import MailboxCursor, TakenMail
from gateway.inbound import wake_drain
from gateway.models import Channel

# Mail may have been on its way when the folder was last looked at.
OVERLAP = timedelta(days=7)
# Our clock and the mail server's are hardly further apart.
SKEW = timedelta(minutes=5)
REMEMBERED = timedelta(days=90)
# A channel whose folder is opened for the first time later than this is an old one that reads it
# from now on; until then, what came since the channel was made is its mail.
FIRST_OPENED = timedelta(days=1)
CHECKED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail as the server gave it; ``arrived`` by the server's clock, None when it did not say."""

    uid: int
    raw: bytes
    arrived: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder is read; ``since``: only what arrived from then on is looked at.

    After such a look all up to ``highest`` counts as read.
    """

    last_uid: int
    since: datetime | None = None
    highest: int = 0


def place(owner: Owner) -> str:
    """What makes a mailbox the same one."""
    server = owner.account.imap
    said = "\n".join([server.host.lower(), server.user, owner.account.folder])
    return hashlib.sha256(said.encode()).hexdigest()


@transaction.atomic
def resume(owner: Owner, uidvalidity: int, highest: int) -> Cursor:
    """Where to go on. A mailbox that is new begins with its channel; one that the channel was
    given later begins after ``highest``, the last UID there now.

    One whose mails have been numbered anew is compared with what was taken from it.
    """
    row = _locked(owner)
    if row is None:
        made_at = Channel.objects.values_list("created_at", flat=True).get(pk=owner.channel_id)
        if made_at > timezone.now() - FIRST_OPENED:
            begins = made_at.replace(microsecond=0)  # servers tell whole seconds
            _begin(owner, uidvalidity, 0, started_at=begins, resync_from=begins)
            return Cursor(0, begins, highest)
    if row is not None and row.place != place(owner):
        row.delete()
        row = None
    if row is None:
        _begin(owner, uidvalidity, highest)
        return Cursor(highest)
    if row.uidvalidity != uidvalidity:
        row.uidvalidity, row.last_uid = uidvalidity, 0
        row.resync_from = max(row.resync_from or row.checked_at, row.started_at) - OVERLAP
        row.save()
    return Cursor(row.last_uid, row.resync_from, highest)


def _begin(owner: Owner, uidvalidity: int, last_uid: int, **times: datetime) -> None:
    MailboxCursor.objects.create(
        workspace_id=owner.workspace_id,
        channel_id=owner.channel_id,
        place=place(owner),
        uidvalidity=uidvalidity,
        last_uid=last_uid,
        **times,
    )


def take(owner: Owner, uidvalidity: int, mails: Sequence[Fetched], upto: int) -> int:
    """Store what is new of these and move on to ``upto``; how many were stored.

    Raises NotStored when the door does not take one: all of them come again.
    """
    with transaction.atomic():
        row = _locked(owner)
        if row is None or row.uidvalidity != uidvalidity or row.last_uid >= upto:
            return 0  # somebody else has been here meanwhile
        fresh = _fresh(owner, row, [one for one in mails if one.uid > row.last_uid])
        let_in([owner.mail(one.raw) for one in fresh])
        row.last_uid = upto
        row.save(update_fields=["last_uid"])
    if fresh:
        wake_drain()
    return len(fresh)


def caught_up(owner: Owner, uidvalidity: int, upto: int) -> None:
    """Nothing is left to take at this moment; a comparison leaves nothing unread up to ``upto``."""
    rows = MailboxCursor.objects.filter(channel_id=owner.channel_id, uidvalidity=uidvalidity)
    old = timezone.now() - CHECKED_EVERY
    rows.filter(checked_at__lt=old).update(checked_at=Now())
    rows.exclude(resync_from=None).update(
        checked_at=Now(), resync_from=None, last_uid=Greatest("last_uid", upto)
    )


def prune() -> None:
    """Forget mails that no comparison will ask for: those taken long before the last look."""
    for row in MailboxCursor.objects.all():
        old = row.checked_at - REMEMBERED
        TakenMail.objects.filter(channel_id=row.channel_id, taken_at__lt=old).delete()


def digest(raw: bytes) -> str:
    """What is the same of a mail whatever server it lies on: its names and its body.

    A mail without a Message-ID is known by all of it.
    """
    plain = raw.replace(b"\r\n", b"\n")
    head, _, body = plain.partition(b"\n\n")
    parsed = message_from_bytes(head + b"\n\n", policy=compat32)
    if not str(parsed.get("Message-ID", "")).strip():
        return hashlib.sha256(plain).hexdigest()
    known = [str(parsed.get(name, "")) for name in ("Message-ID", "Date", "From", "Subject")]
    said = "\n".join(known).encode("utf-8", "surrogateescape")
    return hashlib.sha256(said + b"\0" + hashlib.sha256(body).digest()).hexdigest()


def _locked(owner: Owner) -> MailboxCursor | None:
    rows = MailboxCursor.objects.filter(channel_id=owner.channel_id)
    return rows.select_for_update().first()


def _fresh(owner: Owner, row: MailboxCursor, mails: Sequence[Fetched]) -> list[Fetched]:
    """Those that were not taken before, and noted now."""
    by_digest: dict[str, Fetched] = {}
    # Of a folder that is opened for the first time, what came before is not the channel's.
    first = row.started_at if row.resync_from == row.started_at else row.started_at - SKEW
    for one in mails:
        if not (row.resync_from and one.arrived and one.arrived < first):
            by_digest.setdefault(digest(one.raw), one)
    known = TakenMail.objects.filter(channel_id=owner.channel_id, digest__in=by_digest)
    for found in known.values_list("digest", flat=True):
        del by_digest[found]
    TakenMail.objects.bulk_create(
        TakenMail(workspace_id=owner.workspace_id, channel_id=owner.channel_id, digest=found)
        for found in by_digest
    )
    return list(by_digest.values())
