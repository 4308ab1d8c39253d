"""What happens to messages that are there, threads of one person, and answers given elsewhere."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from accounts.models import Workspace
from contacts.models import Contact
from conversations import revisions
from conversations.models import Conversation, Message, MessageRevision, Status
from conversations.services import resolve, send_message
from gateway import registry
from gateway.drain import drain
from gateway.events import (
    BadAddress,
    Edited,
    Identity,
    InboundMessage,
    Reaction,
    Referred,
    Seen,
    SentElsewhere,
    SharedContact,
    Unsent,
)
from gateway.mail import Mail, Mailbox
from gateway.models import Channel, Delivery, InboundRequest, InboundState, Suppression
from gateway.states import State
from tests import builders
from tests.gateway import anything

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def registered(settings: Settings) -> Iterator[None]:
    settings.GATEWAY_ADAPTERS = [*settings.GATEWAY_ADAPTERS, anything.PATH]
    registry.adapters.cache_clear()
    yield
    registry.adapters.cache_clear()


@pytest.fixture
def ch() -> Channel:
    return anything.channel(builders.workspace())


def wrote(n: int = 1, text: str = "Hello", **fields: object) -> InboundMessage:
    return InboundMessage(f"m{n}", "77", "us", text, **fields)  # type: ignore[arg-type]


def take(ch: Channel, *events: object) -> None:
    row = anything.say(ch, *events)  # type: ignore[arg-type]
    drain()
    row.refresh_from_db()
    assert row.state == InboundState.DONE, row.error


def test_an_edit_changes_the_message_and_keeps_what_it_said(ch: Channel) -> None:
    take(ch, wrote(text="first"))
    take(ch, Edited("m1", "77", "second", "1", NOON), Edited("m1", "77", "second", "1", NOON))
    take(ch, Edited("m1", "77", "third", "2", NOON + timedelta(minutes=1)))
    message = Message.objects.get(external_id="m1")
    assert message.text == "third"
    assert [one.text for one in message.revisions.order_by("id")] == ["first", "second"]
    assert message.conversation.preview == "third"


def test_an_older_edit_that_comes_late_is_history_only(ch: Channel) -> None:
    take(ch, wrote(text="first"), Edited("m1", "77", "third", "2", NOON + timedelta(minutes=1)))
    take(ch, Edited("m1", "77", "second", "1", NOON))
    message = Message.objects.get(external_id="m1")
    assert message.text == "third"
    assert {one.text for one in message.revisions.all()} == {"first", "second"}


def test_nobody_edits_or_takes_back_what_somebody_else_wrote(ch: Channel) -> None:
    take(ch, wrote(), Edited("m1", "99", "forged", "1", NOON), Unsent("m1", "99", erase=True))
    message = Message.objects.get(external_id="m1")
    assert (message.text, MessageRevision.objects.count()) == ("Hello", 0)


@pytest.mark.parametrize(("erase", "kept"), [(False, ["first", "second"]), (True, ["", ""])])
def test_what_is_taken_back_says_so(ch: Channel, erase: bool, kept: list[str]) -> None:
    take(ch, wrote(text="first"), Edited("m1", "77", "second", "1", NOON))
    take(ch, Unsent("m1", "77", erase=erase), Unsent("m1", "77", erase=erase))
    message = Message.objects.get(external_id="m1")
    assert (message.text, "unsent" in message.data) == ("", True)
    assert [one.text for one in message.revisions.order_by("id")] == kept
    take(ch, Edited("m1", "77", "back again", "9", NOON + timedelta(hours=1)))
    message.refresh_from_db()
    assert message.text == ""


def kept(*rows: InboundRequest) -> list[bool]:
    """Which of the requests still say what they said."""
    for row in rows:
        row.refresh_from_db()
    return [bool(bytes(row.body)) for row in rows]


def test_what_may_not_be_kept_is_erased_from_the_requests_that_told_it(ch: Channel) -> None:
    said = [anything.say(ch, wrote(text="first")), anything.say(ch, wrote(text="first"))]
    drain()
    take(ch, Edited("m1", "77", "second", "1", NOON))
    edit = InboundRequest.objects.latest("id")
    other = anything.say(ch, wrote(2))
    take(ch, Unsent("m1", "77", erase=True))
    assert kept(*said, edit, other) == [False, False, False, True]
    for row in (*said, edit):
        assert row.erased_at is not None
        assert (row.state, row.method, row.channel_id) == (InboundState.DONE, "POST", ch.pk)
    assert kept(InboundRequest.objects.latest("id")) == [True]


@pytest.mark.parametrize(("sender", "erase"), [("77", False), ("99", True)])
def test_they_stay_where_they_may_be_kept_and_for_what_others_take_back(
    ch: Channel, sender: str, erase: bool
) -> None:
    said = anything.say(ch, wrote())
    take(ch, Unsent("m1", sender, erase=erase))
    assert kept(said) == [True]
    assert said.erased_at is None


def test_another_channels_request_of_the_same_name_stays(ch: Channel) -> None:
    theirs = anything.channel(builders.workspace())
    said = anything.say(theirs, wrote())
    drain()
    take(ch, wrote())
    take(ch, Unsent("m1", "77", erase=True))
    assert kept(said) == [True]


def test_reactions_come_change_and_go_on_ours_and_theirs(ch: Channel) -> None:
    take(ch, wrote())
    conversation = Conversation.objects.get()
    ours = send_message(conversation=conversation, author=None, text="Hi")
    Delivery.objects.filter(message_uid=ours.uid).update(external_id="out-1", state=State.SENT)
    take(ch, Reaction("m1", "77", "👍"), Reaction("out-1", "77", "❤️"), Reaction("m0", "77", "x"))
    ours.refresh_from_db()
    assert ours.data["reactions"] == {"77": "❤️"}
    take(ch, Reaction("m1", "77", ""))
    assert Message.objects.get(external_id="m1").data["reactions"] == {}


def test_a_crowd_that_reacts_is_kept_within_bounds(
    ch: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "MOST_REACTIONS", 3)
    take(ch, wrote())
    take(ch, *(Reaction("m1", str(n), "👍") for n in range(5)))
    take(ch, Reaction("m1", "0", "👎"), Reaction("m1", "4", ""))
    assert Message.objects.get().data["reactions"] == {"0": "👎", "1": "👍", "2": "👍"}


def test_what_we_sent_ourselves_is_not_shown_twice_and_what_others_sent_is_shown_once(
    ch: Channel,
) -> None:
    take(ch, wrote())
    conversation = Conversation.objects.get()
    ours = send_message(conversation=conversation, author=None, text="Ours")
    row = Delivery.objects.get(message_uid=ours.uid)
    Delivery.objects.filter(pk=row.pk).update(state=State.SENDING, attempted_at=row.created_at)
    take(ch, SentElsewhere("e1", "77", "Ours"))
    Delivery.objects.filter(pk=row.pk).update(state=State.SENT, external_id="e1")
    take(ch, SentElsewhere("e1", "77", "Ours"), SentElsewhere("e2", "77", "From the app"))
    take(ch, SentElsewhere("e2", "77", "From the app"))
    texts = list(Message.objects.order_by("id").values_list("text", "direction"))
    assert texts == [("Hello", "inbound"), ("Ours", "outbound"), ("From the app", "outbound")]
    conversation.refresh_from_db()
    assert conversation.waiting_since is None
    assert conversation.preview == "From the app"


def test_whom_we_wrote_to_elsewhere_first_has_a_conversation_that_waits_for_nobody(
    ch: Channel,
) -> None:
    take(ch, SentElsewhere("e1", "88", "Good morning"))
    conversation = Conversation.objects.get()
    assert (conversation.status, conversation.queued_at) == (Status.RESOLVED, None)


def test_a_watermark_moves_all_that_left_before_it(ch: Channel) -> None:
    take(ch, wrote())
    conversation = Conversation.objects.get()
    for n, minutes in enumerate((-2, -1, 1)):
        message = send_message(conversation=conversation, author=None, text=str(n))
        Delivery.objects.filter(message_uid=message.uid).update(
            state=State.SENT, external_id=f"o{n}", attempted_at=NOON + timedelta(minutes=minutes)
        )
    take(ch, Seen("77", State.READ, NOON, "read"), Seen("99", State.READ, NOON, "read"))
    states = Delivery.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == [State.READ, State.READ, State.SENT]


def test_a_public_post_is_a_conversation_of_its_own(ch: Channel) -> None:
    take(ch, wrote(1), wrote(2, thread="post-1", public=True), wrote(3, thread="post-1"))
    take(ch, wrote(4, thread="post-2", public=True))
    found = Conversation.objects.order_by("id").values_list("thread", "public", "version")
    assert sorted(found) == [("", False, 1), ("post-1", False, 2), ("post-2", True, 1)]
    post = Conversation.objects.get(thread="post-2")
    answer = send_message(conversation=post, author=None, text="Thanks")
    about = Delivery.objects.get(message_uid=answer.uid).content["about"]
    assert about == {"reply_to": "m4", "thread": "post-2", "public": True}


def test_what_else_a_message_says_is_kept(ch: Channel) -> None:
    take(
        ch,
        wrote(1, text="", unsupported="poll"),
        wrote(2, reply_to="m1", referred=Referred("story", url="https://x.example/1")),
        wrote(3, text="", shared=(SharedContact("Ana", ("+34600000000",)),)),
    )
    first, second, third = Message.objects.order_by("id")
    assert first.data == {"unsupported": "poll"}
    assert second.data == {"quotes": "m1", "about": {"kind": "story", "url": "https://x.example/1"}}
    assert third.text == "Ana +34600000000"


def test_a_proven_phone_makes_two_contacts_one(ch: Channel) -> None:
    phone = builders.contact(ch.workspace, name="Ana")
    builders.address(phone, "+34600000001")
    take(ch, wrote(1, also=(Identity("phone", "+34600000001"),)))
    take(ch, wrote(2))
    contact = Contact.objects.get()
    assert (contact.pk, contact.addresses.count()) == (phone.pk, 2)
    assert Conversation.objects.get().contact_id == phone.pk


def test_a_machines_answer_opens_and_reopens_nothing(ch: Channel) -> None:
    take(ch, wrote(1, automatic=True))
    conversation = Conversation.objects.get()
    assert (conversation.status, conversation.queued_at) == (Status.RESOLVED, None)
    take(ch, wrote(2))
    conversation.refresh_from_db()
    assert conversation.status == Status.OPEN
    resolve(conversation=conversation, by=None)
    take(ch, wrote(3, automatic=True))
    conversation.refresh_from_db()
    assert (conversation.status, conversation.waiting_since) == (Status.RESOLVED, None)
    assert conversation.messages.filter(kind="text").count() == 3


def test_a_bad_address_is_sent_no_more_marketing(ch: Channel) -> None:
    take(ch, BadAddress("77", "550 5.1.1 no such user"))
    row = Suppression.objects.get()
    assert (row.address, row.medium, row.reason) == ("77", "anything", "bounced")


def mail(
    n: int, *, sender: str = "77", refers_to: tuple[str, ...] = (), **fields: object
) -> InboundMessage:
    head = Mail(f"m{n}", "Order", to=(Mailbox("us@x.example"),), **fields)  # type: ignore[arg-type]
    thread = refers_to[-1] if refers_to else f"m{n}"
    return InboundMessage(
        f"m{n}", sender, "us", f"Text {n}", mail=head, refers_to=refers_to, thread=thread
    )


def conversation_of(n: int) -> Conversation:
    return Message.objects.get(external_id=f"m{n}").conversation


def test_a_mail_that_refers_to_another_is_in_its_conversation_and_others_are_not(
    ch: Channel,
) -> None:
    take(ch, mail(1))
    take(ch, mail(2, refers_to=("m1",)), mail(3))
    assert conversation_of(2) == conversation_of(1)
    assert conversation_of(3) != conversation_of(1)
    assert conversation_of(2).messages.count() == 2


def test_a_stranger_who_names_a_mail_gets_a_conversation_of_their_own(ch: Channel) -> None:
    take(ch, mail(1))
    take(ch, mail(2, sender="666", refers_to=("m1",)))
    assert conversation_of(2) != conversation_of(1)


def test_who_was_in_copy_may_answer_and_who_has_the_signed_address_too(ch: Channel) -> None:
    take(ch, mail(1, cc=(Mailbox("88", "Bea"),)))
    take(ch, mail(2, sender="88", refers_to=("m1",)))
    take(ch, mail(3, sender="99", token=str(conversation_of(1).pk)))
    assert conversation_of(2) == conversation_of(1) == conversation_of(3)
    senders = [row.mail.sender for row in Message.objects.order_by("id")]
    assert senders == [[{"address": who, "name": ""}] for who in ("77", "88", "99")]


def test_a_token_of_another_workspaces_conversation_leads_nowhere(ch: Channel) -> None:
    other = builders.conversation(anything.channel(builders.workspace()))
    take(ch, mail(1, token=str(other.pk)))
    assert conversation_of(1).workspace_id == ch.workspace_id
    assert other.messages.count() == 0


def test_an_answer_to_our_own_mail_finds_its_conversation(ch: Channel) -> None:
    take(ch, mail(1))
    ours = send_message(conversation=conversation_of(1), author=None, text="Answer")
    Delivery.objects.filter(message_uid=ours.uid).update(external_id="out@us", state=State.SENT)
    take(ch, mail(2, refers_to=("out@us",)))
    assert conversation_of(2) == conversation_of(1)


def test_a_workspace_hears_nothing_of_anothers(ch: Channel) -> None:
    take(ch, wrote())
    other = anything.channel(builders.workspace())
    take(other, Edited("m1", "77", "forged", "1"), Unsent("m1", "77"), Reaction("m1", "77", "👎"))
    assert Message.objects.get(external_id="m1").text == "Hello"
    assert Workspace.objects.count() == 2
