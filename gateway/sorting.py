"""Sorts the events of a batch by what is done with them, in the order received."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from gateway import statuses
from gateway.contract import Adapter
from gateway.events import (
    BadAddress,
    Edited,
    Event,
    InboundMessage,
    OptOut,
    Reaction,
    Received,
    Seen,
    SentElsewhere,
    StatusUpdate,
    Tagged,
    TemplateNews,
    Told,
    Typing,
    Unsent,
    Window,
    WindowOpened,
    Withdrawal,
)
from gateway.inbound import StoredRequest
from gateway.models import InboundState
from gateway.senders.pool import Pool
from gateway.states import State
from gateway.watermarks import Watermark

# Who is handed what happened to messages that are there, one kind after the other: an edit must
# find its message, and nothing is left to react to once it was taken back.
RECEIVERS: dict[type[Told], str] = {
    SentElsewhere: "elsewhere",
    Edited: "edits",
    Reaction: "reactions",
    Unsent: "unsent",
    WindowOpened: "windows",
    TemplateNews: "templates",
    Tagged: "tagged",
}


@dataclass(slots=True)
class Parsed:
    """A stored request and what became of it."""

    row: StoredRequest
    adapter: Adapter | None
    events: Sequence[Event] = ()
    state: InboundState = InboundState.DONE
    error: str = ""
    pool: Pool | None = None


@dataclass(slots=True)
class Sorted:
    """The events of a batch by what is done with them, in the order received."""

    messages: list[Received] = field(default_factory=list)
    # Those of channels with a pool of senders.
    to_pools: list[tuple[Received, Pool]] = field(default_factory=list)
    opt_outs: list[Received] = field(default_factory=list)
    reports: list[statuses.Report] = field(default_factory=list)
    # By channel and sender: who has written since is not typing any more.
    typing: dict[tuple[UUID, str], Received] = field(default_factory=dict)
    # Channels and deliveries whose time is over and which could not be withdrawn.
    stuck: list[tuple[UUID, UUID]] = field(default_factory=list)
    told: dict[type[Told], list[Received]] = field(default_factory=dict)
    watermarks: list[Watermark] = field(default_factory=list)
    # Workspace and medium of addresses that take nothing any more.
    bad: list[tuple[int, str, BadAddress]] = field(default_factory=list)


def sort_events(parsed: Sequence[Parsed]) -> Sorted:
    batch = Sorted()
    for one in parsed:
        if one.adapter is None:
            continue
        for event in one.events:
            if isinstance(event, StatusUpdate):
                batch.reports.append(statuses.Report(one.row, event))
            elif isinstance(event, InboundMessage):
                batch.messages.append(_received(one.row, one.adapter, event))
                batch.typing.pop((one.row.channel_id, event.sender), None)
                if one.pool is not None:
                    batch.to_pools.append((batch.messages[-1], one.pool))
            elif isinstance(event, OptOut):
                batch.opt_outs.append(_received(one.row, one.adapter, event))
            elif isinstance(event, Typing):
                received = _received(one.row, one.adapter, event)
                batch.typing[one.row.channel_id, event.sender] = received
            elif isinstance(event, Withdrawal):
                _sort_withdrawal(batch, one.row, event)
            else:
                _sort_told(batch, one.row, one.adapter, event)
    return batch


def _sort_told(batch: Sorted, row: StoredRequest, adapter: Adapter, event: Event) -> None:
    """What is not a message and concerns those that are there, or an address."""
    if isinstance(event, Told):
        batch.told.setdefault(type(event), []).append(_received(row, adapter, event))
    elif isinstance(event, Seen):
        batch.watermarks.append(Watermark(row, event))
    elif isinstance(event, BadAddress):
        batch.bad.append((row.workspace_id, adapter.medium, event))


def _sort_withdrawal(batch: Sorted, row: StoredRequest, event: Withdrawal) -> None:
    """A message that is withdrawn is a report like others; one that is not calls for action."""
    if not event.done:
        if event.delivery_uid is not None:
            batch.stuck.append((row.channel_id, event.delivery_uid))
        return
    report = StatusUpdate(
        external_id=event.external_id,
        state=State.EXPIRED,
        provider_word=event.provider_word,
        delivery_uid=event.delivery_uid,
        occurred_at=event.occurred_at,
    )
    batch.reports.append(statuses.Report(row, report))


def _received(
    row: StoredRequest, adapter: Adapter, event: InboundMessage | OptOut | Typing | Told
) -> Received:
    return Received(
        workspace_id=row.workspace_id,
        channel_id=row.channel_id,
        address_kind=_kind_of(event) or adapter.address_kind,
        medium=adapter.medium,
        received_at=row.received_at,
        request_id=row.request_id,
        event=event,
        inbound_id=row.pk,
        window=_window(adapter, event),
        human_window=_human_window(adapter, event),
    )


def _kind_of(event: InboundMessage | OptOut | Typing | Told) -> str:
    """The kind of the customer's address, where the event says so."""
    if isinstance(event, SentElsewhere):
        return event.recipient_kind
    return "" if isinstance(event, TemplateNews | Tagged) else event.sender_kind


def _window(adapter: Adapter, event: object) -> Window | None:
    """What the event opens. A machine's answer opens nothing, what is public only what it says."""
    if isinstance(event, WindowOpened):
        return event.window
    if not isinstance(event, InboundMessage) or event.automatic:
        return None
    return event.window or (None if event.public else adapter.capabilities.window)


def _human_window(adapter: Adapter, event: object) -> Window | None:
    if not isinstance(event, InboundMessage) or event.automatic or event.public:
        return None
    return adapter.capabilities.human_window
