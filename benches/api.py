"""A few lines of HTTP client for the product's own API."""

import json
import urllib.request
import uuid
from typing import Any

from benches.stack import Stack


class Api:
    """Calls ``/api/v1/`` with the demo admin's token."""

    def __init__(self, stack: Stack) -> None:
        self.base = f"{stack.url}/api/v1/"
        self.headers = {
            "Authorization": f"Token {stack.token}",
            "Content-Type": "application/json",
        }

    def get(self, path: str) -> Any:
        """The decoded answer of a GET."""
        return self._call(urllib.request.Request(self.base + path, headers=self.headers))  # noqa: S310

    def post(self, path: str, document: Any) -> Any:
        """The decoded answer of a POST."""
        headers = {**self.headers, "Idempotency-Key": str(uuid.uuid4())}
        body = json.dumps(document).encode()
        return self._call(urllib.request.Request(self.base + path, body, headers))  # noqa: S310

    @staticmethod
    def plain(url: str) -> Any:
        """The decoded answer of a GET anywhere on this machine."""
        return Api._call(urllib.request.Request(url))  # noqa: S310

    @staticmethod
    def tell(url: str, document: Any) -> Any:
        """The decoded answer of a POST anywhere on this machine."""
        headers = {"Content-Type": "application/json"}
        body = json.dumps(document).encode()
        return Api._call(urllib.request.Request(url, body, headers))  # noqa: S310

    @staticmethod
    def _call(request: urllib.request.Request) -> Any:
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            return json.load(answer)
