"""Which accounts a webhook of a Meta app is about: all channels of an app share one address."""

import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from channels_social.meta_account import objects, part, words
from gateway.contract import WebhookRequest

Json = dict[str, Any]

KINDS = {
    "page": "messenger",
    "instagram": "instagram",
    "whatsapp_business_account": "whatsapp",
}


class MetaDoor:
    """Entries name a page or an account; of WhatsApp's the changes name a number."""

    kinds = frozenset(KINDS.values())

    def accounts(self, request: WebhookRequest) -> tuple[str, frozenset[str]]:
        """The kind of channel and the ids of pages, accounts and numbers."""
        body = _read(request.body)
        kind = KINDS.get(words(body, "object"), "")
        named = (name for entry in objects(body.get("entry")) for name in _names(entry))
        return kind, frozenset(filter(None, named)) if kind else frozenset()

    def part_of(self, request: WebhookRequest, accounts: Collection[str]) -> WebhookRequest:
        """The request itself if all of it concerns these accounts, else without the rest."""
        body = _read(request.body)
        entries = list(objects(body.get("entry")))
        if all(name in accounts for entry in entries for name in _names(entry)):
            return request
        kept = [found for entry in entries if (found := _part(entry, accounts))]
        return replace(request, body=json.dumps({**body, "entry": kept}).encode())


def _names(entry: Json) -> Iterator[str]:
    """What the parts of an entry are about: a number each, or what the entry is about."""
    numbers = [_number(change) for change in objects(entry.get("changes"))]
    for number in numbers:
        yield number or words(entry, "id")
    if not numbers or "messaging" in entry or "standby" in entry:
        yield words(entry, "id")


def _part(entry: Json, accounts: Collection[str]) -> Json | None:
    own = words(entry, "id") in accounts
    changes = [
        change
        for change in objects(entry.get("changes"))
        if (_number(change) in accounts if _number(change) else own)
    ]
    if own and (changes or "changes" not in entry or "messaging" in entry):
        return {**entry, "changes": changes} if "changes" in entry else entry
    return (
        {"id": entry.get("id"), "time": entry.get("time"), "changes": changes} if changes else None
    )


def _number(change: Json) -> str:
    return words(part(part(change, "value"), "metadata"), "phone_number_id")


def _read(body: bytes) -> Json:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
