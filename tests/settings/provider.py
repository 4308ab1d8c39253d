"""Twilio's account API on loopback, as far as a credentials check asks for it; real HTTP."""

import json
import threading
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Provider:
    """``tokens``: account to auth token; ``numbers`` it owns; ``down``: answers 503."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}
        self.numbers: set[str] = set()
        self.down = False
        self.asked = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """What SIMULATOR_URL shall be."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "Provider":
        self.thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.server.shutdown()
        self.thread.join(10)
        self.server.server_close()

    def answer(self, path: str, authorization: str) -> tuple[int, dict[str, object]]:
        """The status and JSON for one request."""
        self.asked += 1
        if self.down:
            return 503, {}
        user, _, token = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if self.tokens.get(user) != token:
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}
        if "IncomingPhoneNumbers" in path:
            found = [{"phone_number": n} for n in self.numbers if n.strip("+") in path]
            return 200, {"incoming_phone_numbers": found}
        return 200, {"friendly_name": "Corner shop", "status": "active"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = provider.answer(self.path, self.headers.get("Authorization", ""))
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments: object) -> None:
                pass

        return Handler
