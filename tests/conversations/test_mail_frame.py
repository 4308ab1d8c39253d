"""The HTML of a mail, as it is shown: apart from our page, and without what reaches out."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from conversations.models import Message, MessageMail
from tests import builders

pytestmark = pytest.mark.django_db
HTML = (
    "<p onclick=alert(1)>Hello<script>alert(1)</script></p>"
    '<img src="https://t.example/p.gif"><img src="cid:logo">'
)


def mail(html: str = HTML, **fields: Any) -> Message:
    conversation = builders.conversation(builders.channel())
    message = builders.message(conversation, "Hello", **fields)
    MessageMail.objects.create(
        workspace_id=message.workspace_id, message=message, subject="<b>Hi", html=html, folded="old"
    )
    return message


def address(message: Message) -> str:
    return reverse("message-mail", args=[message.conversation_id, message.pk])


def reader(message: Message, role: str = Role.AGENT) -> Client:
    client = Client()
    client.force_login(builders.member(message.workspace, role).user)
    return client


def test_the_frame_runs_nothing_and_fetches_nothing() -> None:
    message = mail()
    response = reader(message).get(address(message))
    assert response.status_code == 200
    page = response.content.decode()
    assert "<p>Hello</p>" in page
    assert "alert" not in page
    assert ' src="https://t.example' not in page
    assert 'data-remote-src="https://t.example/p.gif"' in page
    assert 'data-blocked="1"' in page
    assert "<title>&lt;b&gt;Hi</title>" in page
    assert response["Content-Security-Policy"] == (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';"
        " style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self';"
        " base-uri 'none'; form-action 'none'"
    )
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response["Referrer-Policy"] == "no-referrer"


def test_pictures_from_elsewhere_are_fetched_once_asked_for() -> None:
    message = mail()
    response = reader(message).get(address(message), {"pictures": "1"})
    assert 'src="https://t.example/p.gif"' in response.content.decode()
    assert "img-src 'self' data: https: http:;" in response["Content-Security-Policy"]
    assert "script-src" not in response["Content-Security-Policy"]


def test_html_that_cannot_be_shown_is_shown_as_text() -> None:
    message = mail("<div>" * 5_000 + "<script>alert(1)</script>")
    response = reader(message).get(address(message), {"pictures": "1"})
    page = response.content.decode()
    assert "Hello\n\nold" in page
    assert "alert" not in page
    assert "https:" not in response["Content-Security-Policy"]


def test_a_mail_without_html_has_no_frame() -> None:
    message = mail("")
    assert reader(message).get(address(message)).status_code == 404


def test_another_workspace_sees_nothing() -> None:
    message, other = mail(), mail()
    assert reader(other).get(address(message)).status_code == 404
    assert Client().get(address(message)).status_code in (302, 403)
