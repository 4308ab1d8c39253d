"""Our reactions to customers' messages: through the outbox, one a message, taken back again."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import Role
from conversations.models import Message
from gateway import registry
from gateway.drain import drain
from gateway.events import About, InboundMessage, Unsent
from gateway.models import Delivery
from gateway.states import State
from tests import builders
from tests.api.client import caller, errors
from tests.gateway import anything

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def registered(settings: Settings) -> Iterator[None]:
    settings.GATEWAY_ADAPTERS = [*settings.GATEWAY_ADAPTERS, anything.PATH]
    registry.adapters.cache_clear()
    yield
    registry.adapters.cache_clear()


def wrote(*more: Any, **fields: Any) -> Message:
    channel = anything.channel(builders.workspace())
    anything.say(channel, InboundMessage("m1", "77", "us", "Thanks", **fields), *more)
    drain()
    return Message.objects.get()


def about(row: Delivery) -> dict[str, Any]:
    found: dict[str, Any] = row.content["about"]
    return found


def test_a_reaction_is_a_delivery_of_the_message_and_can_be_taken_back() -> None:
    message = wrote()
    api = caller(ws=message.workspace)
    url = f"messages/{message.pk}/reactions/"
    given = api.post(url, {"emoji": "👍"})
    assert given.status_code == 200
    ours = given.json()["our_reaction"]
    assert (ours["emoji"], ours["status"]) == ("👍", "queued")
    # The message itself came in: nothing is told of its way out.
    assert (given.json()["status"], given.json()["deliveries"]) == (None, [])
    row = Delivery.objects.get()
    assert row.message_uid == message.uid
    assert about(row) == {"reply_to": "m1", "person": True, "reacts": True, "reaction": "👍"}
    assert api.post(url, {"emoji": "👍"}).status_code == 200
    assert Delivery.objects.count() == 1

    assert api.delete(url).json()["our_reaction"] is None
    first, second = Delivery.objects.order_by("id")
    assert (first.state, second.state) == (State.CANCELLED, State.QUEUED)
    assert about(second) == {"reply_to": "m1", "person": True, "reacts": True}


def test_one_that_did_not_arrive_can_be_given_again() -> None:
    message = wrote()
    api = caller(ws=message.workspace)
    url = f"messages/{message.pk}/reactions/"
    api.post(url, {"emoji": "👍"})
    Delivery.objects.update(state=State.FAILED, error_class="Rejected", error_text="Too old")
    shown = api.get(f"messages/{message.pk}/").json()["our_reaction"]
    assert (shown["status"], shown["error"]["text"]) == ("failed", "Too old")
    api.post(url, {"emoji": "👍"})
    assert Delivery.objects.filter(state=State.QUEUED).count() == 1


@pytest.mark.parametrize("emoji", ["ok", "👍👍", "👍 ", "7", "<b>"])
def test_what_is_no_emoji_is_refused(emoji: str) -> None:
    message = wrote()
    refused = caller(ws=message.workspace).post(
        f"messages/{message.pk}/reactions/", {"emoji": emoji}
    )
    if emoji == "👍 ":  # surrounding spaces are no matter
        assert refused.status_code == 200
    else:
        assert (refused.status_code, list(errors(refused))) == (400, ["emoji"])
        assert not Delivery.objects.exists()


@pytest.mark.parametrize("more", [{"public": True}, {"unsent": True}])
def test_what_cannot_be_reacted_to(more: dict[str, bool]) -> None:
    message = wrote(public=True, thread="p1") if "public" in more else wrote(Unsent("m1", "77"))
    refused = caller(ws=message.workspace).post(
        f"messages/{message.pk}/reactions/", {"emoji": "👍"}
    )
    assert (refused.status_code, list(errors(refused))) == (400, ["emoji"])
    assert not Delivery.objects.exists()


def test_a_message_of_ours_is_given_none() -> None:
    message = wrote()
    ours = builders.message(message.conversation, direction="outbound", external_id="x1")
    refused = caller(ws=message.workspace).post(f"messages/{ours.pk}/reactions/", {"emoji": "👍"})
    assert list(errors(refused)) == ["emoji"]


def test_a_kind_without_reactions_refuses_and_offers_none(client: Client) -> None:
    sms = builders.message(builders.conversation(builders.channel()), external_id="s1")
    refused = caller(ws=sms.workspace).post(f"messages/{sms.pk}/reactions/", {"emoji": "👍"})
    assert list(errors(refused)) == ["emoji"]
    client.force_login(builders.member(sms.workspace, role=Role.AGENT).user)
    assert (
        'id="reactions"'
        not in client.get(f"/conversations/{sms.conversation_id}/").content.decode()
    )


def test_the_thread_shows_who_of_us_reacted_and_why_it_did_not_arrive(client: Client) -> None:
    message = wrote()
    ana = builders.member(message.workspace, role=Role.AGENT)
    client.force_login(ana.user)
    url = f"/conversations/{message.conversation_id}/messages/{message.pk}/reaction/"
    shown = client.post(url, {"emoji": "🎉"}).content.decode()
    assert 'data-testid="our-reaction"' in shown
    assert ana.name in shown
    assert 'data-testid="tick-queued"' not in shown
    Delivery.objects.update(state=State.FAILED, error_text="Too old")
    page = client.get(f"/conversations/{message.conversation_id}/").content.decode()
    assert "The reaction was not given. Too old" in page
    client.post(url, {"emoji": ""})
    page = client.get(f"/conversations/{message.conversation_id}/").content.decode()
    assert 'data-testid="our-reaction"' not in page


def test_the_life_of_the_message_tells_of_it(client: Client) -> None:
    message = wrote()
    admin = builders.member(message.workspace, role=Role.ADMIN)
    client.force_login(admin.user)
    url = f"/conversations/{message.conversation_id}/messages/{message.pk}"
    client.post(f"{url}/reaction/", {"emoji": "🎉"})
    life = client.get(f"{url}/life/")
    assert "Our reaction 🎉 is queued" in life.content.decode()


def test_another_workspaces_message_is_not_there(client: Client) -> None:
    message = wrote()
    stranger = builders.member(role=Role.AGENT)
    client.force_login(stranger.user)
    url = f"/conversations/{message.conversation_id}/messages/{message.pk}/reaction/"
    assert client.post(url, {"emoji": "👍"}).status_code == 404
    api = caller(ws=stranger.workspace)
    assert api.post(f"messages/{message.pk}/reactions/", {"emoji": "👍"}).status_code == 404
    assert not Delivery.objects.exists()


def test_a_reaction_is_kept_and_read_with_its_delivery() -> None:
    from gateway.answering import about_of, with_about

    given = About(reply_to="m1", reacts=True, reaction="👍")
    taken = About(reply_to="m1", reacts=True)
    assert about_of(with_about({}, given)) == given
    assert about_of(with_about({}, taken)) == taken
