"""A WeChat Official Account: what a person enters, and the token its calls need."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from channels_social import wechat_errors
from gateway.contract import ConfigField, Grant, Request, Response, Token
from gateway.errors import Unreachable
from gateway.signalling.setting import TYPING

HOST = "https://api.weixin.qq.com"
JSON = {"Content-Type": "application/json; charset=utf-8"}
LIFE_S = 7200.0
# Before the end, so that what leaves still arrives in time.
MARGIN_S = 300.0
WEBHOOKS = _("Messages from WeChat")

FIELDS = (
    ConfigField(
        "original_id",
        _("Original ID"),
        help=_("In the console of the account: Settings, Account info."),
        placeholder="gh_7f083739789a",
        pattern=r"gh_[0-9A-Za-z]{6,32}",
        pattern_error=_("It begins with gh_."),
    ),
    ConfigField(
        "app_id",
        _("AppID"),
        help=_("Development, Basic configuration: AppID and AppSecret."),
        placeholder="wx5823bf96d3bd56c7",
        pattern=r"wx[0-9a-f]{16}",
        pattern_error=_("It begins with wx, and 16 characters follow."),
    ),
    ConfigField(
        "app_secret",
        _("AppSecret"),
        help=_("WeChat shows it once. This server's IP address must be in the allow-list there."),
        secret=True,
        pattern=r"[0-9a-zA-Z]{32}",
        pattern_error=_("It has 32 letters and digits."),
    ),
    ConfigField(
        "token",
        _("Token"),
        help=_("A word you choose: enter the same here and at Server configuration there."),
        secret=True,
        pattern=r"[0-9A-Za-z]{3,32}",
        pattern_error=_("3 to 32 letters and digits."),
        group=WEBHOOKS,
    ),
    ConfigField(
        "aes_key",
        _("EncodingAESKey"),
        help=_(
            "From Server configuration, with “Safe mode”. Without it messages come unencrypted."
        ),
        secret=True,
        required=False,
        pattern=r"[0-9A-Za-z]{43}",
        pattern_error=_("It has 43 letters and digits."),
        group=WEBHOOKS,
    ),
    TYPING,
)


def utf8_json(value: Any) -> bytes:
    """JSON as WeChat wants it: what is escaped it would show as it stands."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def grant(config: Mapping[str, str], base_url: str) -> Grant:
    """How to get the account's access token.

    By ``stable_token`` every process is given the same one; the older call would make a new one
    each time and end the others'.
    """
    app_id, secret = config.get("app_id", ""), config.get("app_secret", "")
    digest = hashlib.sha256(secret.encode()).hexdigest()[:16]
    return Grant(
        key=f"wechat {app_id} {digest} {base_url}",
        ask=_asker(app_id, secret, base_url),
        read=read_token,
        param="access_token",
        stale=wechat_errors.stale,
    )


def _asker(app_id: str, secret: str, base_url: str) -> Callable[[], Request]:
    def ask() -> Request:
        body = {"grant_type": "client_credential", "appid": app_id, "secret": secret}
        return Request(
            method="POST",
            url=f"{base_url}/cgi-bin/stable_token",
            json=body,
            secrets=(secret,),
            private=frozenset({"secret", "access_token"}),
        )

    return ask


def read_token(response: Response) -> Token:
    """The token in WeChat's answer; BadCredentials when the account is refused."""
    answer = wechat_errors.body(response, safe=True)
    value, seconds = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        raise Unreachable("WeChat's answer names no token.")
    life = float(seconds) if isinstance(seconds, int | float) else LIFE_S
    return Token(value, max(life - MARGIN_S, life / 2))
