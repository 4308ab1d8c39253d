"""One timeline of all that is between a person and us, and where to answer them."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Member
from contacts.likeness import keep_apart, likely_same
from contacts.models import Address, Contact, KeptApart
from contacts.services import merge_contacts
from conversations.compose import ThreadMoved, compose
from conversations.models import Conversation, Draft, Kind, Message
from conversations.selectors import timeline
from conversations.ways import Hindrance, preferred, ways_to
from gateway.models import Channel, ReplyWindow
from gateway.suppression import suppress
from tests import builders as make

pytestmark = pytest.mark.django_db

FRAGMENT: dict[str, Any] = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def agent() -> Member:
    return make.member(role="agent")


@pytest.fixture
def client(agent: Member) -> Client:
    client = Client()
    client.force_login(agent.user)
    return client


class Person:
    """Somebody with a phone and a mailbox, and a conversation on each."""

    def __init__(self, agent: Member) -> None:
        self.contact = make.contact(agent.workspace, name="Maya Lind")
        self.phone = make.address(self.contact)
        self.mailbox = make.address(self.contact, "maya@mail.example", kind="email")
        self.sms = make.channel(agent.workspace)
        self.mail = make.channel(agent.workspace, kind="email", name="Support mail")
        self.by_sms = make.conversation(self.sms, self.contact)
        self.by_mail = Conversation.objects.create(
            workspace=agent.workspace,
            contact=self.contact,
            channel=self.mail,
            address=self.mailbox,
            thread="<1@mail.example>",
            last_message_at=timezone.now(),
            created_at=timezone.now(),
        )


@pytest.fixture
def person(agent: Member) -> Person:
    return Person(agent)


def texts(page: str) -> list[str]:
    return re.findall(r'data-testid="message-text">([^<]+)<', page)


def test_messages_of_all_channels_stand_in_one_row_of_time(client: Client, person: Person) -> None:
    start = timezone.now() - timedelta(hours=3)
    for place, (where, text) in enumerate(
        [(person.by_mail, "1"), (person.by_sms, "2"), (person.by_mail, "3"), (person.by_sms, "4")]
    ):
        make.message(where, text, created_at=start + timedelta(minutes=place))
    make.message(make.conversation(person.sms), "of somebody else")
    page = client.get(f"/conversations/{person.by_sms.pk}/").content.decode()
    assert texts(page) == ["1", "2", "3", "4"]
    assert page.count('data-testid="message-place"') == 2
    assert f'href="/conversations/{person.by_mail.pk}/" data-conversation-link' in page
    assert f'data-beside="{person.by_mail.pk}"' in page
    other = client.get(f"/conversations/{person.by_mail.pk}/").content.decode()
    assert texts(other) == ["1", "2", "3", "4"]


def test_what_was_done_to_another_conversation_is_told_there(
    client: Client, person: Person
) -> None:
    data = {"event": "assigned", "member_name": "Ana", "reason": {"code": "by_hand"}}
    for where in (person.by_mail, person.by_sms):
        make.message(where, kind=Kind.ACTIVITY, direction="outbound", data=data)
    page = client.get(f"/conversations/{person.by_sms.pk}/").content.decode()
    assert page.count("msg-activity") == 1
    after = client.get(f"/conversations/{person.by_sms.pk}/messages/?after=1", **FRAGMENT)
    assert after.content.decode().count("msg-activity") == 1


def test_pages_upwards_go_through_all_channels_without_gap_or_repeat(
    client: Client, person: Person
) -> None:
    same = timezone.now() - timedelta(days=1)
    for number in range(130):
        where = person.by_sms if number % 3 else person.by_mail
        make.message(where, str(number), created_at=same + timedelta(seconds=number // 4))
    url = f"/conversations/{person.by_sms.pk}/"
    page = client.get(url).content.decode()
    seen = texts(page)
    while True:
        first = re.findall(r'id="m(\d+)"', page)[0]
        page = client.get(f"{url}messages/?before={first}", **FRAGMENT).content.decode()
        seen = texts(page) + seen
        if "data-earlier" not in page:
            break
    assert seen == [str(number) for number in range(130)]


def test_live_reads_bring_what_came_on_any_channel(client: Client, person: Person) -> None:
    known = make.message(person.by_sms, "known")
    for where, text in [(person.by_mail, "by mail"), (person.by_sms, "by sms")]:
        make.message(where, text)
    url = f"/conversations/{person.by_sms.pk}/messages/?after={known.pk}"
    assert texts(client.get(url, **FRAGMENT).content.decode()) == ["known", "by mail", "by sms"]


def test_another_workspaces_conversation_has_no_timeline(client: Client, agent: Member) -> None:
    stranger = make.conversation(make.channel())
    assert client.get(f"/conversations/{stranger.pk}/messages/?after=1").status_code == 404
    assert timeline.timeline_at(agent.workspace_id, stranger.pk) is None


def test_many_conversations_cost_no_more_statements(client: Client, person: Person) -> None:
    url = f"/conversations/{person.by_sms.pk}/messages/?after=1"
    with CaptureQueriesContext(connection) as few:
        client.get(url, **FRAGMENT)
    for number in range(30):
        row = make.conversation(person.sms, person.contact, status="resolved")
        make.message(row, f"old {number}")
    with CaptureQueriesContext(connection) as many:
        assert len(texts(client.get(url, **FRAGMENT).content.decode())) == 30
    assert len(many) <= len(few) + 3  # deliveries, fallbacks and files of what there is now


def test_a_colleagues_answer_on_another_channel_stops_mine_once(
    agent: Member, person: Person
) -> None:
    seen = make.message(person.by_sms, "Hello?")
    colleague = make.member(agent.workspace)
    make.message(person.by_mail, "Hello Maya", direction="outbound", author=colleague)
    with pytest.raises(ThreadMoved) as moved:
        compose(conversation=person.by_sms, author=agent, text="Hi", uid=uuid.uuid4(), seen=seen.pk)
    assert [row.text for row in moved.value.arrived] == ["Hello Maya"]


# --- Where to answer ------------------------------------------------------------------------------


def ways(person: Person) -> Any:
    addresses = list(Address.objects.filter(contact=person.contact).order_by("id"))
    return ways_to(person.contact.workspace_id, addresses)


def best(person: Person) -> Any:
    found = preferred(ways(person))
    assert found is not None
    return found


def test_where_the_person_wrote_last_is_preferred(person: Person) -> None:
    now = timezone.now()
    for row, hours in ((person.by_sms, 2), (person.by_mail, 1)):
        Conversation.objects.filter(pk=row.pk).update(last_inbound_at=now - timedelta(hours=hours))
    way, reason = best(person)
    assert (way.conversation, reason.code) == (person.by_mail, "open_conversation")
    assert "Support mail" in reason.text


def test_who_opted_out_there_is_answered_elsewhere(person: Person) -> None:
    now = timezone.now()
    Conversation.objects.filter(pk=person.by_sms.pk).update(last_inbound_at=now)
    assert best(person)[0].conversation == person.by_sms
    suppress(
        workspace_id=person.contact.workspace_id,
        medium="sms",
        address=person.phone.value,
        reason="opted_out",
        source="keyword",
    )
    assert best(person)[0].conversation == person.by_mail
    stopped = {way.conversation: way.hindrance for way in ways(person)}
    assert stopped == {person.by_sms: Hindrance.OPTED_OUT, person.by_mail: None}


def test_a_paused_channel_comes_last(person: Person) -> None:
    Conversation.objects.filter(pk=person.by_sms.pk).update(last_inbound_at=timezone.now())
    Channel.objects.filter(pk=person.sms.pk).update(paused_at=timezone.now())
    assert best(person)[0].conversation == person.by_mail
    Channel.objects.filter(pk=person.mail.pk).update(paused_at=timezone.now())
    assert best(person)[0].conversation == person.by_sms


def test_a_closed_window_is_no_hindrance_for_a_template(person: Person) -> None:
    whatsapp = make.channel(person.contact.workspace, kind="whatsapp", name="WhatsApp")
    conversation = make.conversation(whatsapp, person.contact, last_inbound_at=timezone.now())
    found = ways(person)
    closed = next(way for way in found if way.conversation == conversation)
    assert closed.hindrance == Hindrance.CLOSED
    assert preferred(found) != preferred(found, template=True)
    ReplyWindow.objects.create(
        workspace=person.contact.workspace,
        channel=whatsapp,
        address=conversation.address.value,
        until=timezone.now() + timedelta(hours=1),
    )
    assert best(person)[0].conversation == conversation


def test_a_public_thread_is_no_way_to_write_to_somebody(person: Person) -> None:
    Conversation.objects.filter(pk=person.by_mail.pk).update(public=True)
    assert [way.conversation for way in ways(person)] == [person.by_sms, None]


def test_the_menu_offers_all_and_says_why(client: Client, person: Person) -> None:
    page = client.get(f"/conversations/{person.by_sms.pk}/ways/").content.decode()
    assert page.count('data-testid="way"') == 2
    assert page.count("Preferred") == 1
    assert 'aria-checked="true" data-answer-on="' + str(person.by_sms.pk) in page


def test_the_composer_points_at_the_better_channel(client: Client, person: Person) -> None:
    Conversation.objects.filter(pk=person.by_mail.pk).update(last_inbound_at=timezone.now())
    url = "/conversations/{}/better-way/"
    page = client.get(url.format(person.by_sms.pk)).content.decode()
    assert "This person wrote by" in page
    assert f'data-answer-on="{person.by_mail.pk}"' in page
    assert "better-go" not in client.get(url.format(person.by_mail.pk)).content.decode()


def test_answering_elsewhere_takes_the_text_along(
    client: Client, agent: Member, person: Person
) -> None:
    Draft.objects.create(
        workspace=agent.workspace, conversation=person.by_mail, member=agent, text="Dear Maya,"
    )
    Draft.objects.create(
        workspace=agent.workspace, conversation=person.by_sms, member=agent, text="It is"
    )
    url = f"/conversations/{person.by_sms.pk}/answer-on/"
    said = client.post(url, {"conversation": person.by_mail.pk, "text": "It is here."})
    assert said.json() == {"conversation": person.by_mail.pk}
    assert [row.text for row in Draft.objects.all()] == ["Dear Maya,\nIt is here."]


def test_a_conversation_is_begun_where_there_is_none(
    client: Client, agent: Member, person: Person
) -> None:
    other = make.channel(agent.workspace, name="Second number")
    url = f"/conversations/{person.by_mail.pk}/answer-on/"
    about = {"channel": str(other.pk), "address": person.phone.pk}
    there = client.post(url, about).json()["conversation"]
    row = Conversation.objects.get(pk=there)
    assert (row.channel, row.address, row.assignee) == (other, person.phone, agent)
    assert client.post(url, about).json()["conversation"] == there


@pytest.mark.parametrize("what", ["conversation", "channel", "address", "nothing"])
def test_only_what_is_the_contacts_and_ours_is_answered_on(
    client: Client, agent: Member, person: Person, what: str
) -> None:
    stranger = make.conversation(make.channel())
    theirs = make.conversation(person.sms)
    cases: dict[str, dict[str, Any]] = {
        "conversation": {"conversation": theirs.pk},
        "channel": {"channel": str(stranger.channel_id), "address": person.phone.pk},
        "address": {"channel": str(person.sms.pk), "address": theirs.address_id},
        "nothing": {},
    }
    before = Conversation.objects.count()
    said = client.post(f"/conversations/{person.by_sms.pk}/answer-on/", cases[what])
    assert said.status_code == 404
    assert Conversation.objects.count() == before


# --- Perhaps the same person ----------------------------------------------------------------------


def signs(contact: Contact, texts: tuple[str, ...] = ()) -> list[tuple[int, str, str]]:
    return [(one.contact.pk, one.sign.value, one.evidence) for one in likely_same(contact, texts)]


def test_a_full_name_is_a_sign(person: Person) -> None:
    same = make.contact(person.contact.workspace, name="MAYA LIND")
    make.contact(person.contact.workspace, name="Maya Lindqvist")
    make.contact(make.workspace(), name="Maya Lind")
    assert signs(person.contact) == [(same.pk, "name", "MAYA LIND")]


def test_a_name_that_many_have_says_nothing(person: Person) -> None:
    for _ in range(4):
        make.contact(person.contact.workspace, name="Maya Lind")
    assert signs(person.contact) == []


def test_a_first_name_says_nothing(agent: Member) -> None:
    first = make.contact(agent.workspace, name="Maya")
    make.contact(agent.workspace, name="Maya")
    assert signs(first) == []


def test_a_mailbox_of_the_name_is_a_sign(agent: Member) -> None:
    first = make.contact(agent.workspace, name="Maya Lind")
    second = make.contact(agent.workspace, name="")
    make.address(second, "maya.lind@work.example", kind="email")
    assert signs(first) == [(second.pk, "mailbox", "maya.lind@work.example")]
    assert signs(second) == [(first.pk, "name", "Maya Lind")]


def test_an_address_somebody_wrote_is_the_strongest_sign(person: Person) -> None:
    by_name = make.contact(person.contact.workspace, name="Maya Lind")
    by_mail = make.contact(person.contact.workspace, name="")
    make.address(by_mail, "m@home.example", kind="email")
    by_phone = make.contact(person.contact.workspace, name="")
    make.address(by_phone, "+34600111222")
    said = ("Write to M@home.example.", "or call +34 600 11 12 22!", "my own: maya@mail.example")
    assert {pk for pk, sign, _words in signs(person.contact, said)[:2]} == {
        by_mail.pk,
        by_phone.pk,
    }
    assert signs(person.contact, said)[2] == (by_name.pk, "name", "Maya Lind")


def test_who_was_kept_apart_is_not_suggested_again(person: Person, agent: Member) -> None:
    same = make.contact(person.contact.workspace, name="Maya Lind")
    for _ in range(2):
        keep_apart(one=same, other=person.contact, member=agent)
    assert signs(person.contact) == signs(same) == []
    assert KeptApart.objects.count() == 1
    with pytest.raises(ValidationError):
        keep_apart(one=same, other=same, member=agent)


def test_the_panel_suggests_and_merging_makes_one_timeline(
    client: Client, agent: Member, person: Person
) -> None:
    same = make.contact(agent.workspace, name="Maya Lind")
    telegram = make.conversation(make.channel(agent.workspace), same)
    make.message(telegram, "From elsewhere")
    panel = client.get(f"/conversations/{person.by_sms.pk}/panel/").content.decode()
    assert "Perhaps the same person" in panel
    url = f"/conversations/{person.by_sms.pk}/same-person/"
    said = client.post(url, {"other": same.pk, "do": "merge"})
    assert (said.status_code, said["HX-Trigger"]) == (204, "contacts-merged")
    page = client.get(f"/conversations/{person.by_sms.pk}/").content.decode()
    assert "From elsewhere" in texts(page)
    assert Message.objects.get(conversation=telegram).conversation.contact == person.contact


def test_keeping_apart_from_the_panel(client: Client, agent: Member, person: Person) -> None:
    same = make.contact(agent.workspace, name="Maya Lind")
    url = f"/conversations/{person.by_sms.pk}/same-person/"
    assert client.post(url, {"other": same.pk, "do": "apart"}).status_code == 200
    panel = client.get(f"/conversations/{person.by_sms.pk}/panel/").content.decode()
    assert "Perhaps the same person" not in panel
    stranger = make.contact(make.workspace(), name="Maya Lind")
    assert client.post(url, {"other": stranger.pk, "do": "merge"}).status_code == 404
    assert client.post(url, {"other": same.pk, "do": "nonsense"}).status_code == 422


def test_browsers_hear_of_every_conversation_that_moved(
    agent: Member, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "conversations.realtime.publish_many", lambda events: told.extend(e for _w, e in events)
    )
    other = make.contact(agent.workspace)
    done = make.conversation(person.sms, other, status="resolved")
    merge_contacts(keep=person.contact, other=other, member=agent)
    moved = {event["conversation"]: event["contact"] for event in told}
    assert moved[done.pk] == moved[person.by_sms.pk] == person.contact.pk
