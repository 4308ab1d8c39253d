"""Builds the requests of a generic HTTP channel from its templates."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import orjson

from channels_sms import http_template as template
from channels_sms.http_answers import secret_forms
from channels_sms.segments import normalized
from gateway.contract import Request
from gateway.events import OutboundMessage
from gateway.sql import storable

# A header's value that is shorter is no secret, and hiding it would make logs unreadable.
SHORTEST_SECRET = 6
# An answer may repeat the text under any name; shorter texts are hidden by name only.
SHORTEST_TEXT = 12
PLAIN_HEADERS = frozenset({"accept", "content-type", "user-agent"})
PRIVATE = frozenset({"text", "key"})


class Requests:
    """The requests of one channel. ``look_alike``: where all of them go instead, if anywhere."""

    def __init__(self, config: Mapping[str, str], look_alike: str) -> None:
        self.config = config
        self.look_alike = look_alike

    def send(
        self, message: OutboundMessage, status_url: str, validity_s: int | None = None
    ) -> Request:
        """The request that hands a message over. ValueError when the recipient's address would
        change the path.
        """
        values = self._own | {
            **_sender(message.sender or self.config.get("from_number", "")),
            "to": message.address,
            "to_digits": message.address.lstrip("+"),
            "text": storable(normalized(message.text)),
            "id": message.uid,
            "status_url": status_url,
            template.OPTIONAL: "" if validity_s is None else str(validity_s),
        }
        url, params = self._send_url.filled(values)
        return Request(
            method=self.config.get("method", "POST"),
            url=url,
            headers=dict(template.fill_pairs(self._headers, values)),
            params=params,
            data=template.fill_pairs(self._form, values) if self._form else None,
            json=template.fill_json(self._json, values),
            auth=self._auth,
            secrets=(*self.secrets, *_echoes(values["text"])),
            private=self._private,
        )

    def ask(self, address: str) -> Request:
        """A question about the account: the same headers, as far as they need no message."""
        url, params = self._read_url(address).filled(self._own)
        return Request(
            method="GET",
            url=url,
            headers=dict(template.fill_pairs(self._own_headers, self._own)),
            params=params,
            auth=self._auth,
            secrets=self.secrets,
            private=self._private,
        )

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """What no log may show: key and webhook secret, the headers' values and credentials."""
        known = [self.config.get("key", ""), self.config.get("webhook_secret", "")]
        for name, value in template.fill_pairs(self._own_headers, self._own):
            if name.lower() not in PLAIN_HEADERS:
                parts = (value, value.rpartition(" ")[2])
                known += [part for part in parts if len(part) >= SHORTEST_SECRET]
        return secret_forms(known)

    # --- Read once ----------------------------------------------------------------------------

    @cached_property
    def _own(self) -> dict[str, str]:
        """The variables that are the channel's, whatever the message."""
        return _sender(self.config.get("from_number", "")) | {"key": self.config.get("key", "")}

    @cached_property
    def _send_url(self) -> template.UrlTemplate:
        return self._read_url(self.config["send_url"])

    def _read_url(self, address: str) -> template.UrlTemplate:
        read = template.read_url(address)
        return read.at(self.look_alike) if self.look_alike else read

    @cached_property
    def _auth(self) -> tuple[str, str] | None:
        user = self.config.get("basic_user")
        return (user, self.config.get("key", "")) if user else None

    @cached_property
    def _headers(self) -> template.Pairs:
        return template.read_headers(self.config.get("headers", ""))

    @cached_property
    def _own_headers(self) -> template.Pairs:
        return [pair for pair in self._headers if template.used(pair[1]) <= self._own.keys()]

    @cached_property
    def _form(self) -> template.Pairs:
        is_form = self.config.get("body_type") == "form"
        return template.read_form(self.config.get("body", "")) if is_form else []

    @cached_property
    def _json(self) -> Any:
        text = "" if self.config.get("body_type") == "form" else self.config.get("body")
        return template.read_json(text) if text else None

    @cached_property
    def _private(self) -> frozenset[str]:
        """Names of fields that hold the text or a secret."""
        pairs = [*self._send_url.query, *self._form]
        named = {name for name, value in pairs if template.used(value) & PRIVATE}
        return frozenset(named | template.names_of(self._json, PRIVATE))


def _sender(sender: str) -> dict[str, str]:
    return {"from": sender, "from_digits": sender.lstrip("+")}


def _echoes(text: str) -> tuple[str, ...]:
    """The text as an answer may repeat it, plain or as JSON writes it."""
    if len(text) < SHORTEST_TEXT:
        return ()
    return tuple({text, orjson.dumps(text).decode()[1:-1]})
