"""Rich content that campaign tests send."""

from typing import Any

from accounts.models import Workspace
from gateway.models import Channel
from tests import builders
from tests.payloads.google_rcs.exhibit import AGENT, config

ROOMS: dict[str, Any] = {
    "cards": [
        {
            "title": "Sea for {{ first_name|you }}",
            "suggestions": [
                {"type": "reply", "text": "Sea", "payload": "sea-{{ name }}"},
                {
                    "type": "open_url",
                    "text": "Look",
                    "url": "https://example.org/?who={{ name|friend }}",
                },
            ],
        },
        {"title": "Garden", "suggestions": [{"type": "reply", "text": "Garden", "payload": "g"}]},
    ]
}


def pair(ws: Workspace | None = None, **fields: Any) -> tuple[Channel, Channel]:
    """RCS with SMS behind it."""
    sms = builders.channel(ws)
    rcs = builders.channel(
        sms.workspace, config(), kind="google_rcs", address=AGENT, fallback_channel=sms, **fields
    )
    return rcs, sms
