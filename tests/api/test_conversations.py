"""Conversations and messages over the API."""

import uuid
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import IdempotencyKey, Role
from accounts.rest.idempotency import prune_keys
from contacts.models import Address, Contact
from conversations.models import Conversation, Message
from gateway.models import ChannelLog, Delivery, DeliveryStatus, Suppression
from tests import builders
from tests.api.client import caller, errors

pytestmark = pytest.mark.django_db


def talk(api, **fields):
    return builders.conversation(builders.channel(api.workspace), **fields)


# --- Conversations --------------------------------------------------------------------------------


def test_a_conversation_says_what_it_is():
    api = caller(Role.AGENT)
    conversation = talk(api, assignee=api.member)
    conversation.labels.add(builders.label(api.workspace, name="VIP"))
    body = api.get(f"conversations/{conversation.pk}/").json()
    assert body["contact"] == conversation.contact_id
    assert body["channel"] == str(conversation.channel_id)
    assert body["status"] == "open"
    assert body["assignee"] == api.member.pk
    assert (body["team"], body["priority"], body["labels"]) == (None, 0, ["VIP"])
    assert body["last_message_at"].endswith("Z")


def test_filters():
    api = caller()
    mine = talk(api, assignee=api.member)
    mine.labels.add(builders.label(api.workspace, name="VIP"))
    closed = talk(api, status="resolved")
    elsewhere = builders.conversation(builders.channel())
    expected = {
        "": {mine.pk, closed.pk},
        "status=open": {mine.pk},
        "status=resolved": {closed.pk},
        "assignee=me": {mine.pk},
        f"assignee={api.member.pk}": {mine.pk},
        "assignee=none": {closed.pk},
        f"channel={mine.channel_id}": {mine.pk},
        f"contact={closed.contact_id}": {closed.pk},
        "label=vip": {mine.pk},
        f"contact={elsewhere.contact_id}": set(),
        f"channel={elsewhere.channel_id}": set(),
    }
    for query, pks in expected.items():
        found = api.get(f"conversations/?{query}").json()["results"]
        assert {row["id"] for row in found} == pks, query


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=closed", "status"),
        ("assignee=you", "assignee"),
        ("channel=1", "channel"),
        ("contact=x", "contact"),
        ("contact=99999999999999999999", "contact"),
    ],
)
def test_filters_that_make_no_sense(query, field):
    response = caller().get(f"conversations/?{query}")
    assert response.status_code == 200 or list(errors(response)) == [field]
    assert response.status_code == 400 or response.json()["results"] == []


def test_assigning_by_member_and_back_to_the_queue():
    api = caller(Role.AGENT)
    colleague = builders.member(api.workspace)
    conversation = talk(api)
    path = f"conversations/{conversation.pk}/"
    assert api.post(f"{path}assign/", {"assignee": colleague.pk}).json()["assignee"] == colleague.pk
    assert api.post(f"{path}assign/", {"assignee": None}).json()["assignee"] is None


@pytest.mark.parametrize("who", ["stranger", "ended", "unknown", "text", "nothing"])
def test_only_members_with_access_can_be_assigned(who):
    api = caller()
    ended = builders.member(api.workspace, ended_at=timezone.now())
    body = {
        "stranger": {"assignee": builders.member().pk},
        "ended": {"assignee": ended.pk},
        "unknown": {"assignee": 999_999},
        "text": {"assignee": "me"},
        "nothing": {},
    }[who]
    conversation = talk(api)
    response = api.post(f"conversations/{conversation.pk}/assign/", body)
    assert response.status_code == 400
    assert list(errors(response)) == ["assignee"]
    conversation.refresh_from_db()
    assert (conversation.assignee, conversation.version) == (None, 0)


def test_through_every_status():
    api = caller()
    path = f"conversations/{talk(api).pk}/"
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    assert api.post(f"{path}pending/").json()["status"] == "pending"
    assert api.post(f"{path}snooze/", {"until": later}).json()["status"] == "snoozed"
    assert api.post(f"{path}reopen/").json()["status"] == "open"
    assert api.post(f"{path}resolve/").json()["status"] == "resolved"
    assert api.post(f"{path}resolve/").json()["status"] == "resolved"
    assert list(errors(api.post(f"{path}snooze/", {"until": "2020-01-01T00:00:00Z"}))) == ["until"]
    assert list(errors(api.post(f"{path}snooze/", {"until": "soon"}))) == ["until"]
    assert list(errors(api.post(f"{path}resolve/", {"status": "open"}))) == ["status"]


@pytest.mark.parametrize("move", ["reopen", "pending", "snooze", "messages"])
def test_a_second_open_conversation_is_refused_in_words(move):
    api = caller()
    closed = talk(api, status="resolved")
    builders.conversation(closed.channel, closed.contact)
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    body = {"snooze": {"until": later}, "messages": {"text": "Hello"}}.get(move, {})
    response = api.post(f"conversations/{closed.pk}/{move}/", body)
    assert response.status_code in {400, 409}
    errors(response)
    closed.refresh_from_db()
    assert closed.status == "resolved"
    assert not Delivery.objects.exists()


def test_team_priority_and_labels():
    api = caller()
    team = api.post("teams/", {"name": "Sales", "members": [api.member.pk]}).json()
    assert team["members"] == [api.member.pk]
    builders.label(api.workspace, name="VIP")
    path = f"conversations/{talk(api).pk}/"
    body = api.patch(path, {"team": team["id"], "priority": 2, "labels": ["vip"]}).json()
    assert (body["team"], body["priority"], body["labels"]) == (team["id"], 2, ["VIP"])
    strange = builders.label(builders.workspace(), name="Theirs")
    changes: list[tuple[dict[str, Any], str]] = [
        ({"priority": 9}, "priority"),
        ({"labels": ["Theirs"]}, "labels"),
        ({"labels": [str(strange.pk)]}, "labels"),
        ({"team": 999_999}, "team"),
        ({"status": "resolved"}, "status"),
        ({"assignee": api.member.pk}, "assignee"),
        ({"contact": 1}, "contact"),
    ]
    for change, field in changes:
        response = api.patch(path, {"priority": 3} | change)
        assert list(errors(response)) == [field]
    assert api.get(path).json() == body


# --- Messages in a conversation -------------------------------------------------------------------


def test_a_reply_goes_into_the_outbox_and_a_note_does_not():
    api = caller(Role.AGENT)
    conversation = talk(api)
    path = f"conversations/{conversation.pk}/messages/"
    reply = api.post(path, {"text": "Hello"})
    assert reply.status_code == 201
    body = reply.json()
    assert (body["direction"], body["kind"], body["text"]) == ("outbound", "text", "Hello")
    assert (body["author"], body["status"], body["error"]) == (api.member.pk, "queued", None)
    assert len(body["deliveries"]) == 1
    note = api.post(path, {"text": "He is angry", "kind": "note"}).json()
    assert (note["kind"], note["status"], note["deliveries"]) == ("note", None, [])
    assert Delivery.objects.get().content == {"text": "Hello"}
    listed = api.get(path).json()["results"]
    texts = [row["text"] for row in listed if row["kind"] != "activity"]
    assert texts == ["He is angry", "Hello"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": "   "}, "text"),
        ({"text": "x" * 1601}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"text": 5.5, "kind": "campaign"}, "kind"),
        ({"text": "x", "kind": "activity"}, "kind"),
        ({"text": "x", "author": 1}, "author"),
        ({"text": "x", "direction": "inbound"}, "direction"),
    ],
)
def test_a_reply_that_cannot_be_sent_names_the_field(body, field):
    api = caller()
    response = api.post(f"conversations/{talk(api).pk}/messages/", body)
    assert response.status_code == 400
    assert list(errors(response)) == [field]
    assert not Message.objects.exists()
    assert not Delivery.objects.exists()


def test_a_message_tells_its_whole_life():
    api = caller()
    conversation = talk(api)
    message = builders.message(conversation, direction="outbound", author=api.member)
    now = timezone.now()
    delivery = builders.delivery(
        message,
        state="failed",
        external_id="SM1",
        attempts=2,
        sent_at=now,
        failed_at=now,
        error_class="Rejected",
        error_code="30003",
        error_text="Unreachable destination handset",
    )
    for word, state in [("sent", "sent"), ("undelivered", "failed")]:
        DeliveryStatus.objects.create(
            workspace=api.workspace,
            channel=conversation.channel,
            external_id="SM1",
            state=state,
            provider_word=word,
            occurred_at=now,
            received_at=now,
        )
    for attempt, error in [(1, "Throttled"), (2, "")]:
        ChannelLog.objects.create(
            workspace=api.workspace,
            channel=conversation.channel,
            delivery=delivery,
            kind="send",
            ok=not error,
            error_class=error,
            error=error and "Too many requests",
            method="POST",
            url="x",
            status=429 if error else 201,
            attempt=attempt,
            duration_ms=12,
            created_at=now,
        )
    body = api.get(f"messages/{message.pk}/").json()
    assert (body["status"], body["external_id"]) == ("failed", "SM1")
    assert body["error"] == {"code": "30003", "text": "Unreachable destination handset"}
    (told,) = body["deliveries"]
    assert (told["id"], told["state"], told["attempts"]) == (str(delivery.uid), "failed", 2)
    assert told["failed_at"] is not None
    assert [status["word"] for status in told["statuses"]] == ["sent", "undelivered"]
    first, second = told["exchanges"]
    assert (first["attempt"], first["ok"], first["status"]) == (1, False, 429)
    assert first["error"] == {"code": "Throttled", "text": "Too many requests"}
    assert (second["attempt"], second["status"], second["error"]) == (2, 201, None)
    assert body["reason"] is None
    listed = api.get(f"conversations/{conversation.pk}/messages/").json()["results"][0]
    assert listed["deliveries"][0]["exchanges"] == []
    assert "reason" not in listed


def test_another_workspaces_deliveries_never_show():
    api = caller()
    message = builders.message(talk(api), direction="outbound")
    twin = builders.message(builders.conversation(builders.channel()), uid=message.uid)
    builders.delivery(twin)
    assert api.get(f"messages/{message.pk}/").json()["deliveries"] == []


# --- Reaching a person ----------------------------------------------------------------------------


def test_reaching_a_number_nobody_knew():
    api = caller(Role.AGENT)
    channel = builders.channel(api.workspace)
    answer = api.post("messages/", {"to": {"kind": "sms", "value": "+14155550177"}, "text": "Hi"})
    assert answer.status_code == 202, answer.content
    body = answer.json()
    assert (body["channel"], body["text"], body["status"]) == (str(channel.pk), "Hi", "queued")
    assert body["reason"]["code"] == "first_channel"
    assert channel.name in body["reason"]["text"]
    assert body["author"] == api.member.pk
    address = Address.objects.get()
    assert (address.kind, address.value) == ("phone", "+14155550177")
    assert Conversation.objects.get().assignee is None
    assert Delivery.objects.get().address == "+14155550177"
    assert api.get(f"messages/{body['id']}/").status_code == 200


def test_the_best_channel_is_the_open_one_then_the_last_one_then_the_first():
    api = caller()
    first, second, third = (builders.channel(api.workspace) for _n in range(3))
    person = builders.contact(api.workspace)
    builders.address(person)
    to = {"to": {"contact": person.pk}, "text": "Hi"}
    assert api.post("messages/", to).json()["channel"] == str(first.pk)
    Conversation.objects.update(
        status="resolved", last_message_at=timezone.now() - timedelta(days=2)
    )
    last = builders.conversation(second, person, status="resolved")
    body = api.post("messages/", to).json()
    assert (body["channel"], body["reason"]["code"]) == (str(second.pk), "last_used")
    Conversation.objects.update(status="resolved")
    old = timezone.now() - timedelta(days=9)
    builders.conversation(third, person, last_message_at=old)
    body = api.post("messages/", to | {"channel": "best"}).json()
    assert (body["channel"], body["reason"]["code"]) == (str(third.pk), "open_conversation")
    named = api.post("messages/", to | {"channel": str(last.channel_id)}).json()
    assert (named["channel"], named["reason"]) == (str(second.pk), None)


@pytest.mark.parametrize(
    ("change", "field", "status"),
    [
        ({"to": {}}, "to", 400),
        ({"to": None}, "to", 400),
        ({"to": "+14155550177"}, "to", 400),
        ({"to": {"kind": "sms"}}, "to", 400),
        ({"to": {"contact": 1, "kind": "sms", "value": "+14155550177"}}, "to.contact", 400),
        ({"to": {"contact": 999_999}}, "to.contact", 400),
        ({"to": {"contact": "elsewhere"}}, "to.contact", 400),
        ({"to": {"kind": "sms", "value": "12"}}, "to.value", 400),
        ({"to": {"kind": "fax", "value": "12"}}, "to.kind", 400),
        ({"to": {"kind": "email", "value": "a@example.com"}}, "to", 422),
        ({"channel": "worst"}, "channel", 400),
        ({"channel": str(uuid.uuid4())}, "channel", 400),
        ({"channel": "elsewhere"}, "channel", 400),
        ({"channel": "disabled"}, "channel", 422),
        ({"text": ""}, "text", 400),
        ({"text": "x" * 1601}, "text", 400),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at", 400),
        ({"urgent": "perhaps"}, "urgent", 400),
        ({"content": {}}, "content.text", 400),
        ({"content": {"text": "Hi"}}, "text", 400),
    ],
)  # fmt: skip
def test_whom_we_cannot_reach_is_named_and_nothing_is_left_behind(change, field, status):
    api = caller()
    builders.channel(api.workspace)
    disabled = builders.channel(api.workspace, enabled=False)
    theirs = builders.conversation(builders.channel())
    change = dict(change)
    if change.get("channel") in ("elsewhere", "disabled"):
        row = theirs.channel if change["channel"] == "elsewhere" else disabled
        change["channel"] = str(row.pk)
    if change.get("to") == {"contact": "elsewhere"}:
        change["to"] = {"contact": theirs.contact_id}
    body = {"to": {"kind": "sms", "value": "+14155550177"}, "text": "Hi"} | change
    response = api.post("messages/", body)
    assert response.status_code == status
    assert list(errors(response)) == [field]
    assert Contact.objects.count() == 1
    assert Address.objects.count() == 1
    assert not Delivery.objects.exists()
    assert not Message.objects.exists()


def test_who_has_opted_out_is_not_written_to():
    api = caller()
    builders.channel(api.workspace)
    Suppression.objects.create(
        workspace=api.workspace,
        medium="sms",
        address="+14155550177",
        reason="opted_out",
        source="keyword",
        created_at=timezone.now(),
    )
    response = api.post("messages/", {"to": {"kind": "sms", "value": "+14155550177"}, "text": "Hi"})
    assert response.status_code == 422
    assert list(errors(response)) == ["to"]
    assert not Contact.objects.exists()
    assert not Delivery.objects.exists()


def test_a_workspace_without_channels_reaches_nobody():
    response = caller().post(
        "messages/", {"to": {"kind": "sms", "value": "+14155550177"}, "text": "Hi"}
    )
    assert response.status_code == 422
    assert list(errors(response)) == ["to"]
    assert not Contact.objects.exists()


# --- The same call twice --------------------------------------------------------------------------


def send(api, key="key-1", text="Hi", value="+14155550177", **headers):
    body = {"to": {"kind": "sms", "value": value}, "text": text}
    return api.post("messages/", body, **{"Idempotency-Key": key}, **headers)


def test_the_same_key_gets_the_same_answer_and_sends_once():
    api = caller()
    builders.channel(api.workspace)
    first, again = send(api), send(api)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert Delivery.objects.count() == Message.objects.count() == 1
    reply = f"conversations/{first.json()['conversation']}/messages/"
    for _n in range(2):
        api.post(reply, {"text": "Again"}, **{"Idempotency-Key": "key-2"})
    assert Message.objects.filter(kind="text").count() == 2


def test_a_key_for_another_call_is_refused():
    api = caller()
    builders.channel(api.workspace)
    pk = send(api).json()["conversation"]
    assert list(errors(send(api, text="Other"))) == ["Idempotency-Key"]
    other = api.post(
        f"conversations/{pk}/messages/", {"text": "Hi"}, **{"Idempotency-Key": "key-1"}
    )
    assert other.status_code == 422
    colleague = caller(ws=api.workspace)
    assert send(colleague).status_code == 422
    assert Delivery.objects.count() == 1


def test_keys_of_two_workspaces_have_nothing_to_do_with_each_other():
    answers = []
    for api in (caller(), caller()):
        builders.channel(api.workspace)
        answers.append(send(api).json()["id"])
    assert answers[0] != answers[1]
    assert Delivery.objects.count() == 2


def test_an_error_keeps_no_key():
    api = caller()
    assert send(api).status_code == 422
    assert not IdempotencyKey.objects.exists()
    builders.channel(api.workspace)
    assert send(api).status_code == 202


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "ñ"])
def test_a_key_that_cannot_be_kept_is_refused(key):
    api = caller()
    builders.channel(api.workspace)
    response = send(api, key=key)
    assert response.status_code == 400
    assert not Delivery.objects.exists()


def test_even_a_forgotten_key_does_not_send_twice():
    api = caller()
    builders.channel(api.workspace)
    first = send(api).json()["id"]
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert prune_keys() == 1
    assert send(api).json()["id"] == first
    assert Delivery.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twins_at_the_same_moment_send_once():
    api = caller()
    builders.channel(api.workspace)
    barrier, answers = Barrier(6), []

    def one():
        barrier.wait()
        answers.append(send(api))
        connection.close()

    threads = [Thread(target=one) for _n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {202}
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert Delivery.objects.count() == Message.objects.count() == Contact.objects.count() == 1
