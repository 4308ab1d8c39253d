"""How a provider without an adapter proves that a webhook is its own: one of seven ways.

An HMAC covers the raw body and nothing else, so a request without a body is refused there, and
nothing is believed of its query. The other ways show a secret that is good for any request.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.utils.translation import gettext_lazy as _

from gateway.contract import WebhookRequest
from gateway.errors import BadSignature

SCHEMES = (
    ("hmac_sha256_hex", _("HMAC-SHA256 of the body, hexadecimal")),
    ("hmac_sha256_base64", _("HMAC-SHA256 of the body, base64")),
    ("hmac_sha1_hex", _("HMAC-SHA1 of the body, hexadecimal")),
    ("hmac_sha1_base64", _("HMAC-SHA1 of the body, base64")),
    ("header", _("A secret in a header")),
    ("query", _("A secret in the webhook address")),
    ("basic", _("HTTP Basic: user name and password")),
)
# Where the proof stands unless the channel says otherwise.
PLACES = {"header": "x-webhook-token", "query": "token"}
HMAC_PLACE = "x-signature"


@dataclass(frozen=True, slots=True)
class Signature:
    """One of SCHEMES with its secret. ``name``: header, parameter or user; ``prefix``: before the
    value, for example ``sha256=``.
    """

    scheme: str
    secret: str
    name: str = ""
    prefix: str = ""

    @property
    def covers_body_only(self) -> bool:
        """Whether the query is anybody's."""
        return self.scheme.startswith("hmac_")

    @property
    def place(self) -> str:
        """The header, parameter or user name."""
        return self.name or PLACES.get(self.scheme, HMAC_PLACE)

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless the request carries the proof; compared in constant time."""
        if not self.secret:
            raise BadSignature("The channel has no secret, so nothing can be verified.")
        if self.covers_body_only and (request.method == "GET" or not request.body):
            raise BadSignature("Only a body can be signed, and there is none.")
        given = self._given(request)
        if not given:
            raise BadSignature("The signature is missing.")
        if not hmac.compare_digest(self._wanted(request), given):
            raise BadSignature("The signature does not match.")

    def without(self, url: str) -> str:
        """The URL without the secret, if it is there that it stands."""
        if self.scheme != "query" or "?" not in url:
            return url
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        kept = [(name, value) for name, value in pairs if name != self.place]
        return urlunsplit(parts._replace(query=urlencode(kept)))

    def added(self, url: str) -> str:
        """The URL with the secret, if it is there that it stands."""
        if self.scheme != "query":
            return url
        sign = "&" if "?" in url else "?"
        return f"{url}{sign}{urlencode([(self.place, self.secret)])}"

    def _wanted(self, request: WebhookRequest) -> bytes:
        if not self.covers_body_only:
            return self.secret.encode()
        _hmac, algorithm, _form = self.scheme.split("_")
        return hmac.digest(self.secret.encode(), request.body, algorithm)

    def _given(self, request: WebhookRequest) -> bytes:
        """What the request shows, decoded; empty when it shows nothing that can be read."""
        if self.scheme == "query":
            pairs = parse_qsl(urlsplit(request.url).query)
            return next((value for name, value in pairs if name == self.place), "").encode()
        if self.scheme == "basic":
            return self._password(request.headers.get("authorization", ""))
        value = request.headers.get(self.place.lower(), "").strip()
        if not value.startswith(self.prefix):
            return b""
        value = value.removeprefix(self.prefix).strip()
        return _decoded(value, self.scheme) if self.covers_body_only else value.encode()

    def _password(self, value: str) -> bytes:
        """The password of HTTP Basic, if the user name is right as well."""
        kind, _space, given = value.partition(" ")
        user, _colon, password = _decoded(given.strip(), "base64").partition(b":")
        right = kind.lower() == "basic" and hmac.compare_digest(user, self.name.encode())
        return password if right else b""


def _decoded(value: str, scheme: str) -> bytes:
    try:
        if scheme.endswith("base64"):
            return base64.b64decode(value, validate=True)
        return bytes.fromhex(value)
    except (binascii.Error, ValueError):
        return b""
