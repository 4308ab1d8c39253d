"""Files that came within a request itself, as a mail's do: taken out of the inbound log."""

from io import BytesIO

import structlog

from gateway.contract import Adapter, WebhookRequest
from gateway.events import Expected
from gateway.media.download import Downloaded, Later, Refused
from gateway.media.models import MessageFile
from gateway.models import InboundRequest

logger = structlog.get_logger(__name__)

PREFIX = "inside:"


def place_of(one: Expected) -> str:
    """Where such a file lies, as MessageFile.url has it."""
    return f"{PREFIX}{one.inbound_id}:{one.attachment.inside}"


def is_inside(row: MessageFile) -> bool:
    """Whether a file came within a request."""
    return row.url.startswith(PREFIX)


def take_out(row: MessageFile, adapter: Adapter | None) -> Downloaded:
    """The file's bytes. Raises Refused (the request is gone, or has no such part) or Later."""
    if adapter is None:
        raise Later("channel")
    number, _colon, part = row.url.removeprefix(PREFIX).partition(":")
    kept = InboundRequest.objects.filter(pk=number, channel=row.channel_id).first()
    if kept is None:
        raise Refused("gone")
    try:
        content = adapter.inside(
            WebhookRequest(kept.method, kept.url, kept.headers, bytes(kept.body), kept.received_at),
            part,
        )
    except (LookupError, ValueError) as error:
        logger.warning("part not found", file=row.pk, reason=type(error).__name__)
        raise Refused("answer") from error
    return Downloaded(BytesIO(content), row.content_type)
