"""Meta's requests for an Instagram account, signed, for tests and for the suite."""

import json
from collections.abc import Callable
from pathlib import Path

from channels_social.instagram import Instagram
from gateway.contract import Response
from tests.payloads.exhibit import Exhibit
from tests.payloads.messenger import exhibit as meta

FOLDER = Path(__file__).parent
ACCOUNT, CUSTOMER = "17841405822304914", "1234567890123456"


def config(**fields: str) -> dict[str, str]:
    """A channel's settings."""
    found = {
        "instagram_id": ACCOUNT,
        "username": "shop",
        "access_token": "EAAGinstagramtoken012345",
        "app_secret": meta.SECRET,
        "verify_token": "verify-me-please",
    }
    return found | fields


def instagram() -> Exhibit:
    """An Instagram account, connected through its page."""
    accepted = {"recipient_id": CUSTOMER, "message_id": "aWdfZAG500"}
    return Exhibit(
        adapter=Instagram(config()),
        sign=meta.sign,
        inbound=meta.sign(meta.payload("message_text", FOLDER)),
        inbound_ids=["aWdfZAG001"],
        statuses=[meta.sign(meta.payload("read", FOLDER))],
        unknown=meta.sign(meta.payload("event_new", FOLDER)),
        garbage=meta.garbage(),
        recipient=CUSTOMER,
        accepted=Response(200, {}, json.dumps(accepted).encode()),
        accepted_id="aWdfZAG500",
        names_what_was_read=False,
    )


EXHIBITS: dict[str, Callable[[], Exhibit]] = {"instagram": instagram}
