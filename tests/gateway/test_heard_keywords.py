"""STOP and START on channels whose providers know no such words."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from contacts.models import ConsentRecord
from conversations.models import Message
from gateway import registry
from gateway.drain import drain
from gateway.events import InboundMessage, Keyword, OptOut
from gateway.keywords import heard
from gateway.mail import Mail
from gateway.models import Suppression
from tests import builders
from tests.gateway import anything

SAID = InboundMessage("m1", "77", "us", "STOP")


def words(**fields: Any) -> Keyword | None:
    found = heard([replace(SAID, **fields)])
    return found[1].keyword if len(found) > 1 and isinstance(found[1], OptOut) else None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("STOP", Keyword.STOP),
        ("stop!", Keyword.STOP),
        ("/stop", Keyword.STOP),
        ("Baja", Keyword.STOP),
        ("cancel", Keyword.STOP),
        ("START", Keyword.START),
        ("alta", Keyword.START),
        ("/start", None),
        ("/start stop", None),
        ("help", None),
        ("Please stop the delivery", None),
        ("stop" + " " * 60 + "the delivery", None),
        ("", None),
    ],
)
def test_words(text: str, word: Keyword | None) -> None:
    assert words(text=text) == word


def test_only_what_nobody_means_otherwise_counts_on_a_button() -> None:
    assert words(text="Stop", payload="p") == Keyword.STOP
    assert words(text="Cancel", payload="p") is None
    assert words(text="Start", payload="p") is None


def test_what_is_public_or_a_machines_is_no_keyword() -> None:
    assert words(public=True) is None
    assert words(automatic=True) is None


@pytest.mark.parametrize(
    ("subject", "text", "word"),
    [
        ("unsubscribe", "", Keyword.STOP),
        ("Unsubscribe", "Please take me off", Keyword.STOP),
        ("STOP", "", Keyword.STOP),
        ("News", "Unsubscribe", Keyword.STOP),
        ("News", "start", Keyword.START),
        ("STOP", "the delivery, I am not at home", None),
        ("Cancel", "", None),
        ("Re: News", "cancel", None),
        ("Hello", "", None),
    ],
)
def test_mail(subject: str, text: str, word: Keyword | None) -> None:
    assert words(text=text, mail=Mail("m1@x", subject)) == word


def test_what_the_adapter_has_heard_is_not_doubled() -> None:
    own = OptOut("m1", "77", Keyword.STOP, "STOP", answered=True)
    assert heard([SAID, own]) == [SAID, own]


@pytest.fixture
def registered(settings: Settings) -> Iterator[None]:
    settings.GATEWAY_ADAPTERS = [*settings.GATEWAY_ADAPTERS, anything.PATH]
    registry.adapters.cache_clear()
    yield
    registry.adapters.cache_clear()


@pytest.mark.django_db
@pytest.mark.usefixtures("registered")
def test_whoever_says_stop_is_on_the_list_until_they_say_start() -> None:
    channel = anything.channel(builders.workspace())
    anything.say(channel, SAID)
    drain()
    [row] = Suppression.objects.all()
    assert (row.workspace_id, row.medium, row.address) == (channel.workspace_id, "anything", "77")
    assert (row.reason, row.source, row.evidence) == ("opted_out", "keyword", "STOP")
    assert Message.objects.get().text == "STOP"
    anything.say(channel, replace(SAID, external_id="m2", text="Start"))
    drain()
    assert not Suppression.objects.exists()
    said = ConsentRecord.objects.order_by("id").values_list("medium", "status", "source")
    assert list(said) == [
        ("anything", "withdrawn", "keyword"),
        ("anything", "granted", "keyword"),
    ]
