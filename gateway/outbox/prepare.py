"""Turns claimed rows into what adapters are given; runs where the database is spoken to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.urls import reverse

from gateway.answering import about_of
from gateway.content.model import Media
from gateway.content.reading import ABOUT, LETTER
from gateway.contract import Adapter
from gateway.errors import BadCredentials, Rejected, SendError, WindowClosed, Withdrawn
from gateway.events import About, OutboundMessage
from gateway.letters.filling import NoSuchLetter, filled
from gateway.media.renewing import with_fresh_links
from gateway.models import Channel, Delivery
from gateway.outbox.ask import Questions
from gateway.outbox.claim import Account, Claim
from gateway.outbox.row import Row
from gateway.outbox.settle import Outcome
from gateway.registry import adapter_class, base_url
from gateway.secrets import unseal
from gateway.senders.choosing import assign_senders
from gateway.senders.pool import Pool
from gateway.windows.taking import Taken, concerned, take

logger = structlog.get_logger(__name__)

# Ids of ours that a provider's list may show beside the one asked for: a generous look back.
KNOWN_MARGIN = timedelta(hours=1)
# What a row that no window concerns has of one.
FREE = Taken(open=True)


@dataclass(slots=True)  # not frozen: made for each message, and freezing doubles what it costs
class Ready:
    """A row with its message and adapter.

    ``asked_at`` set: the provider is to be asked about it, at this moment on the database's clock.
    """

    row: Row
    message: OutboundMessage
    adapter: Adapter
    asked_at: datetime | None = None

    @property
    def attempted_at(self) -> datetime:
        """When the attempt was that is asked about: not later than the question."""
        attempted = self.row.attempted_at or self.row.created_at
        if self.asked_at is None or attempted <= self.asked_at:
            return attempted
        # The clock has gone back since; look as far as for other ids of ours.
        return self.asked_at - KNOWN_MARGIN


@dataclass(slots=True)
class Prepared:
    """What may start; ``broken`` could not even be prepared."""

    ready: list[Ready] = field(default_factory=list)
    broken: list[Outcome] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """A channel ready for use. ``adapter`` is what is wrong with it when it cannot be used."""

    account: Account
    adapter: Adapter | SendError
    status_url: str
    pool: Pool | None = None


class Lines:
    """The channels' adapters. Decrypting a config for each message would cost more than sending."""

    def __init__(self) -> None:
        self.kept: dict[UUID, Line] = {}

    def of(self, channel_id: UUID, account: Account) -> Line:
        """The channel with the config it has now."""
        line = self.kept.get(channel_id)
        if line is None or line.account != account or isinstance(line.adapter, SendError):
            adapter = _adapter(channel_id, account)
            pool = adapter.senders() if isinstance(adapter, Adapter) else None
            line = Line(account, adapter, status_url(channel_id), pool)
            self.kept[channel_id] = line
        return line


def _adapter(channel_id: UUID, account: Account) -> Adapter | SendError:
    """The channel's adapter; one that is broken is to be paused, not to stop the others."""
    try:
        cls = adapter_class(account.kind)
        adapter = cls(unseal(account.config), base_url=base_url(cls))
        adapter.senders()  # it keeps what it has read
    except Exception as error:
        logger.exception("channel cannot be used", channel=str(channel_id))
        return BadCredentials(f"{type(error).__name__}: {error}")
    return adapter


def prepare_sends(given: Claim, lines: Lines) -> Prepared:
    """Messages and adapters of claimed rows."""
    prepared = Prepared()
    ready_lines = {pk: lines.of(pk, account) for pk, account in given.accounts.items()}
    without = _assign_senders(given.rows, ready_lines)
    above = _parts_above(given.rows)
    windows = _take_windows([row for row in given.rows if row.pk not in without], ready_lines)
    for row in given.rows:
        line = ready_lines[row.channel_id]
        if row.pk in without:
            prepared.broken.append(Outcome(row, error=Withdrawn("No sender could be noted.")))
            continue
        if isinstance(line.adapter, SendError):
            prepared.broken.append(Outcome(row, error=line.adapter))
            continue
        window = windows.get(row.pk, FREE)
        if isinstance(window, SendError):
            prepared.broken.append(Outcome(row, error=window))
            continue
        try:
            message = as_message(row, line.status_url)
        except NoSuchLetter as error:
            prepared.broken.append(Outcome(row, error=Rejected(str(error))))
            continue
        message.window_until, message.reply_token = window.until, window.token
        if row.pk in above:
            message.about = replace(message.about, reply_to=above[row.pk])
        prepared.ready.append(Ready(row, message, line.adapter))
    return prepared


def _assign_senders(rows: Sequence[Row], lines: Mapping[UUID, Line]) -> set[int]:
    """Give rows of channels with a pool their senders; which of them must wait for one.

    Nothing leaves from a sender that is not noted: nobody could ask the provider about it.
    """
    pools = {pk: line.pool for pk, line in lines.items() if line.pool is not None}
    if not pools:
        return set()
    try:
        assign_senders(rows, pools)
    except DatabaseError as error:
        logger.warning("no senders now", count=len(rows), reason=type(error).__name__)
        return {row.pk for row in rows if row.channel_id in pools}
    return set()


def _parts_above(rows: Sequence[Row]) -> Mapping[int, str]:
    """Below which post a further part of a thread belongs; no statement where there is none.

    Where no part before it is out it answers what they all answer.
    """
    further = [row for row in rows if row.content.get(ABOUT, {}).get("follows")]
    if not further:
        return {}
    out = Delivery.objects.filter(
        message_uid__in={row.message_uid for row in further}, external_id__isnull=False
    ).order_by("part", "id")
    known = list(out.values_list("message_uid", "channel_id", "pk", "external_id"))
    return {
        row.pk: str(found)
        for row in further
        for uid, channel, pk, found in known
        if (str(uid), channel) == (row.message_uid, row.channel_id) and pk < row.pk
    }


def _take_windows(
    rows: Sequence[Row], lines: Mapping[UUID, Line]
) -> Mapping[int, Taken | SendError]:
    """What rows of channels with reply windows may do; no statement where there are none."""
    able = [
        (row, adapter.capabilities)
        for row in rows
        if isinstance(adapter := lines[row.channel_id].adapter, Adapter)
        and concerned(row, adapter.capabilities)
    ]
    try:
        taken = take(able)
    except DatabaseError as error:
        logger.warning("no windows now", count=len(able), reason=type(error).__name__)
        return {row.pk: Withdrawn("The reply window could not be read.") for row, _ in able}
    closed = WindowClosed("Free text may only be sent for some time after the customer's message.")
    return {pk: one if one.open else closed for pk, one in taken.items()}


def prepare_questions(questions: Questions, lines: Lines) -> Prepared:
    """As ``prepare_sends`` for unclear rows, with the ids that are certainly not the answer."""
    prepared, rows = Prepared(), questions.rows
    if not rows:
        return prepared
    accounts = _accounts({row.channel_id for row in rows})
    known = _known_ids(rows)
    for row in rows:
        line = lines.of(row.channel_id, accounts[row.channel_id])
        if isinstance(line.adapter, SendError):
            prepared.broken.append(Outcome(row, error=line.adapter, asked=True))
            continue
        row.content["known_external_ids"] = known.get((row.channel_id, row.address), [])
        message = as_message(row, line.status_url)
        prepared.ready.append(Ready(row, message, line.adapter, asked_at=questions.at))
    return prepared


def _accounts(channel_ids: set[UUID]) -> Mapping[UUID, Account]:
    found = Channel.objects.filter(pk__in=channel_ids).values_list("pk", "kind", "config")
    return {pk: Account(kind, bytes(config)) for pk, kind, config in found}


def _known_ids(rows: Sequence[Row]) -> dict[tuple[UUID, str], list[str]]:
    """Which of the provider's ids to the same addresses belong to other deliveries of ours."""
    known = Delivery.objects.filter(
        channel_id__in={row.channel_id for row in rows},
        address__in={row.address for row in rows},
        external_id__isnull=False,
        attempted_at__gte=min(row.attempted_at or row.created_at for row in rows) - KNOWN_MARGIN,
    ).values_list("channel_id", "address", "external_id")
    result: dict[tuple[UUID, str], list[str]] = {}
    for channel_id, address, external_id in known:
        result.setdefault((channel_id, address), []).append(str(external_id))
    return result


def as_message(row: Row, reports: str) -> OutboundMessage:
    """The row as its adapter needs it; ``reports`` is the channel's ``status_url``."""
    content = row.content
    if "media" in content or "cards" in content or "template" in content:
        content = with_fresh_links(content)
    text, about = str(content.get("text", "")), about_of(content)
    if LETTER in content:
        text, mail = filled(content[LETTER])
        about = About(mail=mail)
    return OutboundMessage(
        uid=row.uid,
        address=row.address,
        text=text,
        status_url=f"{reports}{row.uid}",
        content=content,
        media=tuple(Media(**one) for one in content.get("media", ())),
        marketing=row.marketing,
        lifetime_s=_lifetime_s(row),
        sender=row.sender or "",
        about=about,
    )


def _lifetime_s(row: Row) -> int | None:
    """What is left of it now that it leaves: until another channel takes over, or until its end.

    The database said when it was claimed, and the end is on the same clock.
    """
    said = [row.fallback_s] if row.fallback_s else []
    if row.expires_at is not None:
        left = row.expires_at - (row.attempted_at or row.created_at)
        said.append(max(1, ceil(left.total_seconds())))
    return min(said, default=None)


def status_url(channel_id: UUID) -> str:
    """Where the provider shall report on a channel's deliveries; our own id goes at its end."""
    return f"{settings.PUBLIC_URL}{reverse('webhook', args=[channel_id])}?delivery="
