"""Signed links: short, good for their time, and impossible to make up."""

import time
from typing import Any

import pytest
from django.test import Client

from gateway.media.links import Expired, Forged, link, open_token, renewed
from gateway.media.models import StoredFile
from gateway.media.storing import store
from tests import builders
from tests.gateway.media.shelf import PNG
from tests.gateway.media.test_serving import upload_of


def token_of(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


def test_a_link_opens_its_file(settings: Any) -> None:
    url = link(1234)
    assert url.startswith(f"{settings.PUBLIC_URL}/m/")
    assert open_token(token_of(url)) == 1234
    assert len(token_of(url)) <= 19
    assert token_of(url).isalnum()


def test_it_expires_after_the_setting(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_LINK_DAYS = 2
    token, now = token_of(link(7)), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 2 * 86_400 - 1)
    assert open_token(token) == 7
    monkeypatch.setattr(time, "time", lambda: now + 2 * 86_400 + 3_601)
    with pytest.raises(Expired):
        open_token(token)


def test_every_change_is_noticed() -> None:
    token = token_of(link(7))
    for place in range(len(token)):
        other = "1" if token[place] != "1" else "2"
        with pytest.raises(Forged):
            open_token(token[:place] + other + token[place + 1 :])


@pytest.mark.parametrize("token", ["", "0", "x" * 41, "ü", "a/b", "0" + "A" * 18])
def test_nonsense_is_no_link(token: str) -> None:
    with pytest.raises(Forged):
        open_token(token)


def test_another_key_makes_other_links(settings: Any) -> None:
    token = token_of(link(7))
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key, as long as it should be"
    with pytest.raises(Forged):
        open_token(token)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert open_token(token) == 7


def test_a_link_is_renewed_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    old, now = link(7), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 30 * 86_400)
    assert open_token(token_of(renewed(old))) == 7
    for other in ("https://example.org/m/abc/", old[:-3] + "xx/", "", "https://example.org/a.jpg"):
        assert renewed(other) == other


@pytest.mark.django_db
def test_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    row = store(workspace_id=builders.workspace().pk, content=upload_of(PNG), name="a.png")
    path = link(row.pk).partition("/m/")[2]
    answer: Any = Client().get(f"/m/{path}")
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == PNG
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer
    assert Client().post(f"/m/{path}").status_code == 405
    assert Client().get(f"/m/{path[:-3]}xx/").status_code == 404
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 8 * 86_400)
    over = Client().get(f"/m/{path}", headers={"Accept-Language": "es"})
    assert over.status_code == 410
    assert "Este enlace ha caducado" in over.content.decode()
    monkeypatch.undo()
    StoredFile.objects.all().delete()
    assert Client().get(f"/m/{path}").status_code == 410
