"""How a message would look, asked through the API."""

import uuid
from typing import Any

import pytest

from accounts.models import Role
from conversations.models import Message
from gateway.models import Channel, Delivery
from tests import builders
from tests.api.client import caller, errors
from tests.api.test_rich_content import IN_WORDS, ROOMS
from tests.payloads.google_rcs.exhibit import AGENT, config

pytestmark = pytest.mark.django_db

SPAIN = "+34 600 111 222"


@pytest.fixture
def api() -> Any:
    """An agent's program."""
    return caller(Role.AGENT)


def rcs(api: Any, **fields: Any) -> Channel:
    """An RCS agent of the workspace."""
    return builders.channel(api.workspace, config(), kind="google_rcs", address=AGENT, **fields)


def test_a_plain_phone_gets_numbers(api: Any) -> None:
    sms = builders.channel(api.workspace)
    body = {"channel": str(sms.pk), "address": SPAIN, "content": ROOMS}
    answer = api.post("messages/preview/", body)
    assert answer.status_code == 200
    assert answer.json() == {
        "looks": [
            {
                "channel": str(sms.pk),
                "medium": "SMS",
                "when": "",
                "skipped": False,
                "problem": "",
                "segments": 1,
                "parts": [{"content": {"text": IN_WORDS}, "segments": 1}],
                "options": [
                    {"number": 1, "text": "Take the sea", "payload": "room:sea"},
                    {"number": 2, "text": "Take the garden", "payload": "room:garden"},
                ],
                "changes": [
                    {
                        "rule": "cards_as_text",
                        "text": "2 cards become text: SMS shows no cards.",
                    },
                    {
                        "rule": "numbers",
                        "text": "2 answers are numbered: whoever writes the number or the words "
                        "has chosen it.",
                    },
                ],
            }
        ]
    }
    assert (Message.objects.count(), Delivery.objects.count()) == (0, 0)


def test_the_fallback_is_the_channels_unless_said_otherwise(api: Any) -> None:
    sms = builders.channel(api.workspace)
    first = rcs(api, fallback_channel=sms)
    body = {"channel": str(first.pk), "text": "Hello"}
    found = api.post("messages/preview/", body).json()["looks"]
    assert [one["channel"] for one in found] == [str(first.pk), str(sms.pk)]
    assert [one["when"] for one in found] == ["", "If RCS does not arrive in 60 s, it goes as:"]
    found = api.post("messages/preview/", body | {"fallback": None}).json()["looks"]
    assert len(found) == 1
    wanted = {"channel": str(sms.pk), "after_s": 90}
    found = api.post("messages/preview/", body | {"fallback": wanted}).json()["looks"]
    assert found[1]["when"] == "If RCS does not arrive in 90 s, it goes as:"


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"text": ""}, ["text"]),
        ({}, ["text"]),
        ({"text": "Hi", "address": "nobody"}, ["address"]),
        ({"text": "Hi", "channel": str(uuid.UUID(int=1))}, ["channel"]),
        ({"text": "Hi", "channel": "another workspace's"}, ["channel"]),
        ({"text": "Hi", "fallback": {"channel": "itself"}}, ["fallback.channel"]),
        ({"text": "Hi", "to": "x"}, ["to"]),
        ({"content": {"cards": [{"title": "A"}, {}]}}, ["content.cards.1"]),
        (
            {"content": {"media": [{"file": str(uuid.UUID(int=1))}]}},
            ["content.media.0.file"],
        ),
    ],
)
def test_what_cannot_be_looked_at_is_named(api: Any, fields: dict[str, Any], names: Any) -> None:
    sms = builders.channel(api.workspace)
    body = {"channel": str(sms.pk)} | fields
    if body["channel"] == "another workspace's":
        body["channel"] = str(builders.channel().pk)
    if body.get("fallback"):
        body["fallback"] = {"channel": str(sms.pk)}
    answer = api.post("messages/preview/", body)
    assert answer.status_code == 400
    assert sorted(errors(answer)) == names


def test_every_channel_says_what_it_can(api: Any) -> None:
    gone = builders.channel(api.workspace, kind="gone")
    (look,) = api.post("messages/preview/", {"channel": str(gone.pk), "text": "Hi"}).json()["looks"]
    assert (look["problem"], look["parts"]) == ("This channel cannot be used.", [])
