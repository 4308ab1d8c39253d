"""Checks OAuth 1.0a signatures by hand (RFC 5849, section 3.4), without the library."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from gateway.contract import Request


def signed(request: Request, config: Mapping[str, str]) -> bool:
    """Whether the request has the signature of these keys."""
    pairs = re.findall(r'(\w+)="([^"]*)"', request.headers["Authorization"])
    fields = {name: unquote(value) for name, value in pairs}
    given = fields.pop("oauth_signature")
    assert fields["oauth_consumer_key"] == config["consumer_key"]
    assert fields["oauth_token"] == config["access_token"]
    assert fields["oauth_signature_method"] == "HMAC-SHA1"
    parts = urlsplit(request.url)
    params = [*fields.items(), *parse_qsl(parts.query, keep_blank_values=True)]
    line = "&".join(sorted(f"{escape(name)}={escape(value)}" for name, value in params))
    url = f"{parts.scheme}://{parts.netloc}{parts.path}"
    base = "&".join(map(escape, (request.method, url, line)))
    key = f"{escape(config['consumer_secret'])}&{escape(config['access_token_secret'])}"
    digest = hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()
    return hmac.compare_digest(given, base64.b64encode(digest).decode())


def escape(text: str) -> str:
    return quote(text, safe="-._~")
