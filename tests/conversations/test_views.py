"""The inbox's pages and actions through HTTP."""

import json
import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Team
from contacts.models import Label
from conversations.models import Conversation, Draft, Kind, Message, ReadMark
from gateway.models import Delivery
from tests import builders as make

pytestmark = pytest.mark.django_db

MOST_STATEMENTS = 17
FRAGMENT = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def agent():
    return make.member(role="agent")


@pytest.fixture
def client(agent):
    client = Client()
    client.force_login(agent.user)
    return client


@pytest.fixture
def channel(agent):
    return make.channel(agent.workspace)


@pytest.fixture
def conversation(channel, agent):
    return make.conversation(channel, assignee=agent, preview="Hello there")


def ids(response) -> list[int]:
    """The conversations a list shows, in order."""
    found = re.findall(r'class="conv[^"]*" data-id="(\d+)"', response.content.decode())
    return [int(number) for number in found]


def counts(response) -> list[str]:
    """The numbers on the tabs."""
    return re.findall(r'data-count="\w+">([^<]*)<', response.content.decode())


def test_each_tab_shows_its_own(client, agent, channel, conversation):
    waiting = make.conversation(channel)
    other = make.conversation(channel, assignee=make.member(agent.workspace))
    make.conversation(channel, assignee=agent, status="resolved")
    stranger = make.channel()
    make.conversation(stranger)

    mine = client.get("/")
    assert ids(mine) == [conversation.pk]
    assert counts(mine) == ["1", "1", "3"]
    assert ids(client.get("/inbox/unassigned/")) == [waiting.pk]
    everything = client.get("/inbox/all/")
    assert ids(everything) == [other.pk, waiting.pk, conversation.pk]


def test_a_status_has_its_own_list_and_counts(client, agent, channel, conversation):
    asleep = make.conversation(channel, assignee=agent, status="snoozed")
    page = client.get("/inbox/mine/?status=snoozed")
    assert ids(page) == [asleep.pk]
    assert counts(page) == ["1", "", "1"]


def test_a_made_up_status_is_the_open_list(client, conversation):
    assert ids(client.get("/inbox/mine/?status=nonsense")) == [conversation.pk]


def test_search_finds_by_name_and_by_number(client, agent, channel):
    person = make.contact(agent.workspace, name="María Peña")
    make.address(person, "+34600111222")
    wanted = make.conversation(channel, person)
    make.conversation(channel)
    assert ids(client.get("/inbox/all/?q=peña")) == [wanted.pk]
    assert ids(client.get("/inbox/all/?q=600 111")) == [wanted.pk]
    assert ids(client.get("/inbox/all/?q=nobody")) == []
    assert ids(client.get("/inbox/all/?q=%25")) == []


def test_pages_follow_each_other_without_gap_or_repeat(client, channel):
    same = timezone.now()
    made = [
        make.conversation(channel, last_message_at=same - timedelta(seconds=n // 3))
        for n in range(95)
    ]
    seen: list[int] = []
    response = client.get("/inbox/all/")
    while True:
        seen += ids(response)
        more = re.search(r'data-after="([^"]+)"', response.content.decode())
        if not more:
            break
        response = client.get("/inbox/all/", {"after": more[1]}, **FRAGMENT)
    assert len(seen) == len(set(seen)) == 95
    assert set(seen) == {row.pk for row in made}


@pytest.mark.parametrize(
    "cursor", ["x", "2026-01-01_1", "2026-01-01T00:00:00+00:00_x", "_", "\x00"]
)
def test_a_made_up_cursor_is_the_first_page(client, conversation, cursor):
    assert ids(client.get("/inbox/mine/", {"after": cursor})) == [conversation.pk]


def fill(agent, channel, conversation, number: int) -> None:
    """A busy inbox: labels, messages of every sort, deliveries, other conversations."""
    labels = [make.label(agent.workspace) for _ in range(3)]
    for _ in range(number):
        row = make.conversation(channel, assignee=agent)
        row.labels.set(labels)
        make.message(conversation)
        sent = make.message(conversation, direction="outbound", author=agent)
        make.delivery(sent, state="delivered")
        make.message(conversation, kind=Kind.NOTE, direction="outbound", author=agent)
        make.message(
            conversation,
            kind=Kind.ACTIVITY,
            direction="outbound",
            data={"event": "assigned", "member_name": "Ana", "reason": {"code": "by_hand"}},
        )


@pytest.mark.parametrize("path", ["/", "/inbox/all/?q=Contact", "/conversations/{pk}/"])
def test_a_page_runs_the_same_few_statements_however_full(
    client, agent, channel, conversation, path
):
    path = path.format(pk=conversation.pk)
    fill(agent, channel, conversation, 1)
    with CaptureQueriesContext(connection) as few:
        assert client.get(path).status_code == 200
    fill(agent, channel, conversation, 59)
    with CaptureQueriesContext(connection) as many:
        assert client.get(path).status_code == 200
    assert len(many) == len(few) <= MOST_STATEMENTS


@pytest.mark.parametrize("piece", ["panel", "header", "messages", "menu/assign", "menu/labels"])
def test_a_fragment_runs_few_statements(client, agent, channel, conversation, piece):
    fill(agent, channel, conversation, 30)
    url = f"/conversations/{conversation.pk}/{piece}/?after=1"
    with CaptureQueriesContext(connection) as statements:
        assert client.get(url).status_code == 200
    assert len(statements) <= MOST_STATEMENTS


def test_text_is_escaped_and_addresses_are_links(client, conversation):
    make.message(conversation, '<script>alert(1)</script> see https://a.example/?q="x"&y=1.')
    page = client.get(f"/conversations/{conversation.pk}/").content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert (
        '<a href="https://a.example/?q=" target="_blank" rel="noopener noreferrer nofollow ugc">'
        in page
    )


@pytest.mark.parametrize("text", ["javascript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_only_web_addresses_become_links(client, conversation, text):
    make.message(conversation, text)
    page = client.get(f"/conversations/{conversation.pk}/").content.decode()
    assert f'href="{text}' not in page


def test_a_failed_message_says_why_and_offers_a_retry(client, agent, channel, conversation):
    sent = make.message(conversation, "Sorry", direction="outbound", author=agent)
    make.delivery(
        sent,
        state="failed",
        error_class="Rejected",
        error_code="30006",
        error_text="Landline",
    )
    page = client.get(f"/conversations/{conversation.pk}/").content.decode()
    assert "The provider refused the message." in page
    assert "Landline (30006)" in page
    assert f'data-retry="{sent.pk}"' in page


def post(client, conversation, action, **data):
    return client.post(f"/conversations/{conversation.pk}/{action}/", data, **FRAGMENT)


def test_sending_twice_with_one_id_sends_once(client, conversation):
    uid = str(uuid.uuid4())
    first = post(client, conversation, "send", text="Hello", uid=uid)
    again = post(client, conversation, "send", text="Hello", uid=uid)
    assert [first.status_code, again.status_code] == [201, 201]
    assert first.content == again.content
    assert Message.objects.filter(kind=Kind.TEXT).count() == 1
    assert Delivery.objects.get().content == {"text": "Hello"}


def test_a_note_is_not_sent(client, conversation):
    response = post(client, conversation, "send", text="Psst", uid=uuid.uuid4(), note="on")
    assert response.status_code == 201
    assert Message.objects.get().kind == Kind.NOTE
    assert not Delivery.objects.exists()


def test_a_reply_stops_once_when_the_thread_moved(client, agent, conversation):
    seen = make.message(conversation)
    colleague = make.member(agent.workspace)
    make.message(conversation, "I have this", direction="outbound", author=colleague)
    given = {"text": "Mine", "uid": str(uuid.uuid4()), "seen": seen.pk}

    stopped = post(client, conversation, "send", **given)
    assert stopped.status_code == 409
    assert "I have this" in stopped.content.decode()
    assert not Delivery.objects.exists()

    insisted = post(client, conversation, "send", **given, sure="on")
    assert insisted.status_code == 201
    repeated = post(client, conversation, "send", **given)
    assert repeated.status_code == 201
    assert Delivery.objects.count() == 1


def test_ones_own_message_is_no_news(client, agent, conversation):
    seen = make.message(conversation)
    make.message(conversation, "First part", direction="outbound", author=agent)
    response = post(
        client, conversation, "send", text="Second part", uid=uuid.uuid4(), seen=seen.pk
    )
    assert response.status_code == 201


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"text": "  ", "uid": str(uuid.uuid4())}, "text"),
        ({"text": "x" * 1601, "uid": str(uuid.uuid4())}, "text"),
        ({"text": "Hello", "uid": "no uuid"}, "uid"),
        ({"text": "Hello", "uid": str(uuid.uuid4()), "seen": "x"}, "seen"),
    ],
)
def test_what_cannot_be_sent_names_the_field(client, conversation, data, field):
    response = post(client, conversation, "send", **data)
    assert response.status_code == 422
    assert list(json.loads(response.content)["errors"]) == [field]
    assert not Message.objects.exists()
    assert not Delivery.objects.exists()


def test_a_retry_really_sends_again(client, agent, channel, conversation):
    sent = make.message(conversation, direction="outbound", author=agent)
    failed = make.delivery(sent, state="failed")
    url = f"/conversations/{conversation.pk}/messages/{sent.pk}/retry/"
    assert client.post(url).status_code == 200
    failed.refresh_from_db()
    assert failed.state == "queued"
    assert Delivery.objects.count() == 1
    assert client.post(url).status_code == 422


def test_a_draft_is_kept_and_removed(client, agent, conversation):
    assert post(client, conversation, "draft", text="Half", note="on").status_code == 204
    draft = Draft.objects.get()
    assert (draft.text, draft.note, draft.member) == ("Half", True, agent)
    page = client.get(f"/conversations/{conversation.pk}/").content.decode()
    assert ">Half</textarea>" in page
    post(client, conversation, "draft", text="")
    assert not Draft.objects.exists()


def test_reading_takes_the_mark_away(client, agent, conversation):
    assert "is-unread" in client.get("/").content.decode()
    response = post(client, conversation, "read")
    assert 'data-unread="0"' in response.content.decode()
    assert ReadMark.objects.get().member == agent
    assert "is-unread" not in client.get("/").content.decode()


def test_assigning_and_giving_back(client, agent, conversation):
    colleague = make.member(agent.workspace)
    assert post(client, conversation, "assign", member=colleague.pk).status_code == 200
    conversation.refresh_from_db()
    assert conversation.assignee == colleague
    post(client, conversation, "assign", member="")
    conversation.refresh_from_db()
    assert conversation.assignee is None


def test_nobody_from_elsewhere_can_be_assigned(client, conversation):
    stranger = make.member()
    assert post(client, conversation, "assign", member=stranger.pk).status_code == 404
    conversation.refresh_from_db()
    assert conversation.assignee != stranger


@pytest.mark.parametrize("status", ["resolved", "pending"])
def test_a_status_can_be_set_and_undone(client, conversation, status):
    assert post(client, conversation, "status", status=status).status_code == 200
    conversation.refresh_from_db()
    assert conversation.status == status
    post(client, conversation, "status", status="open")
    conversation.refresh_from_db()
    assert conversation.status == "open"


def test_snoozing_needs_a_time_to_come(client, conversation):
    until = timezone.now() + timedelta(hours=3)
    assert post(client, conversation, "status", status="snoozed").status_code == 422
    past = timezone.now() - timedelta(hours=1)
    refused = post(client, conversation, "status", status="snoozed", until=past.isoformat())
    assert list(refused.json()["errors"]) == ["until"]
    conversation.refresh_from_db()
    assert conversation.status == "open"
    post(client, conversation, "status", status="snoozed", until=until.isoformat())
    conversation.refresh_from_db()
    assert (conversation.status, conversation.snoozed_until) == ("snoozed", until)


def test_labels_are_replaced_and_only_known_ones(client, agent, conversation):
    one, two = make.label(agent.workspace), make.label(agent.workspace)
    foreign = make.label(make.workspace())
    conversation.labels.set([one])
    assert post(client, conversation, "labels", labels=[two.pk]).status_code == 200
    assert list(conversation.labels.all()) == [two]
    assert post(client, conversation, "labels", labels=[foreign.pk]).status_code == 422
    assert list(conversation.labels.all()) == [two]
    assert Label.objects.count() == 3


def test_priority_and_team(client, agent, conversation):
    team = Team.objects.create(workspace=agent.workspace, name="Second line")
    post(client, conversation, "priority", priority=3)
    post(client, conversation, "team", team=team.pk)
    conversation.refresh_from_db()
    assert (conversation.priority, conversation.team) == (3, team)
    assert post(client, conversation, "priority", priority=9).status_code == 422


ACTIONS = ["send", "draft", "read", "assign", "status", "labels", "priority", "team"]
PIECES = ["", "messages/", "header/", "panel/", "menu/assign/", "menu/labels/", "menu/snooze/"]


def test_another_workspaces_conversation_does_not_exist(client):
    foreign = make.conversation(make.channel(), preview="Secret words")
    message = make.message(foreign)
    before = Conversation.objects.values().get(pk=foreign.pk)
    data = {"text": "x", "uid": str(uuid.uuid4()), "status": "resolved", "priority": 1}
    for action in ACTIONS:
        response = client.post(f"/conversations/{foreign.pk}/{action}/", data)
        assert response.status_code == 404, action
    for piece in PIECES:
        assert client.get(f"/conversations/{foreign.pk}/{piece}").status_code == 404, piece
    retry = f"/conversations/{foreign.pk}/messages/{message.pk}/retry/"
    assert client.post(retry).status_code == 404
    rows = client.get(f"/inbox/rows/?tab=all&ids={foreign.pk}")
    assert ids(rows) == []
    assert "Secret words" not in client.get("/inbox/search/?q=Contact").content.decode()
    assert Conversation.objects.values().get(pk=foreign.pk) == before
    assert Message.objects.count() == 1


def test_a_message_of_another_conversation_is_not_this_ones(client, channel, conversation):
    other = make.message(make.conversation(channel), "Elsewhere")
    url = f"/conversations/{conversation.pk}/messages/"
    for query in (f"?ids={other.pk}", f"?uids={other.uid}", "?after=0"):
        assert "Elsewhere" not in client.get(url + query).content.decode()
    assert client.post(f"{url}{other.pk}/retry/").status_code == 404


def test_a_late_message_with_a_smaller_id_is_not_missed(client, conversation):
    late = make.message(conversation, "Committed late")
    known = make.message(conversation, "Already shown")
    page = client.get(f"/conversations/{conversation.pk}/messages/?after={known.pk}")
    assert "Committed late" in page.content.decode()
    assert late.pk < known.pk


def test_earlier_messages_come_in_pages(client, conversation):
    start = timezone.now() - timedelta(days=1)
    made = [
        make.message(conversation, f"No. {n}.", created_at=start + timedelta(seconds=n // 4))
        for n in range(130)
    ]
    seen: list[int] = []
    url = f"/conversations/{conversation.pk}/"
    text = client.get(url).content.decode()
    while True:
        part = [int(n) for n in re.findall(r'id="m(\d+)"', text)]
        seen = part + seen
        if len(seen) >= 130:
            break
        text = client.get(f"{url}messages/?before={seen[0]}").content.decode()
    assert seen == [row.pk for row in made]


def test_a_marketer_may_use_the_inbox_and_strangers_log_in(agent, conversation):
    url = f"/conversations/{conversation.pk}/"
    marketer = Client()
    marketer.force_login(make.member(agent.workspace, role="marketer").user)
    assert marketer.get(url).status_code == 200
    assert Client().get(url).status_code == 302


def test_a_get_changes_nothing(client, conversation):
    for action in ACTIONS:
        assert client.get(f"/conversations/{conversation.pk}/{action}/").status_code == 405


def test_the_policy_allows_no_inline_code(client, conversation):
    make.message(conversation)
    response = client.get(f"/conversations/{conversation.pk}/")
    page = response.content.decode()
    assert "unsafe" not in response["Content-Security-Policy"]
    assert not re.search(r"<[^>]+\s(style|on\w+)=", page)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
