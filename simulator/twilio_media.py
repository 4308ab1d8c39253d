"""Files of messages as Twilio keeps them: behind the log-in, and then on a CDN that wants none."""

import base64
import binascii
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from simulator.bodies import Body
from simulator.twilio_words import PROVIDER_PATH, VERSION
from simulator.world import new_sid

MAX_MEDIA = 10
# All files together; the oldest are forgotten.
MOST_BYTES = 200_000_000
CDN = "/twilio-cdn"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file: what its sender calls it, and its bytes."""

    account: str
    message: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Given:
    """A file a customer sends: bytes that we keep, or the URL where it lies."""

    content_type: str
    data: bytes = b""
    url: str = ""


class Media:
    """The files that customers have sent, by Twilio's ids."""

    def __init__(self) -> None:
        self.files: OrderedDict[str, Kept] = OrderedDict()
        self.bytes = 0

    def keep(
        self, given: Sequence[Given], *, origin: str, account: str, message: str
    ) -> tuple[tuple[str, str], ...]:
        """The files' URLs and types as the webhook names them."""
        return tuple(
            (one.url or self._keep(one, origin, account, message), one.content_type)
            for one in given
        )

    def keep_open(
        self, given: Sequence[Given], *, origin: str, account: str, message: str
    ) -> tuple[tuple[str, str], ...]:
        """As ``keep``, where nobody has to log in for them."""
        kept = self.keep(given, origin=origin, account=account, message=message)
        return tuple(
            (url if one.url else f"{origin}{CDN}/{url.rpartition('/')[2]}", kind)
            for one, (url, kind) in zip(given, kept, strict=True)
        )

    def _keep(self, one: Given, origin: str, account: str, message: str) -> str:
        sid = new_sid("ME")
        self.files[sid] = Kept(account, message, one.content_type, one.data)
        self.bytes += len(one.data)
        while self.bytes > MOST_BYTES:
            _sid, oldest = self.files.popitem(last=False)
            self.bytes -= len(oldest.data)
        path = f"{PROVIDER_PATH}/{VERSION}/Accounts/{account}/Messages/{message}/Media/{sid}"
        return f"{origin}{path}"

    def find(self, account: str, message: str, sid: str) -> Kept | None:
        """A file of a message of an account."""
        kept = self.files.get(sid)
        return kept if kept and (kept.account, kept.message) == (account, message) else None

    async def cdn(self, request: web.Request) -> web.Response:
        """The bytes, for everybody who knows where; not for who shows credentials around."""
        kept = self.files.get(request.match_info["sid"])
        if "Authorization" in request.headers:
            return web.Response(status=400, text="Only one auth mechanism allowed.")
        if kept is None:
            return web.Response(status=404)
        # As it was called: what it is, is for the receiver to find out.
        return web.Response(body=kept.data, headers={"Content-Type": kept.content_type})


def cdn_url(request: web.Request, sid: str) -> str:
    """Where a file has moved to."""
    return str(request.url.origin().with_path(f"{CDN}/{sid}"))


def read_media(body: Body) -> tuple[Given, ...]:
    """Files of a message: ``[{"content_type", "data" (base64) or "url"}]``, or just their URLs."""
    body.read.add("media")
    value = body.value.get("media") or []
    if not isinstance(value, list) or len(value) > MAX_MEDIA:
        body.errors["media"] = f"This must be a list of {MAX_MEDIA} files at most."
        return ()
    try:
        return tuple(map(_given, value))
    except (TypeError, ValueError, binascii.Error) as error:
        body.errors["media"] = str(error)
        return ()


def _given(item: object) -> Given:
    found = {"url": item} if isinstance(item, str) else item
    if not isinstance(found, dict):
        raise TypeError("Each file needs a url, or data in base64.")
    kind = str(found.get("content_type") or "image/jpeg")
    url, data = found.get("url"), found.get("data")
    if isinstance(url, str) and data is None:
        return Given(kind, url=url)
    if isinstance(data, str) and url is None:
        return Given(kind, data=base64.b64decode(data, validate=True))
    raise ValueError("Each file needs a url, or data in base64.")
