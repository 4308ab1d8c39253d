"""The conversation list: its filter, pages of it, and the counts of its tabs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlencode

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.dateparse import parse_datetime

from accounts.models import Member
from contacts.handles import by_handle
from contacts.models import Address, Contact
from conversations.models import Conversation, ReadMark, Status

PAGE = 40
COUNT_UP_TO = 1000
SEARCH_UP_TO = 500
MAX_SEARCH = 100
# Fewer letters make no trigram; then only the beginnings of names are found.
INDEXED_FROM = 3


class Tab(StrEnum):
    """Whose conversations the list shows."""

    MINE = "mine"
    UNASSIGNED = "unassigned"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class ListFilter:
    """What the list shows. ``status`` is one of Status; ``search`` is what a person typed."""

    tab: Tab = Tab.MINE
    status: str = Status.OPEN
    search: str = ""

    @classmethod
    def of(cls, tab: str, status: str, search: str) -> "ListFilter":
        """From what a URL says; anything unknown falls back to the default."""
        return cls(
            tab=Tab(tab) if tab in set(Tab) else Tab.MINE,
            status=status if status in Status.values else Status.OPEN,
            search=search.strip().replace("\x00", "")[:MAX_SEARCH],
        )

    @property
    def query(self) -> str:
        """The query string of the list's own URL (the tab is in its path)."""
        return urlencode(self._beyond_tab())

    @property
    def full_query(self) -> str:
        """The query string that carries the list along on a conversation's URL."""
        return urlencode({"tab": str(self.tab), **self._beyond_tab()})

    def _beyond_tab(self) -> dict[str, str]:
        parts = {"status": str(self.status)} if self.status != Status.OPEN else {}
        return parts | ({"q": self.search} if self.search else {})


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page; the next page begins behind it."""

    at: datetime
    pk: int

    @classmethod
    def of(cls, text: str) -> "Cursor | None":
        """From a URL; None when it is not one of ours."""
        at, _, pk = text.rpartition("_")
        try:
            moment = parse_datetime(at)
            number = int(pk)
        except ValueError:
            return None
        if moment is None or moment.tzinfo is None or not 0 < number < 2**63:
            return None
        return cls(moment, number)

    def __str__(self) -> str:
        return f"{self.at.isoformat()}_{self.pk}"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many conversations each tab holds, at most COUNT_UP_TO; ``unread`` are one's own."""

    mine: int
    unassigned: int
    all: int
    unread: int


def listed(member: Member, chosen: ListFilter) -> QuerySet[Conversation]:
    """The conversations the filter shows this member, newest first, with all that a row needs.

    Rows carry ``read_at``: how far the member has read.
    """
    rows = with_row_data(member).filter(_matching(member, chosen))
    return rows.order_by("-last_message_at", "-id")


def page_of(
    member: Member, chosen: ListFilter, after: Cursor | None = None
) -> tuple[list[Conversation], Cursor | None]:
    """One page, and the cursor of the next one."""
    rows = listed(member, chosen)
    if after is not None:
        rows = rows.filter(last_message_at__lte=after.at).filter(
            Q(last_message_at__lt=after.at) | Q(id__lt=after.pk)
        )
    found = list(rows[: PAGE + 1])
    more = len(found) > PAGE
    found = found[:PAGE]
    return found, Cursor(found[-1].last_message_at, found[-1].pk) if more else None


def rows_by_id(member: Member, chosen: ListFilter, ids: Sequence[int]) -> list[Conversation]:
    """Those of the conversations that the filter shows."""
    return list(listed(member, chosen).filter(id__in=ids))


def found(member: Member, words: str, most: int) -> list[Conversation]:
    """Conversations of any status with the people these words find, newest first."""
    people = _found_contacts(member.workspace_id, words)
    rows = with_row_data(member).filter(contact_id__in=people)
    return list(rows.order_by("-last_message_at", "-id")[:most])


def with_row_data(member: Member) -> QuerySet[Conversation]:
    """Conversations of the member's workspace with what a list row shows: two statements."""
    read_at = ReadMark.objects.filter(conversation=OuterRef("pk"), member=member)
    return (
        Conversation.objects.in_workspace(member.workspace_id)
        .select_related("contact", "channel", "address", "assignee__user", "team")
        .defer("channel__config")
        .prefetch_related("labels")
        .annotate(read_at=Subquery(read_at.values("read_at")[:1]))
    )


def _matching(member: Member, chosen: ListFilter) -> Q:
    condition = Q(status=chosen.status)
    if chosen.tab == Tab.MINE:
        condition &= Q(assignee=member)
    elif chosen.tab == Tab.UNASSIGNED:
        condition &= Q(assignee=None)
    if chosen.search:
        condition &= Q(contact_id__in=_found_contacts(member.workspace_id, chosen.search))
    return condition


def _found_contacts(workspace_id: int, words: str) -> list[int]:
    """Contacts by a part of the name or of an address, each found through its own index."""
    people = Contact.objects.in_workspace(workspace_id)
    if len(words) < INDEXED_FROM:
        starting = people.filter(name__istartswith=words)
        return list(starting.values_list("id", flat=True)[:SEARCH_UP_TO])
    addresses = Address.objects.in_workspace(workspace_id).filter(
        value__icontains=_as_address(words)
    )
    return [
        *people.filter(name__icontains=words).values_list("id", flat=True)[:SEARCH_UP_TO],
        *addresses.values_list("contact_id", flat=True)[:SEARCH_UP_TO],
        *by_handle(workspace_id, words).values_list("contact_id", flat=True)[:SEARCH_UP_TO],
    ]


def _as_address(words: str) -> str:
    """Phone numbers are kept without the blanks and brackets that people type."""
    digits = "".join(char for char in words if char not in " ()-./")
    return digits if digits.lstrip("+").isdigit() else words


COUNTS = """
SELECT
    (SELECT count(*) FROM (SELECT 1 FROM conversations_conversation c
        WHERE c.workspace_id = %(workspace)s AND c.status = %(status)s
          AND c.assignee_id = %(member)s LIMIT %(most)s) AS mine),
    (SELECT count(*) FROM (SELECT 1 FROM conversations_conversation c
        WHERE c.workspace_id = %(workspace)s AND c.status = %(status)s
          AND c.assignee_id IS NULL LIMIT %(most)s) AS unassigned),
    (SELECT count(*) FROM (SELECT 1 FROM conversations_conversation c
        WHERE c.workspace_id = %(workspace)s AND c.status = %(status)s
        LIMIT %(most)s) AS everything),
    (SELECT count(*) FROM (SELECT 1 FROM conversations_conversation c
        LEFT JOIN conversations_readmark r
            ON r.conversation_id = c.id AND r.member_id = %(member)s
        WHERE c.workspace_id = %(workspace)s AND c.status = 'open'
          AND c.assignee_id = %(member)s AND c.last_inbound_at > coalesce(r.read_at, '-infinity')
        LIMIT %(most)s) AS unread)
"""


def counts(member: Member, status: str) -> Counts:
    """The tabs' counts for one status, in one statement that never reads a whole workspace."""
    values: dict[str, int | str] = {
        "workspace": member.workspace_id,
        "member": member.pk,
        "status": status,
        "most": COUNT_UP_TO,
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, values)
        row = cursor.fetchone()
    return Counts(*row)
