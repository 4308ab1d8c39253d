"""One HTTP exchange with a provider as the channel log keeps it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from uuid import UUID

from gateway import redaction
from gateway.contract import Request, Response

if TYPE_CHECKING:
    from gateway.models import ChannelLog


@dataclass(slots=True)  # not frozen: made for each message, and freezing doubles what it costs
class Exchange:
    """Redacted, on being asked in the case of ``response``; ``status`` None when no answer came."""

    method: str
    url: str
    status: int | None
    request: str
    error: str
    duration_ms: int
    at: datetime
    answer: tuple[Request, Response] | None = field(default=None, repr=False)

    @property
    def response(self) -> str:
        """The answer without its secrets; empty when there was none."""
        return redaction.response_summary(*self.answer) if self.answer else ""

    @classmethod
    def of(cls, request: Request, response: Response | None, seconds: float, error: str) -> Self:
        """Summarize an exchange without its secrets."""
        return cls(
            method=request.method,
            url=redaction.url_summary(request),
            status=response.status if response else None,
            request=redaction.request_summary(request),
            error=error,
            duration_ms=round(seconds * 1000),
            at=datetime.now(UTC),
            answer=(request, response) if response else None,
        )

    def log_row(
        self,
        *,
        workspace_id: int,
        channel_id: UUID,
        kind: str,
        delivery_id: int | None = None,
        attempt: int | None = None,
        error: str = "",
        error_class: str = "",
    ) -> "ChannelLog":
        """The row to insert; ``error`` adds what the adapter made of the answer."""
        from gateway.models import ChannelLog

        problem = self.error or error
        return ChannelLog(
            workspace_id=workspace_id,
            channel_id=channel_id,
            delivery_id=delivery_id,
            kind=kind,
            ok=not problem,
            method=self.method,
            url=self.url,
            status=self.status,
            request=self.request,
            response=self.response,
            error=problem,
            error_class=error_class,
            duration_ms=self.duration_ms,
            attempt=attempt,
            created_at=self.at,
        )
