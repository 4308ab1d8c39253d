"""Hashtag chats by the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Role
from gateway.models import Channel
from hashtags import gathering
from tests.api.client import Caller, caller, errors
from tests.hashtags import build

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Caller:
    return caller(Role.MARKETER)


@pytest.fixture
def channel(api: Caller) -> Channel:
    return build.channel(api.workspace)


def planned(channel: Channel, **fields: Any) -> dict[str, Any]:
    return {
        "title": "Coffee hour",
        "channel": str(channel.pk),
        "hashtag": "#BrandChat",
        "starts_at": (timezone.now() + timedelta(hours=1)).isoformat(),
        "minutes": 30,
        "questions": [{"text": "How?", "minute": 0}, {"text": "Why?", "minute": 10}],
        **fields,
    }


def test_plan_change_and_cancel(api: Caller, channel: Channel) -> None:
    made = api.post("hashtag-chats/", planned(channel))
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["hashtag"], body["phase"], body["answers"]) == ("BrandChat", "coming", 0)
    assert [(one["position"], one["minute"], one["state"]) for one in body["questions"]] == [
        (1, 0, "waiting"),
        (2, 10, "waiting"),
    ]
    path = f"hashtag-chats/{body['id']}/"
    changed = api.patch(path, {"title": "Tea hour", "minutes": 60}).json()
    assert (changed["title"], len(changed["questions"])) == ("Tea hour", 2)
    assert api.get("hashtag-chats/").json()["results"] == [changed]
    assert api.post(f"{path}cancel/").json()["phase"] == "cancelled"
    assert api.post(f"{path}cancel/").status_code == 409
    assert api.call("DELETE", path).status_code == 204
    assert api.get(path).status_code == 404


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"hashtag": "1"}, "hashtag"),
        ({"minutes": 1}, "minutes"),
        ({"zone": "Nowhere"}, "zone"),
        ({"questions": []}, "questions"),
        ({"questions": [{"text": "x" * 300, "minute": 0}]}, "questions.0.text"),
        ({"questions": [{"text": "x", "minute": 30}]}, "questions.0.minute"),
        ({"questions": [{"text": "x"}]}, "questions.0.minute"),
        ({"cancelled_at": None}, "cancelled_at"),
    ],
)
def test_what_makes_no_sense_names_the_field(
    api: Caller, channel: Channel, fields: dict[str, Any], wrong: str
) -> None:
    assert list(errors(api.post("hashtag-chats/", planned(channel, **fields)))) == [wrong]


def test_another_workspaces_channel_does_not_exist(api: Caller) -> None:
    other = build.channel()
    assert list(errors(api.post("hashtag-chats/", planned(other)))) == ["channel"]


def test_answers(api: Caller, channel: Channel) -> None:
    chat = build.chat(channel)
    first = build.post("A1 black #BrandChat")
    gathering.receive_tagged(build.found(channel, first, build.post("A2 tea #BrandChat")))
    path = f"hashtag-chats/{chat.pk}/answers/"
    assert len(api.get(path).json()["results"]) == 2
    [found] = api.get(f"{path}?question=1").json()["results"]
    assert (found["post"], found["question"], found["text"], found["conversation"]) == (
        first.external_id,
        1,
        "A1 black #BrandChat",
        None,
    )
    assert found["url"] == f"https://x.com/i/status/{first.external_id}"
    assert api.get(f"{path}?starred=true").json()["results"] == []
    assert len(api.get(f"{path}?hidden=false").json()["results"]) == 2
    assert api.get(f"{path}?nonsense=1").status_code == 400


def test_agents_may_only_look(channel: Channel) -> None:
    chat = build.chat(channel)
    agent = caller(Role.AGENT, channel.workspace)
    assert agent.get(f"hashtag-chats/{chat.pk}/").status_code == 200
    assert agent.post("hashtag-chats/", planned(channel)).status_code == 403
    assert agent.post(f"hashtag-chats/{chat.pk}/cancel/").status_code == 403
