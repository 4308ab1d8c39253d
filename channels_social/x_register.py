"""Telling X where its webhooks go, and which events to push there.

https://docs.x.com/x-api/webhooks/introduction and https://docs.x.com/x-api/activity/introduction
"""

from collections.abc import Callable, Generator
from typing import Any
from urllib.parse import urlsplit

from channels_social.x_errors import question_failure
from channels_social.x_oauth import Method
from channels_social.x_parts import rows, text_id
from gateway.contract import Checked, Request, Response
from gateway.errors import Rejected, Unreachable

EVENTS = (
    "post.mention.create",
    "post.reply.create",
    "post.quote.create",
    "post.create",
    "dm.received",
    "dm.sent",
    "dm.read",
    "dm.indicate_typing",
    "chat.received",
)

# Method, path, JSON body; and whether the account itself asks, or its app.
Ask = Callable[[Method, str, Any, bool], Request]
Steps = Generator[Request, Response, str]


def check_url(url: str) -> None:
    """Rejected unless X can call it: https, and no port."""
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.port is not None:
        raise Rejected(f"X calls https addresses without a port only, and not {url}.", code="url")


def register(url: str, own: str, ask: Ask) -> Generator[Request, Response, Checked]:
    """Register the webhook, or have X try it anew where it is registered; then subscribe."""
    webhook = yield from _webhook(url, ask)
    found = yield ask("GET", "/2/activity/subscriptions", None, False)
    there = {_event(one) for one in _list(found) if _is_ours(one, own, webhook)}
    for kind in EVENTS:
        if kind not in there:
            body = {"event_type": kind, "filter": {"user_id": own}, "webhook_id": webhook}
            response = yield ask("POST", "/2/activity/subscriptions", body, True)
            if not 200 <= response.status < 300:
                raise question_failure(response)
    return Checked(f"webhook {webhook}, {len(EVENTS)} events")


def _webhook(url: str, ask: Ask) -> Steps:
    """The webhook's id; X calls the address before it answers."""
    for one in _list((yield ask("GET", "/2/webhooks", None, False))):
        if one.get("url") == url and (id := text_id(one, "id")):
            tried = yield ask("PUT", f"/2/webhooks/{id}", None, False)
            if not 200 <= tried.status < 300:
                raise question_failure(tried)
            return id
    made = yield ask("POST", "/2/webhooks", {"url": url}, False)
    found = made.json()
    data = found.get("data", found) if isinstance(found, dict) else None
    id = text_id(data, "id") if isinstance(data, dict) else ""
    if not 200 <= made.status < 300 or not id:
        raise question_failure(made)
    return id


def _list(response: Response) -> list[dict[str, Any]]:
    found = response.json()
    if response.status != 200:
        raise question_failure(response)
    if not isinstance(found, dict):
        raise Unreachable("X answered with something that is no list.", code="200")
    return rows(found.get("data"))


def _event(one: dict[str, Any]) -> str:
    return str(one.get("event_type"))


def _is_ours(one: dict[str, Any], own: str, webhook: str) -> bool:
    named = one.get("filter")
    same = isinstance(named, dict) and text_id(named, "user_id") == own
    return same and text_id(one, "webhook_id") == webhook
