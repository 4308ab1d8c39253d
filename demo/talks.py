"""Plays the scripts into the workspace: conversations, messages, deliveries, the channel's log."""

import json
import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from contacts.models import Address, Contact
from conversations.activity import activity_row
from conversations.lines import PREVIEW
from conversations.models import (
    Conversation,
    Direction,
    Draft,
    Kind,
    Message,
    ReadMark,
    Status,
)
from demo.beside import keep_beside
from demo.scripts import Line, Script
from demo.workspace import Ground
from gateway.events import InboundMessage, Received
from gateway.models import Channel, ChannelLog, Delivery
from gateway.registry import adapter_class, adapter_for
from gateway.secrets import unseal
from gateway.states import State
from gateway.windows.opening import open_windows
from routing.models import Assignment
from simulator.identities import identity


@dataclass(slots=True)
class Talk:
    """A script with its conversation and the time of each of its lines."""

    script: Script
    row: Conversation
    times: list[datetime]
    messages: list[Message] = field(default_factory=list)

    @property
    def said(self) -> list[Message]:
        """The script's lines as messages, in their order."""
        return self.messages[: len(self.script.lines)]


Part = tuple[Script, Contact]


def play(ground: Ground, cast: Sequence[Part], now: datetime) -> list[Talk]:
    """Insert everything the scripts say, each with its person."""
    addresses = _addresses(ground, cast)
    talks = []
    for script, person in cast:
        times = _times(script, now)
        address = addresses[person.pk, adapter_class(script.kind).address_kind]
        row = _conversation(ground, script, person, address, times, now)
        talks.append(Talk(script, row, times))
    Conversation.objects.bulk_create(talk.row for talk in talks)
    for talk in talks:
        talk.messages = list(_messages(ground, talk))
    Message.objects.bulk_create(message for talk in talks for message in talk.messages)
    deliveries = Delivery.objects.bulk_create(
        delivery for talk in talks for delivery in _deliveries(talk)
    )
    sms = ground.channel
    log_sends(sms, [one for one in deliveries if one.channel_id == sms.pk])
    keep_beside([(talk.row, talk.script, talk.said) for talk in talks])
    _around(ground, talks, now)
    open_windows([one for talk in talks for one in _received(talk)])
    return talks


def _addresses(ground: Ground, cast: Sequence[Part]) -> dict[tuple[int, str], Address]:
    """The addresses of everybody by kind; ids of apps are those of their phones."""
    rows = Address.objects.filter(contact__in=[person for _script, person in cast])
    known = {(row.contact_id, row.kind): row for row in rows.order_by("-id")}
    missing = {}
    for script, person in cast:
        kind = adapter_class(script.kind).address_kind
        if (person.pk, kind) not in known:
            value = identity(kind, known[person.pk, "phone"].value)
            missing[person.pk, kind] = Address(
                workspace=ground.workspace, contact=person, kind=kind, value=value
            )
    Address.objects.bulk_create(missing.values())
    return known | missing


def _received(talk: Talk) -> Iterable[Received]:
    """What the customer wrote as it came in, for what that opens."""
    channel = talk.row.channel
    adapter = adapter_for(channel)
    able = adapter.capabilities
    for message in talk.messages:
        if message.direction == Direction.INBOUND:
            yield Received(
                workspace_id=channel.workspace_id,
                channel_id=channel.pk,
                address_kind=adapter.address_kind,
                medium=adapter.medium,
                received_at=message.created_at,
                request_id="",
                event=InboundMessage(
                    message.external_id or "", talk.row.address.value, "", message.text
                ),
                window=able.window,
                human_window=able.human_window,
            )


def new_id(kind: str, address: str) -> str:
    """A message's id as the provider of this kind of channel makes them."""
    made = uuid.uuid4()
    forms = {
        "twilio_sms": f"SM{made.hex}",
        "whatsapp": f"wamid.{made.hex.upper()}",
        "telegram": f"{address}:{made.int % 10**7}",
        "messenger": f"m_{made.hex}",
        "email": f"{made}@{address.rpartition('@')[2]}",
    }
    return forms.get(kind) or str(10**18 + made.int % 10**18)


def _times(script: Script, now: datetime) -> list[datetime]:
    """Backwards from the last line, with odd seconds so that nothing looks made by a clock."""
    dice = random.Random(script.lines[0].text)
    at = now - timedelta(minutes=script.ago, seconds=dice.randint(0, 50))
    times = [at]
    for line in reversed(script.lines[1:]):
        at -= timedelta(minutes=line.gap, seconds=dice.randint(5, 55))
        times.append(at)
    return times[::-1]


def _conversation(
    ground: Ground,
    script: Script,
    person: Contact,
    address: Address,
    times: list[datetime],
    now: datetime,
) -> Conversation:
    spoken = [
        (at, line) for at, line in zip(times, script.lines, strict=True) if line.who != "note"
    ]
    inbound = [at for at, line in spoken if line.who == "customer"]
    last_at, last = spoken[-1]
    resolved = script.status == Status.RESOLVED
    snoozed = script.status == Status.SNOOZED
    return Conversation(
        workspace=ground.workspace,
        contact=person,
        channel=ground.channels[script.kind],
        address=address,
        public=script.public,
        status=script.status,
        assignee=ground.members.get(script.agent),
        team=ground.teams.get(script.team),
        priority=script.priority,
        version=len(script.lines) + 3,
        queued_at=inbound[0] if script.queued else None,
        waiting_since=None if resolved else _waiting_since(spoken),
        snoozed_until=now + timedelta(hours=script.snoozed_hours) if snoozed else None,
        last_message_at=last_at,
        last_inbound_at=inbound[-1],
        preview=" ".join(last.text.split())[:PREVIEW],
        preview_direction=Direction.INBOUND if last.who == "customer" else Direction.OUTBOUND,
        resolved_at=last_at + timedelta(minutes=2) if resolved else None,
        created_at=times[0],
    )


def _waiting_since(spoken: list[tuple[datetime, Line]]) -> datetime | None:
    """The first of the customer's lines that nobody has answered yet."""
    since = None
    for at, line in spoken:
        since = (since or at) if line.who == "customer" else None
    return since


def _messages(ground: Ground, talk: Talk) -> Iterable[Message]:
    channel, address = talk.row.channel, talk.row.address.value
    for at, line in zip(talk.times, talk.script.lines, strict=True):
        inbound = line.who == "customer"
        yield Message(
            workspace=ground.workspace,
            conversation=talk.row,
            channel=channel,
            direction=Direction.INBOUND if inbound else Direction.OUTBOUND,
            kind=Kind.NOTE if line.who == "note" else Kind.TEXT,
            text=line.text,
            author=None if inbound else ground.members.get(talk.script.agent or "nora"),
            external_id=new_id(channel.kind, address) if inbound else None,
            created_at=at,
        )
    yield from _activities(ground, talk)


def _activities(ground: Ground, talk: Talk) -> Iterable[Message]:
    """Who was given the conversation, and how it was put aside or closed."""
    agent = ground.members.get(talk.script.agent)
    if agent is None:
        return
    events: list[tuple[datetime, dict[str, Any]]] = [
        (
            talk.times[0] + timedelta(seconds=2),
            {"event": "assigned", "member": agent.pk, "member_name": agent.name}
            | {"reason": _reason(talk)},
        )
    ]
    if talk.script.status != Status.OPEN:
        at = talk.times[-1] + timedelta(minutes=2)
        events.append((at, {"event": talk.script.status, "by": agent.name}))
    for at, data in events:
        yield activity_row(
            workspace_id=ground.workspace.pk,
            conversation_id=talk.row.pk,
            channel_id=talk.row.channel_id,
            at=at,
            data=data,
        )


def _reason(talk: Talk) -> dict[str, Any]:
    load = len(talk.script.lines) % 4
    code = "idle_longest" if load == 0 else "least_load"
    return {"code": code, "load": load, "capacity": 10, "candidates": 3}


def _deliveries(talk: Talk) -> Iterable[Delivery]:
    channel = talk.row.channel
    adapter = adapter_for(channel)
    for message, line in zip(talk.said, talk.script.lines, strict=True):
        if line.who == "agent":
            delivery = Delivery(
                workspace_id=channel.workspace_id,
                channel=channel,
                message_uid=message.uid,
                medium=adapter.medium,
                address=talk.row.address.value,
                content={"text": line.text},
                cost=adapter.segments(line.text),
                due_at=message.created_at,
                created_at=message.created_at,
            )
            yield settled(
                delivery, State(line.state), line.error, message.created_at, kind=channel.kind
            )


def settled(
    delivery: Delivery,
    state: State,
    error: tuple[str, str, str],
    at: datetime,
    *,
    kind: str = "twilio_sms",
) -> Delivery:
    """The delivery as if it had gone out at that time and come to this state."""
    delivery.state, delivery.attempts, delivery.attempted_at = state, 1, at
    delivery.error_class, delivery.error_code, delivery.error_text = error
    if state in {State.SENT, State.DELIVERED, State.READ, State.FAILED}:
        delivery.external_id = new_id(kind, delivery.address)
        delivery.sent_at = at + timedelta(seconds=1)
    if state in {State.DELIVERED, State.READ}:
        delivery.delivered_at = at + timedelta(seconds=4)
    if state is State.READ:
        delivery.read_at = at + timedelta(seconds=20)
    if state is State.FAILED:
        delivery.failed_at = at + timedelta(seconds=6)
    return delivery


def log_sends(channel: Channel, deliveries: Iterable[Delivery]) -> None:
    """The exchanges with the provider that these deliveries would have left behind."""
    sid, sender = unseal(channel.config)["account_sid"], channel.address
    url = f"{adapter_for(channel).provider_url}/2010-04-01/Accounts/{sid}/Messages.json"
    rows = []
    for delivery in deliveries:
        clear = delivery.external_id is not None
        fields = {"To": delivery.address, "From": sender, "Body": "•••"}
        answer = {"sid": delivery.external_id, "status": "queued", "body": "•••"}
        rows.append(
            ChannelLog(
                workspace_id=channel.workspace_id,
                channel=channel,
                delivery=delivery,
                kind="send",
                ok=clear,
                method="POST",
                url=url,
                status=201 if clear else None,
                request=json.dumps(fields, ensure_ascii=False),
                response=json.dumps(answer, ensure_ascii=False) if clear else "",
                error="" if clear else delivery.error_text,
                duration_ms=80 + delivery.pk * 37 % 90 if clear else 30_000,
                attempt=1,
                created_at=delivery.attempted_at or delivery.created_at,
            )
        )
    ChannelLog.objects.bulk_create(sorted(rows, key=lambda row: row.created_at))


def _around(ground: Ground, talks: Sequence[Talk], now: datetime) -> None:
    """Labels, assignments, what has been read, and what somebody began to write."""
    through = Conversation.labels.through
    through.objects.bulk_create(
        through(conversation=talk.row, label=ground.labels[name])
        for talk in talks
        for name in talk.script.labels
    )
    held = [talk for talk in talks if talk.script.agent]
    Assignment.objects.bulk_create(
        Assignment(
            workspace=ground.workspace,
            conversation=talk.row,
            member=ground.members[talk.script.agent],
            reason=_reason(talk),
            created_at=talk.times[0] + timedelta(seconds=2),
        )
        for talk in held
    )
    ReadMark.objects.bulk_create(
        ReadMark(
            workspace=ground.workspace,
            conversation=talk.row,
            member=ground.members[talk.script.agent],
            # An unread one was last looked at before the customer's last line came.
            read_at=talk.times[-1] - timedelta(seconds=30) if talk.script.unread else now,
        )
        for talk in held
    )
    Draft.objects.bulk_create(
        Draft(
            workspace=ground.workspace,
            conversation=talk.row,
            member=ground.members[talk.script.agent],
            text=talk.script.draft,
        )
        for talk in held
        if talk.script.draft
    )
