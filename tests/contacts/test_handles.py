"""By what people know an address that is an id: kept as it was said last, found, and shown."""

from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import Role
from contacts.handles import by_handle, note_handles
from contacts.models import Address
from conversations.models import Conversation
from gateway import registry
from gateway.drain import drain
from gateway.events import InboundMessage
from tests import builders
from tests.api.client import caller
from tests.gateway import anything

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def registered(settings: Settings) -> Iterator[None]:
    settings.GATEWAY_ADAPTERS = [*settings.GATEWAY_ADAPTERS, anything.PATH]
    registry.adapters.cache_clear()
    yield
    registry.adapters.cache_clear()


def wrote(n: int, handle: str, name: str = "") -> InboundMessage:
    return InboundMessage(f"m{n}", "77", "us", "Hi", sender_name=name, sender_handle=handle)


def test_the_last_one_said_is_kept() -> None:
    channel = anything.channel(builders.workspace())
    anything.say(channel, wrote(1, "@ana"))
    drain()
    assert Address.objects.get().handle == "@ana"
    anything.say(channel, wrote(2, "@ana_ruiz"), wrote(3, ""))
    drain()
    # Who is not named any more has not lost the name they had.
    assert Address.objects.get().handle == "@ana_ruiz"


def test_nothing_is_asked_where_nobody_has_one(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        note_handles({1: "", 2: " "})


def test_it_is_shown_and_found(client: Client) -> None:
    channel = anything.channel(builders.workspace())
    anything.say(channel, wrote(1, "@ana_ruiz"))
    drain()
    conversation = Conversation.objects.get()
    client.force_login(builders.member(channel.workspace, role=Role.ADMIN).user)
    # Nobody has said a name, so the handle stands for it.
    page = client.get(f"/conversations/{conversation.pk}/").content.decode()
    assert ">@ana_ruiz</h2>" in page
    panel = client.get(f"/conversations/{conversation.pk}/panel/").content.decode()
    assert "@ana_ruiz" in panel
    assert ">77<" in panel
    assert "@ana_ruiz" in client.get(f"/contacts/{conversation.contact_id}/").content.decode()
    found = client.get("/contacts/?q=ana_ru").content.decode()
    assert "@ana_ruiz" in found
    assert "@ana_ruiz" in client.get("/inbox/all/?q=@ana_ru").content.decode()
    said = caller(ws=channel.workspace).get(f"contacts/{conversation.contact_id}/").json()
    assert said["addresses"] == [
        {"kind": "telegram", "value": "77", "handle": "@ana_ruiz", "opted_out": False}
    ]


def test_beside_a_name_it_stands_in_the_header(client: Client) -> None:
    channel = anything.channel(builders.workspace())
    anything.say(channel, wrote(1, "@ana_ruiz", "Ana"))
    drain()
    client.force_login(builders.member(channel.workspace, role=Role.AGENT).user)
    page = client.get(f"/conversations/{Conversation.objects.get().pk}/").content.decode()
    assert 'title="@ana_ruiz">@ana_ruiz<' in page


def test_another_workspace_finds_nothing() -> None:
    channel = anything.channel(builders.workspace())
    anything.say(channel, wrote(1, "@ana"))
    drain()
    assert by_handle(channel.workspace_id, "ana").count() == 1
    assert by_handle(builders.workspace().pk, "ana").count() == 0
