"""Signs requests to X as the account itself: OAuth 1.0a, HMAC-SHA1 (RFC 5849)."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import quote, urlencode

from oauthlib.oauth1 import Client

from gateway.contract import Grant, Request, Response, Token
from gateway.errors import Ambiguous, BadCredentials, SendError, Throttled, Unreachable

Method = Literal["GET", "POST", "PUT"]
# X's application tokens have no end; asked for again now and then all the same.
TOKEN_S = 3_600.0


def with_params(url: str, params: Sequence[tuple[str, str]]) -> str:
    """The URL with its parameters, in the one encoding that is signed and sent."""
    return f"{url}?{urlencode(params, quote_via=quote)}" if params else url


def authorization(config: Mapping[str, str], method: Method, url: str) -> str:
    """The header that signs a request; its body is JSON or a multipart form, which is not signed.

    Nonce and time are new each time.
    """
    client = Client(
        config["consumer_key"],
        config["consumer_secret"],
        config["access_token"],
        config["access_token_secret"],
    )
    _url, headers, _body = client.sign(url, method)
    return str(headers["Authorization"])


def app_grant(config: Mapping[str, str], base_url: str, secrets: tuple[str, ...]) -> Grant:
    """How to get the application's own token, which webhooks are managed with.

    https://docs.x.com/fundamentals/authentication/oauth-2-0/application-only
    """

    def ask() -> Request:
        return Request(
            "POST",
            f"{base_url}/oauth2/token",
            data=[("grant_type", "client_credentials")],
            auth=(config["consumer_key"], config["consumer_secret"]),
            secrets=secrets,
        )

    # Who knows another's key, but not its secret, is not given that one's token.
    digest = hashlib.sha256(config["consumer_secret"].encode()).hexdigest()
    return Grant(f"x {base_url} {config['consumer_key']} {digest}", ask, _token)


def _token(response: Response) -> Token:
    found = response.json()
    value = found.get("access_token") if isinstance(found, dict) else None
    if response.status == 200 and isinstance(value, str) and value:
        return Token(value, TOKEN_S)
    raise _refused(response)


def _refused(response: Response) -> SendError:
    if response.status == 429:
        return Throttled("X gives no token at the moment.", retry_after=response.retry_after())
    if response.status in {400, 401, 403}:
        return BadCredentials("X does not know this API key and secret.", code="token")
    if response.status >= 500:
        return Unreachable(f"X gives no token: {response.status}.")
    return Ambiguous(f"X gives no token: {response.status}.")
