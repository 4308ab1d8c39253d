"""What a kind of channel shows to be tried by the conformance suite."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.contract import Adapter, Response, WebhookRequest


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One adapter with requests its provider would send.

    ``sign`` gives a request the provider's valid signature for its present content. ``statuses``
    are reports on one message in their natural order. ``garbage`` is what the provider would never
    send; the suite signs it. ``recipient`` is an address the adapter can send to.
    ``statuses`` is empty for a provider that reports nothing, ``accepted_id`` for one that names
    nothing (our own uid is the id then).
    ``names_what_was_read``: a READ is about one message, not all of a conversation.
    """

    adapter: Adapter
    sign: Callable[[WebhookRequest], WebhookRequest]
    inbound: WebhookRequest
    inbound_ids: Sequence[str]
    statuses: Sequence[WebhookRequest]
    unknown: WebhookRequest
    garbage: Sequence[WebhookRequest]
    recipient: str
    accepted: Response
    accepted_id: str
    names_what_was_read: bool = True
    signs_body: bool = True
    secret_in: str = ""
