"""All that is between a contact and us: every channel's messages in one row of time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, QuerySet, Value, When
from django.db.models.expressions import RawSQL

from conversations.models import Conversation, Kind, Message

PAGE = 50
# A late message may carry a smaller id than one already shown, so live reads look back this far.
OVERLAP = 20
# Of a person with more conversations than these, the older ones are found in the panel and by
# search; the open one always counts.
MOST_CONVERSATIONS = 200

# A few rows from the end of each conversation's index, however long they are. What was done to
# another conversation than the open one (assigned, resolved) is told there.
NEWEST = """
SELECT m.id FROM unnest(%s::bigint[]) AS c (id) CROSS JOIN LATERAL (
    SELECT id, created_at FROM conversations_message
    WHERE conversation_id = c.id AND (kind <> 'activity' OR conversation_id = %s) {edge}
    ORDER BY created_at DESC, id DESC LIMIT %s
) AS m ORDER BY m.created_at DESC, m.id DESC LIMIT %s
"""
BEFORE = """
AND (created_at, id) < (SELECT created_at, id FROM conversations_message
                        WHERE id = %s AND conversation_id = ANY(%s::bigint[]))
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a timeline, oldest first; ``earlier``: there is more above it."""

    messages: list[Message]
    earlier: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """The contact's conversations by id, the one that was spoken in last first.

    ``open_id`` is the one that is answered in. They carry channel and address.
    """

    open_id: int
    conversations: Mapping[int, Conversation]

    @property
    def ids(self) -> list[int]:
        """Of all conversations."""
        return list(self.conversations)

    @property
    def open(self) -> Conversation:
        """The conversation that is answered in."""
        return self.conversations[self.open_id]

    @property
    def others(self) -> list[Conversation]:
        """All but the open one."""
        return [row for pk, row in self.conversations.items() if pk != self.open_id]


def timeline_at(workspace_id: int, conversation_id: int) -> Timeline | None:
    """The timeline of the person in this conversation; None without one. One statement."""
    rows = Conversation.objects.in_workspace(workspace_id)
    person = rows.filter(pk=conversation_id).values("contact_id")
    return _timeline(rows.filter(contact_id=person[:1]), conversation_id)


def timeline_of(conversation: Conversation) -> Timeline:
    """The timeline of the person in this conversation; one statement."""
    rows = Conversation.objects.in_workspace(conversation.workspace_id)
    found = _timeline(rows.filter(contact_id=conversation.contact_id), conversation.pk)
    return found or Timeline(conversation.pk, {conversation.pk: conversation})


def _timeline(rows: QuerySet[Conversation], open_id: int) -> Timeline | None:
    here = Case(When(pk=open_id, then=Value(0)), default=Value(1))
    rows = rows.select_related("channel", "address").defer("channel__config")
    found = list(rows.order_by(here, "-last_message_at", "-id")[:MOST_CONVERSATIONS])
    if not found or found[0].pk != open_id:
        return None
    found.sort(key=lambda row: (row.last_message_at, row.pk), reverse=True)
    return Timeline(open_id, {row.pk: row for row in found})


def newest(timeline: Timeline, before: int | None = None) -> Piece:
    """The newest messages, or those above the message ``before``; one statement."""
    rows = _messages(timeline).filter(pk__in=_newest(timeline, PAGE + 1, before))
    found = list(rows.order_by("-created_at", "-id"))
    return Piece(list(reversed(found[:PAGE])), earlier=len(found) > PAGE)


def since(timeline: Timeline, after: int) -> list[Message]:
    """Messages with a larger id and a few before them, so that a late one is not missed."""
    rows = _messages(timeline)
    newer = list(rows.filter(id__gt=after).order_by("-id")[: 4 * PAGE])
    older = rows.filter(pk__in=_newest(timeline, OVERLAP))
    found = {row.pk: row for row in [*newer, *older]}
    return sorted(found.values(), key=lambda row: (row.created_at, row.pk))


def by_uid(timeline: Timeline, uids: Iterable[UUID]) -> list[Message]:
    """These messages of the timeline."""
    return list(_messages(timeline).filter(uid__in=list(uids)).order_by("created_at", "id"))


def by_id(timeline: Timeline, ids: Iterable[int]) -> list[Message]:
    """These messages of the timeline."""
    return list(_messages(timeline).filter(id__in=list(ids)).order_by("created_at", "id"))


def _messages(timeline: Timeline) -> QuerySet[Message]:
    rows = Message.objects.filter(conversation__in=timeline.ids)
    elsewhere = [pk for pk in timeline.ids if pk != timeline.open_id]
    if elsewhere:
        rows = rows.exclude(kind=Kind.ACTIVITY, conversation__in=elsewhere)
    return rows.select_related("author__user")


def _newest(timeline: Timeline, count: int, before: int | None = None) -> RawSQL:
    ids: Sequence[int] = timeline.ids
    params: list[Any] = [ids, timeline.open_id]
    if before is not None:
        params += [before, ids]
    # Of our own words alone: what is asked for goes as parameters.
    statement = NEWEST.format(edge=BEFORE if before else "")
    return RawSQL(statement, [*params, count, count])  # noqa: S611
