"""Writes signed requests to the product's door over real connections."""

import http.client
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit

from twilio.request_validator import RequestValidator

from gateway.models import Channel
from tests import builders

FORM = "application/x-www-form-urlencoded"
Fields = dict[str, str]


class Poster:
    """One keep-alive connection to one channel's webhook."""

    def __init__(self, url: str, channel_id: uuid.UUID | str) -> None:
        self.url, self.path = url, f"/webhooks/{channel_id}/"
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()

    def post(self, fields: Fields, *, query: str = "") -> int:
        """Post signed fields; the status of the answer."""
        path = self.path + (f"?{query}" if query else "")
        signature = RequestValidator(builders.TOKEN).compute_signature(self.url + path, fields)
        headers = {"Content-Type": FORM, "X-Twilio-Signature": signature}
        return self.request(path, urlencode(fields), headers)

    def request(self, path: str, body: str, headers: Fields) -> int:
        """Post a body as it is; the status of the answer."""
        self.connection.request("POST", path, body, headers)
        response = self.connection.getresponse()
        response.read()
        return response.status


def post_all(url: str, channel: Channel, lanes: Iterable[Sequence[Fields]]) -> list[int]:
    """Post each lane in its order, all lanes at once; the statuses of all answers."""

    def post(lane: Sequence[Fields]) -> list[int]:
        with Poster(url, channel.pk) as poster:
            return [poster.post(fields) for fields in lane]

    lanes = list(lanes)
    with ThreadPoolExecutor(len(lanes)) as pool:
        return [status for statuses in pool.map(post, lanes) for status in statuses]


def in_lanes(posts: Sequence[Fields], count: int) -> list[Sequence[Fields]]:
    """Deal posts out to so many connections."""
    return [posts[n::count] for n in range(count)]
