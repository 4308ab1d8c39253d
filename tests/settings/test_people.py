"""Members, teams and API tokens."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, AuditEntry, Member, Role, Team
from routing.presence import agent_of
from tests import builders

pytestmark = pytest.mark.django_db


def place(**changes):
    return {"role": "agent", "capacity": "7", "teams": []} | changes


def test_inviting_makes_a_member_with_capacity_and_teams(client, admin):
    team = Team.objects.create(workspace=admin.workspace, name="Night")
    form = place(name="Iris Vale", email="iris@example.com", language="es", teams=[team.pk])

    response = client.post(reverse("settings-member-add"), form)

    assert response.status_code == 302
    member = Member.objects.get(user__email="iris@example.com")
    assert (member.workspace_id, member.role) == (admin.workspace_id, Role.AGENT)
    assert member.user.language == "es"
    assert agent_of(member).capacity == 7
    assert list(member.teams.all()) == [team]
    assert "Invited" in client.get(reverse("settings-members")).content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"name": ""}, "name"),
        ({"role": "king"}, "role"),
        ({"capacity": "-1"}, "capacity"),
        ({"capacity": "1001"}, "capacity"),
        ({"language": "xx"}, "language"),
        ({"teams": ["999999"]}, "teams"),
    ],
)
def test_a_bad_invitation_names_its_field_and_adds_nobody(client, changes, field):
    form = place(name="Iris", email="iris@example.com", language="en") | changes

    response = client.post(reverse("settings-member-add"), form)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert Member.objects.count() == 1


def test_another_workspaces_team_is_no_choice(client):
    foreign = Team.objects.create(workspace=builders.workspace(), name="Theirs")
    form = place(name="Iris", email="iris@example.com", language="en", teams=[foreign.pk])

    assert client.post(reverse("settings-member-add"), form).status_code == 422
    assert Member.objects.count() == 1


def test_somebody_who_is_a_member_already(client, admin):
    form = place(name="Again", email=admin.user.email.upper(), language="en")

    response = client.post(reverse("settings-member-add"), form)

    assert list(response.context["form"].errors) == ["email"]


def test_role_capacity_and_teams_change_together(client, admin):
    member = builders.member(admin.workspace)
    old, new = (Team.objects.create(workspace=admin.workspace, name=name) for name in "AB")
    old.members.add(member)
    url = reverse("settings-member", args=[member.pk])

    client.post(url, place(role="marketer", capacity="3", teams=[new.pk]))

    member.refresh_from_db()
    assert member.role == Role.MARKETER
    assert agent_of(member).capacity == 3
    assert list(member.teams.all()) == [new]


def test_the_last_admin_stays_one(client, admin):
    url = reverse("settings-member", args=[admin.pk])

    response = client.post(url, place(role="agent"))

    assert list(response.context["form"].errors) == ["role"]
    admin.refresh_from_db()
    assert admin.role == Role.ADMIN


def test_ending_a_membership_ends_access_at_once(client, admin):
    member = builders.member(admin.workspace)
    held = builders.conversation(builders.channel(admin.workspace), assignee=member)
    theirs = Client()
    theirs.force_login(member.user)
    page = client.get(reverse("settings-member", args=[member.pk])).content.decode()
    assert "1 unresolved conversation goes back to the queue" in page

    client.post(reverse("settings-member-end", args=[member.pk]))

    member.refresh_from_db()
    assert member.ended_at is not None
    held.refresh_from_db()
    assert held.assignee is None
    assert held.queued_at is not None
    assert member.name not in client.get(reverse("settings-members")).context["lines"]
    assert theirs.get(reverse("settings-channels")).status_code in {302, 403}
    assert client.get(reverse("settings-member", args=[member.pk])).status_code == 404


def test_the_list_of_members_in_few_statements(client, admin, django_assert_max_num_queries):
    for number in range(12):
        team = Team.objects.create(workspace=admin.workspace, name=f"Team {number}")
        team.members.add(builders.member(admin.workspace))

    with django_assert_max_num_queries(10):
        page = client.get(reverse("settings-members")).content.decode()
    assert "Team 11" in page
    with django_assert_max_num_queries(8):
        client.get(reverse("settings-teams"))


def test_teams_are_added_changed_and_deleted(client, admin):
    member = builders.member(admin.workspace)
    add = reverse("settings-team-add")
    assert client.post(add, {"name": "Night", "members": [member.pk]}).status_code == 302
    team = Team.objects.get()
    assert list(team.members.all()) == [member]
    assert client.post(add, {"name": "night"}).status_code == 422

    client.post(reverse("settings-team", args=[team.pk]), {"name": "Day", "members": []})
    team.refresh_from_db()
    assert (team.name, team.members.count()) == ("Day", 0)

    client.post(reverse("settings-team-delete", args=[team.pk]))
    assert not Team.objects.exists()


def test_a_token_is_shown_once_works_and_can_be_revoked(client, admin):
    url = reverse("settings-tokens")
    page = client.post(url, {"name": "Web shop"})
    plaintext = page.context["plaintext"]
    assert plaintext in page.content.decode()
    assert page["Cache-Control"].startswith("max-age=0")
    token = ApiToken.objects.get()
    assert plaintext not in client.get(url).content.decode()

    api = Client(headers={"authorization": f"Token {plaintext}"})
    assert api.get("/api/v1/agents/").status_code == 200
    client.post(reverse("settings-token-revoke", args=[token.pk]))
    assert api.get("/api/v1/agents/").status_code == 401
    assert AuditEntry.objects.filter(action="token.revoked").count() == 1


def test_a_colleagues_token_is_not_mine_to_revoke(client, admin):
    other = builders.member(admin.workspace, Role.ADMIN)
    token = ApiToken.objects.create(
        workspace=admin.workspace, member=other, name="x", prefix="omni_x", digest="d"
    )

    assert client.post(reverse("settings-token-revoke", args=[token.pk])).status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


PAGES = ["channels", "channel-new", "log", "inbound", "members", "teams", "tokens", "audit"]


@pytest.mark.parametrize("role", [Role.AGENT, Role.MARKETER])
@pytest.mark.parametrize("page", PAGES)
def test_only_admins_come_in(admin, role, page):
    client = Client()
    client.force_login(builders.member(admin.workspace, role).user)

    assert client.get(reverse(f"settings-{page}")).status_code == 403
    assert Client().get(reverse(f"settings-{page}")).status_code == 302


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_page_in_both_languages(client, admin, page, language):
    admin.user.language = language
    admin.user.save()

    response = client.get(reverse(f"settings-{page}"))

    assert response.status_code == 200
    assert f'<html lang="{language}">' in response.content.decode()
