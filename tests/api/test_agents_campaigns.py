"""Agents, teams, members and campaigns over the API."""

import pytest

from accounts.models import Role, Team
from campaigns.models import Campaign, Recipient
from gateway.models import Delivery
from routing.models import Agent
from tests import builders
from tests.api.client import caller, errors

pytestmark = pytest.mark.django_db


# --- Agents ---------------------------------------------------------------------------------------


def test_agents_show_status_capacity_and_load():
    api = caller(Role.AGENT)
    busy = builders.member(api.workspace)
    Agent.objects.create(workspace=api.workspace, member=busy, capacity=3, status="away")
    channel = builders.channel(api.workspace)
    builders.conversation(channel, assignee=busy)
    builders.conversation(channel, assignee=busy, status="resolved")
    found = {row["id"]: row for row in api.get("agents/").json()["results"]}
    assert found[busy.pk] == {
        "id": busy.pk,
        "name": busy.user.name,
        "status": "away",
        "capacity": 3,
        "load": 1,
    }
    assert found[api.member.pk]["status"] == "offline"
    away = api.get("agents/?status=away").json()["results"]
    assert [row["id"] for row in away] == [busy.pk]
    offline = api.get("agents/?status=offline").json()["results"]
    assert [row["id"] for row in offline] == [api.member.pk]


def test_agents_set_their_own_status_and_admins_anybodys():
    agent, admin = caller(Role.AGENT), None
    admin = caller(Role.ADMIN, agent.workspace)
    own = f"agents/{agent.member.pk}/"
    assert agent.patch(own, {"status": "online"}).json()["status"] == "online"
    assert admin.patch(own, {"status": "away", "capacity": 5}).json() == {
        "id": agent.member.pk,
        "name": agent.member.user.name,
        "status": "away",
        "capacity": 5,
        "load": 0,
    }
    assert agent.patch(own, {"capacity": 50}).status_code == 403
    assert agent.patch(f"agents/{admin.member.pk}/", {"status": "offline"}).status_code == 403
    assert Agent.objects.get(member=agent.member).capacity == 5
    assert agent.patch(own, {"status": None}).json()["status"] == "offline"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"status": "busy"}, "status"),
        ({"capacity": -1}, "capacity"),
        ({"capacity": 40_000}, "capacity"),
        ({"capacity": "many"}, "capacity"),
        ({"load": 0}, "load"),
        ({"name": "Bob"}, "name"),
        ({"role": "admin"}, "role"),
    ],
)
def test_agents_take_nothing_else(body, field):
    api = caller()
    response = api.patch(f"agents/{api.member.pk}/", body)
    assert response.status_code == 400
    assert list(errors(response)) == [field]
    assert not Agent.objects.exists()


# --- Members and teams ----------------------------------------------------------------------------


def test_members_can_be_read_and_nothing_else():
    api = caller(Role.AGENT)
    gone = builders.member(api.workspace)
    gone.ended_at = gone.created_at
    gone.save()
    (row,) = api.get("members/").json()["results"]
    assert row == {
        "id": api.member.pk,
        "name": api.member.user.name,
        "email": api.member.user.email,
        "role": "agent",
    }
    assert api.get(f"members/{gone.pk}/").status_code == 404
    admin = caller(Role.ADMIN, api.workspace)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = admin.call(method, f"members/{api.member.pk}/", {"role": "admin"})
        assert response.status_code == 405


def test_teams_live_and_die():
    api = caller()
    pk = api.post("teams/", {"name": "Sales", "members": [api.member.pk]}).json()["id"]
    assert list(errors(api.post("teams/", {"name": "sales"}))) == ["name"]
    assert list(errors(api.post("teams/", {"name": "B", "members": [builders.member().pk]}))) == [
        "members.0"
    ]
    assert api.patch(f"teams/{pk}/", {"name": "Sales team"}).json()["members"] == [api.member.pk]
    assert api.patch(f"teams/{pk}/", {"members": []}).json()["name"] == "Sales team"
    assert api.delete(f"teams/{pk}/").status_code == 204
    assert not Team.objects.exists()


# --- Campaigns ------------------------------------------------------------------------------------


def ready(api):
    """A draft that can be launched, and the people it is for."""
    channel = builders.channel(api.workspace)
    for _n in range(3):
        builders.address(builders.contact(api.workspace))
    builders.contact(api.workspace)
    segment = builders.segment(api.workspace)
    body = {
        "name": "Spring",
        "channel": str(channel.pk),
        "segment": segment.pk,
        "text": "Hello {{ first_name|there }}",
    }
    made = api.post("campaigns/", body)
    assert made.status_code == 201, made.content
    assert {**made.json(), **body} == made.json()
    return f"campaigns/{made.json()['id']}/"


def test_a_campaign_from_draft_to_cancelled():
    api = caller(Role.MARKETER)
    path = ready(api)
    assert api.patch(path, {"name": "Summer"}).json()["status"] == "draft"
    launched = api.post(f"{path}launch/", {}, **{"Idempotency-Key": "launch-1"})
    assert launched.status_code == 200
    assert launched.json()["status"] == "sending"
    again = api.post(f"{path}launch/", {}, **{"Idempotency-Key": "launch-1"})
    assert again.json() == launched.json()
    assert api.post(f"{path}launch/").status_code == 409
    assert Recipient.objects.count() == 4
    progress = api.get(path).json()["progress"]
    assert (progress["total"], progress["waiting"], progress["skipped"]) == (4, 3, 1)
    assert progress["skipped_by_reason"] == {"no_address": 1}
    assert api.patch(path, {"text": "Other"}).status_code == 409
    assert api.delete(path).status_code == 409
    assert api.post(f"{path}pause/").json()["status"] == "paused"
    assert api.post(f"{path}pause/").status_code == 409
    assert api.post(f"{path}resume/").json()["status"] == "sending"
    assert api.post(f"{path}cancel/").json()["status"] == "cancelled"
    assert api.post(f"{path}resume/").status_code == 409
    lines = api.get(f"{path}recipients/").json()["results"]
    assert {line["reason"] for line in lines} == {"cancelled", "no_address"}
    assert all(line["reason_text"] for line in lines)
    only = api.get(f"{path}recipients/?reason=no_address").json()["results"]
    assert [line["address"] for line in only] == [""]
    assert errors(api.get(f"{path}recipients/?state=nowhere")).keys() == {"state"}
    assert not Delivery.objects.exclude(state="cancelled").exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "x" * 201}, "name"),
        ({"channel": "x"}, "channel"),
        ({"channel": "elsewhere"}, "channel"),
        ({"segment": "elsewhere"}, "segment"),
        ({"text": "Hello {{ password }}"}, "text"),
        ({"text": "Hello {{ contact.workspace.name }}"}, "text"),
        ({"status": "sending"}, "status"),
        ({"launched_at": "2020-01-01T00:00:00Z"}, "launched_at"),
        ({"created_by": 1}, "created_by"),
        ({"batch": 1}, "batch"),
    ],
)
def test_a_draft_that_makes_no_sense_names_the_field(change, field):
    api = caller()
    theirs = builders.channel()
    given = dict(change)
    if given.get(field) == "elsewhere":
        row = theirs if field == "channel" else builders.segment(theirs.workspace)
        given[field] = str(row.pk)
    response = api.post("campaigns/", {"name": "A"} | given)
    assert response.status_code == 400
    assert list(errors(response)) == [field]
    assert not Campaign.objects.exists()


def test_an_unfinished_draft_is_not_launched():
    api = caller()
    pk = api.post("campaigns/", {"name": "A"}).json()["id"]
    response = api.post(f"campaigns/{pk}/launch/")
    assert response.status_code == 400
    assert set(errors(response)) == {"channel", "segment", "text"}
    assert Campaign.objects.get().status == "draft"
    assert not Recipient.objects.exists()


def test_a_draft_can_be_thrown_away():
    api = caller()
    path = ready(api)
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404
    assert api.get("campaigns/?status=draft").json()["results"] == []
