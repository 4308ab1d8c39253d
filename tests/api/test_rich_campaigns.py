"""The API's campaigns with rich content and a fallback of their own."""

from typing import Any

import pytest

from accounts.models import Role
from campaigns.models import Campaign
from gateway.models import Channel
from tests import builders
from tests.api.client import Caller, caller, errors
from tests.campaigns import build
from tests.campaigns.rich import ROOMS, pair

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Caller:
    """A marketer's."""
    return caller(Role.MARKETER)


@pytest.fixture
def channels(api: Caller) -> tuple[Channel, Channel]:
    """RCS with SMS behind it, and three people."""
    build.people(api.workspace, 3)
    return pair(api.workspace)


def draft(api: Caller, rcs: Channel, **fields: Any) -> Any:
    """The answer to a new campaign."""
    segment = builders.segment(api.workspace)
    body = {"name": "Rooms", "channel": str(rcs.pk), "segment": segment.pk, "content": ROOMS}
    return api.post("campaigns/", body | fields)


def test_content_in_place_of_a_text(api: Caller, channels: tuple[Channel, Channel]) -> None:
    made = draft(api, channels[0])
    assert made.status_code == 201, made.content
    assert (made.json()["text"], made.json()["content"]) == ("", ROOMS)
    path = f"campaigns/{made.json()['id']}/"
    plain = api.patch(path, {"text": "Hello"}).json()
    assert (plain["text"], plain["content"]) == ("Hello", None)
    rich = api.patch(path, {"content": {"text": "Rich"}}).json()
    assert (rich["text"], rich["content"]) == ("", {"text": "Rich"})
    assert api.patch(path, {"content": None}).json()["content"] is None
    assert list(errors(api.post(f"{path}launch/"))) == ["text"]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"content": {"cards": [{"title": "{{ nobody }}"}]}}, "content.cards.0.title"),
        ({"content": {"cards": [{"title": "x" * 201}]}}, "content.cards.0.title"),
        ({"content": {"text": "a", "colour": "red"}}, "content.colour"),
        ({"content": "words"}, "content"),
        ({"content": {}}, "content.text"),
        ({"content": {"media": [{"file": "x"}]}}, "content.media.0.file"),
        (
            {"content": {"media": [{"file": "0d7b3c1a-aaaa-4bbb-8ccc-ddddeeeeffff"}]}},
            "content.media.0.file",
        ),
        ({"text": "Hello"}, "text"),
        ({"fallback": "sometimes"}, "fallback"),
        ({"fallback": {}}, "fallback.channel"),
        ({"fallback": {"channel": "x"}}, "fallback.channel"),
        ({"fallback": {"channel": "itself"}}, "fallback.channel"),
        ({"fallback": {"channel": "elsewhere"}}, "fallback.channel"),
        ({"fallback": {"channel": "sms", "after_s": 1}}, "fallback.after_s"),
        ({"fallback": {"channel": "sms", "success": "seen"}}, "fallback.success"),
        ({"fallback": {"channel": "sms", "urgent": True}}, "fallback.urgent"),
        ({"fallback_by": "own"}, "fallback_by"),
    ],
)
def test_what_makes_no_sense_names_the_field(
    api: Caller, channels: tuple[Channel, Channel], fields: Any, wrong: str
) -> None:
    rcs, sms = channels
    named = {"itself": rcs.pk, "sms": sms.pk, "elsewhere": builders.channel().pk}
    given = dict(fields)
    if isinstance(given.get("fallback"), dict) and given["fallback"].get("channel") in named:
        given["fallback"] = given["fallback"] | {
            "channel": str(named[given["fallback"]["channel"]])
        }
    answer = draft(api, rcs, **given)
    assert answer.status_code == 400
    assert list(errors(answer)) == [wrong]
    assert not Campaign.objects.exists()


def test_a_fallback_as_of_messages(api: Caller, channels: tuple[Channel, Channel]) -> None:
    rcs, sms = channels
    made = draft(api, rcs).json()
    assert made["fallback"] == "channel"
    path = f"campaigns/{made['id']}/"
    own = {"channel": str(sms.pk), "after_s": 90, "success": "read"}
    assert api.patch(path, {"fallback": own}).json()["fallback"] == own
    assert api.patch(path, {"fallback": None}).json()["fallback"] is None
    assert api.patch(path, {"fallback": "channel"}).json()["fallback"] == "channel"
    # The launch fixes what the channel says.
    launched = api.post(f"{path}launch/").json()
    said = {"channel": str(sms.pk), "after_s": 60, "success": "delivered"}
    assert launched["fallback"] == said
    Channel.objects.filter(pk=rcs.pk).update(fallback_after_s=500)
    assert api.get(path).json()["fallback"] == said
    assert [row["fallback"] for row in api.get("campaigns/").json()["results"]] == [said]
    assert api.patch(path, {"fallback": None}).status_code == 409


def test_what_takes_several_messages_is_refused_at_the_launch(
    api: Caller, channels: tuple[Channel, Channel]
) -> None:
    made = draft(api, channels[0], content={"text": "Rooms", **ROOMS}).json()
    answer = api.post(f"campaigns/{made['id']}/launch/")
    assert answer.status_code == 400
    (words,) = errors(answer)["content"]
    assert words.startswith("On this channel this takes 2 messages; a campaign sends one")
    assert Campaign.objects.get().status == "draft"


def test_lists_do_not_grow_with_their_fallbacks(
    api: Caller, channels: tuple[Channel, Channel], django_assert_max_num_queries: Any
) -> None:
    rcs, sms = channels
    for _ in range(6):
        draft(api, rcs, fallback={"channel": str(sms.pk)})
    with django_assert_max_num_queries(10):
        assert len(api.get("campaigns/").json()["results"]) == 6
