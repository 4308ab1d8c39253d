"""One voice in public: of two who answer at one moment, one is published."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import Member, Role
from conversations.compose import compose
from conversations.models import Conversation, Kind, Lease, Message
from conversations.services import send_message
from conversations.voice.approving import decide
from conversations.voice.lease import Held, give_back, holder, take
from gateway import registry
from gateway.channels import update_channel
from gateway.models import Delivery
from routing.presence import receive_presence, set_manual
from tests import builders
from tests.api.client import caller, errors
from tests.gateway import anything

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def registered(settings: Settings) -> Iterator[None]:
    settings.GATEWAY_ADAPTERS = [*settings.GATEWAY_ADAPTERS, anything.PATH]
    registry.adapters.cache_clear()
    yield
    registry.adapters.cache_clear()


@pytest.fixture
def post() -> Conversation:
    conversation = builders.conversation(
        anything.channel(builders.workspace()), thread="post-1", public=True
    )
    builders.message(conversation, "Is this blue?")
    return conversation


def agent(conversation: Conversation) -> Member:
    return builders.member(conversation.workspace, role=Role.AGENT)


def published() -> list[str]:
    return [str(row.content["text"]) for row in Delivery.objects.order_by("id")]


def test_two_agents_who_send_at_one_moment_publish_one_answer(post: Conversation) -> None:
    agents = [agent(post) for _ in range(2)]
    gate, refused = threading.Barrier(2), []

    def send(member: Member) -> None:
        gate.wait()
        try:
            send_message(conversation=post, author=member, text=f"Yes, says {member.pk}")
        except Held as error:
            refused.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=[member]) for member in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(published()) == 1
    assert len(refused) == 1


def test_who_begins_to_write_owns_the_answer_until_they_stop(post: Conversation) -> None:
    ana, ben = agent(post), agent(post)
    take(conversation=post, member=ana)
    with pytest.raises(Held, match=ana.name):
        take(conversation=post, member=ben)
    with pytest.raises(Held):
        send_message(conversation=post, author=ben, text="Me first")
    with pytest.raises(Held):
        send_message(conversation=post, author=None, text="A program")
    assert published() == []
    Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
    send_message(conversation=post, author=ben, text="Now me")
    assert published() == ["Now me"]
    assert holder(post).member == ben  # type: ignore[union-attr]


def test_it_passes_on_when_its_owner_gives_it_back_or_goes_away(post: Conversation) -> None:
    ana, ben = agent(post), agent(post)
    take(conversation=post, member=ana)
    give_back(conversation=post, member=ben)
    assert holder(post) is not None
    give_back(conversation=post, member=ana)
    assert holder(post) is None
    receive_presence(member_id=ana.pk, connected=True)
    take(conversation=post, member=ana)
    set_manual(member=ana, presence="offline")
    assert holder(post) is None


def test_a_private_conversation_has_no_voice_to_own() -> None:
    private = builders.conversation(anything.channel(builders.workspace()))
    with pytest.raises(ValidationError):
        take(conversation=private, member=agent(private))
    for member in (agent(private), agent(private)):
        send_message(conversation=private, author=member, text="Hi")
    assert published() == ["Hi", "Hi"]


def test_others_suggest_and_nothing_of_it_is_published(post: Conversation) -> None:
    ana, ben = agent(post), agent(post)
    take(conversation=post, member=ana)
    uid = builders.message(post).uid.__class__(int=7)
    note = compose(conversation=post, author=ben, text="Say navy", uid=uid, voice="suggest")
    assert (note.kind, note.data["voice"]) == (Kind.NOTE, "suggested")
    assert published() == []


def test_where_a_colleague_approves_nothing_leaves_before(post: Conversation) -> None:
    ana, ben = agent(post), agent(post)
    update_channel(channel=post.channel, member=None, public_approval=True)
    with pytest.raises(ValidationError, match="approves"):
        send_message(conversation=post, author=ana, text="Unseen")
    note = compose(conversation=post, author=ana, text="Navy", uid=Message().uid, voice="approve")
    with pytest.raises(ValidationError, match="Somebody else"):
        decide(message=note, by=ana, approve=True)
    assert published() == []
    answer = decide(message=note, by=ben, approve=True)
    assert answer is not None
    assert answer.author == ana
    assert published() == ["Navy"]
    with pytest.raises(ValidationError, match="any more"):
        decide(message=note, by=ben, approve=True)
    assert published() == ["Navy"]


def test_what_is_declined_is_not_published(post: Conversation) -> None:
    ana, ben = agent(post), agent(post)
    update_channel(channel=post.channel, member=None, public_approval=True)
    note = compose(conversation=post, author=ana, text="No", uid=Message().uid, voice="approve")
    assert decide(message=note, by=ben, approve=False) is None
    note.refresh_from_db()
    assert (note.data["voice"], published()) == ("declined", [])


def test_the_page_says_who_owns_the_answer(post: Conversation, client: Client) -> None:
    ana, ben = agent(post), agent(post)
    client.force_login(ben.user)
    url = f"/conversations/{post.pk}/voice/"
    assert 'data-voice="reply"' in client.get(f"/conversations/{post.pk}/").content.decode()
    take(conversation=post, member=ana)
    shown = client.get(url).content.decode()
    assert 'data-voice="suggest"' in shown
    assert ana.name in shown
    assert 'data-voice="suggest"' in client.post(url, {"do": "take"}).content.decode()
    sent = {"text": "Me too", "uid": str(Message().uid)}
    refused = client.post(f"/conversations/{post.pk}/send/", sent)
    assert refused.status_code == 422
    assert ana.name in refused.json()["errors"]["text"][0]
    assert published() == []


def test_the_api_takes_and_gives_it_back(post: Conversation) -> None:
    api = caller(ws=post.workspace)
    url = f"conversations/{post.pk}/lease/"
    assert api.get(url).json() == {"member": None, "until": None}
    assert api.post(url).json()["member"] is not None
    other = caller(ws=post.workspace)
    assert list(errors(other.post(url))) == ["text"]
    assert list(errors(other.post(f"conversations/{post.pk}/messages/", {"text": "x"}))) == ["text"]
    assert api.delete(url).status_code == 204
    assert other.post(url).status_code == 200
    assert api.get(f"conversations/{post.pk}/").json()["public"] is True
