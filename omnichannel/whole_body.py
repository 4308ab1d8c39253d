"""Lets a request for a page in once its body is here in full."""

from gateway.asgi import Application, Message, Receive, Scope, Send, headers_of, read_body


class WholeBody:
    """No thread waits for a slow client, and none works on half a form when one goes away.

    A body that is longer than ``limit`` (bytes) is left unread; Django refuses it by its length.
    """

    def __init__(self, application: Application, limit: int) -> None:
        self.application = application
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = headers_of(scope).get("content-length", "")
        if not length.isdecimal() or not 0 < int(length) <= self.limit:
            await self.application(scope, receive, send)
            return
        try:
            body = await read_body(receive, self.limit)
        except ConnectionError:
            return

        async def whole() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self.application(scope, whole, send)
