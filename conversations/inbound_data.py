"""What the row of an inbound message keeps beside its text: taps, quotes, cards, and odd kinds."""

from dataclasses import asdict
from typing import Any

from gateway.content.adapting import map_link
from gateway.events import InboundMessage


def words_of(message: InboundMessage) -> str:
    """What was written, or where the customer is, or whose card they sent."""
    if message.text:
        return message.text
    if message.location:
        return map_link(message.location)
    return "\n".join(
        " ".join(filter(None, (one.name, *one.phones, *one.emails))) for one in message.shared
    )


def data_of(message: InboundMessage, tap: dict[str, str | None] | None) -> dict[str, Any]:
    """``tap``: the option chosen. ``quotes``: the provider's id of the message it answers.

    ``about``: a story, a post… (gateway.events.Referred). ``unsupported``: the provider's word for
    a kind that cannot be shown. ``quote_token`` and ``read_token``: by what the provider knows it
    again. ``mail``: there is a MessageMail beside it.
    """
    referred = asdict(message.referred) if message.referred else {}
    data: dict[str, Any] = {
        "tap": tap,
        "quotes": message.reply_to,
        "about": {name: value for name, value in referred.items() if value},
        "shared": [asdict(one) for one in message.shared],
        "unsupported": message.unsupported,
        "quote_token": message.quote_token,
        "read_token": message.read_token,
        "automatic": message.automatic,
        "mail": message.mail is not None,
    }
    return {name: value for name, value in data.items() if value}
