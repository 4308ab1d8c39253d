"""A caller of the API, through real URLs, views and SQL."""

import json
from typing import Any

from django.test import Client

from accounts.models import Member, Role, Workspace
from accounts.services import create_token
from tests import builders

ROOT = "/api/v1/"


class Caller:
    """Sends JSON with a member's token; answers are Django's test responses."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.workspace: Workspace = member.workspace
        self.token = create_token(member=member, name="Test", by=None)[1]
        self.http = Client(raise_request_exception=True)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One request; ``headers`` as Django's client takes them."""
        url = path if path.startswith(("/", "http")) else ROOT + path
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.http.generic(
            method,
            url,
            b"" if body is None else data,
            content_type="application/json",
            headers={"Authorization": f"Token {self.token}"} | headers,
        )

    def get(self, path: str, **headers: str) -> Any:
        """GET."""
        return self.call("GET", path, None, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """POST; an empty object when no body is given."""
        return self.call("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any) -> Any:
        """PATCH."""
        return self.call("PATCH", path, body)

    def put(self, path: str, body: Any) -> Any:
        """PUT."""
        return self.call("PUT", path, body)

    def delete(self, path: str) -> Any:
        """DELETE."""
        return self.call("DELETE", path)


def caller(role: str = Role.ADMIN, ws: Workspace | None = None) -> Caller:
    """A new member of a workspace with a token."""
    return Caller(builders.member(ws, role=role))


def errors(response: Any) -> dict[str, list[str]]:
    """The fields of a refusal, after checking that it is a proper problem."""
    assert response["Content-Type"].startswith("application/problem+json"), response.content
    body = response.json()
    assert set(body) - {"errors"} == {"type", "title", "status", "detail", "instance"}
    assert body["status"] == response.status_code
    found: dict[str, list[str]] = body.get("errors", {})
    return found
