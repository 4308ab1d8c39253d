"""One door for all channels of a provider's app: the request itself says whom it concerns.

Who that is has to be known before it is known who signed it. So nothing comes of what is read
there but a look at which channels have these accounts; each of them then verifies the raw request
with its own secret, and keeps its own part of it alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from gateway.admission import BAD_SIGNATURE, TRY_AGAIN, Answer, Knock, see_to_connection
from gateway.contract import WebhookRequest
from gateway.errors import BadSignature
from gateway.known import KnownChannel, read_anew, remembered
from gateway.models import Channel

logger = structlog.get_logger(__name__)

# A provider's batch names fewer; what names more was not made by it.
MOST_ACCOUNTS = 1_000
CONCERNED = """
SELECT id::text, kind, account_key FROM gateway_channel
WHERE string_to_array(account_key, ' ') && %s::text[] AND account_key <> ''
"""


class SharedDoor(Protocol):
    """What has to be known of a provider's requests to find the channels they concern. Pure."""

    kinds: Collection[str]

    def accounts(self, request: WebhookRequest) -> tuple[str, frozenset[str]]:
        """The kind of channel and the ids of the accounts that an unverified request names.

        Empty for what this provider would never send.
        """

    def part_of(self, request: WebhookRequest, accounts: Collection[str]) -> WebhookRequest:
        """What of a request concerns these accounts."""


@dataclass(slots=True)
class Call:
    """A request at a shared door; it knocks for each channel it concerns."""

    door: SharedDoor
    request: WebhookRequest
    request_id: str
    knocks: list[Knock] = field(default_factory=list)
    answer: Answer | None = None


@lru_cache(maxsize=8)
def shared_door(name: str) -> SharedDoor:
    """The door of this name in settings.GATEWAY_SHARED_DOORS."""
    found: SharedDoor = import_string(settings.GATEWAY_SHARED_DOORS[name])()
    return found


def find(calls: Sequence[Call]) -> None:
    """The knocks of these calls, in one statement for all; a GET is answered at once."""
    see_to_connection()
    named: list[tuple[Call, str, frozenset[str]]] = []
    for call in calls:
        if call.request.method == "GET":
            call.answer = _greeting(call)
            continue
        kind, accounts = call.door.accounts(call.request)
        if len(accounts) <= MOST_ACCOUNTS:
            named.append((call, kind, accounts))
    wanted = sorted(frozenset().union(*(accounts for _call, _kind, accounts in named)))
    channels = _concerned(wanted) if wanted else []
    for call, kind, accounts in named:
        for channel_id, of_kind, keys in channels:
            if of_kind == kind and keys & accounts:
                kept = call.door.part_of(call.request, keys)
                call.knocks.append(Knock(channel_id, call.request, call.request_id, kept))


def _concerned(accounts: list[str]) -> list[tuple[UUID, str, frozenset[str]]]:
    with connection.cursor() as cursor:
        cursor.execute(CONCERNED, [accounts])
        rows = cursor.fetchall()
    return [(UUID(pk), kind, frozenset(keys.split())) for pk, kind, keys in rows]


def _greeting(call: Call) -> Answer:
    """The answer to a provider that asks whether this address is ours: some channel says so.

    All are asked, so that how long it takes does not say which of them it was.
    """
    found = BAD_SIGNATURE
    for channel in _enabled(call.door.kinds):
        try:
            channel.adapter.verify(call.request)
            said = channel.adapter.handshake(call.request)
        except BadSignature:
            continue
        if said is not None:
            found = Answer(said.status, said.body, said.content_type)
    return found


def _enabled(kinds: Collection[str]) -> list[KnownChannel]:
    rows = Channel.objects.filter(kind__in=list(kinds), enabled=True)
    versions = dict(rows.values_list("pk", "updated_at"))
    known = {pk: remembered(pk) for pk in versions}
    fresh = [one for pk, one in known.items() if one and one.version == versions[pk]]
    stale = versions.keys() - {one.pk for one in fresh}
    read = read_anew(stale).values() if stale else ()
    return fresh + [one for one in read if isinstance(one, KnownChannel)]


def verdict(call: Call) -> Answer:
    """What the provider is told once all knocks of its request are answered.

    Whoever it was signed for and who has not stored it shall get it again. One of the others, whose
    secret is another or cannot be read, does not keep it from those who have it.
    """
    if call.answer is not None:
        return call.answer
    answers = [(knock, knock.answer or TRY_AGAIN) for knock in call.knocks]
    failed = [answer for _knock, answer in answers if answer.status >= 500]
    lost = [answer for knock, answer in answers if knock.adapter and answer in failed]
    stored = [answer for knock, answer in answers if knock.stored]
    return next(iter([*lost, *stored, *failed]), BAD_SIGNATURE)
