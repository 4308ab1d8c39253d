"""Workspaces, members, tokens and teams: what each service writes, and what it refuses."""

import asyncio
import uuid
from io import StringIO
from threading import Barrier, Thread
from time import monotonic
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection

from accounts import notices, services
from accounts.models import ApiToken, AuditEntry, Member, Role, Team, User, Workspace
from tests import builders
from tests.accounts.conftest import Browser, link_in

pytestmark = pytest.mark.django_db


def add(ws, email="new@example.com", role=Role.AGENT, **fields):
    return services.add_member(workspace=ws, email=email, name="New", role=role, by=None, **fields)


# --- Members --------------------------------------------------------------------------------------


def test_an_invited_person_sets_a_password_once(django_capture_on_commit_callbacks):
    admin = builders.member(role=Role.ADMIN)
    email = f"{uuid.uuid4().hex}@example.com"
    with django_capture_on_commit_callbacks(execute=True):
        member = services.add_member(
            workspace=admin.workspace, email=email, name="New", role=Role.AGENT, by=admin
        )
    assert not member.user.has_usable_password()
    (message,) = mail.outbox
    assert admin.workspace.name in str(message.subject)
    url = link_in(message.body)
    browser = Browser()
    page = browser.get(url.removeprefix(settings.PUBLIC_URL), follow=True)
    path = page.redirect_chain[-1][0]
    browser.post(path, {"password1": "a good long one", "password2": "a good long one"})
    assert browser.log_in(member.user, "a good long one").status_code == 302
    again = Browser().get(url.removeprefix(settings.PUBLIC_URL), follow=True)
    assert "no longer works" in again.content.decode()
    entry = AuditEntry.objects.get(action="member.added")
    assert (entry.member, entry.data) == (admin, {"role": "agent"})


def test_a_person_of_another_workspace_is_added_as_they_are(django_capture_on_commit_callbacks):
    elsewhere = builders.member(user=builders.user("secret enough", name="Ann"))
    ws = builders.workspace()
    with django_capture_on_commit_callbacks(execute=True):
        member = add(ws, email=elsewhere.user.email.upper())
    assert member.user == elsewhere.user
    member.user.refresh_from_db()
    assert member.user.name == "Ann"
    assert member.user.check_password("secret enough")
    (message,) = mail.outbox
    assert "/password/" not in message.body


def test_a_member_is_added_once_and_can_come_back():
    ws = builders.workspace()
    member = add(ws)
    with pytest.raises(ValidationError) as refused:
        add(ws)
    assert list(refused.value.message_dict) == ["email"]
    services.end_membership(member=member, by=None)
    again = add(ws, role=Role.MARKETER)
    assert (again.pk, again.role, again.ended_at) == (member.pk, "marketer", None)
    assert Member.objects.count() == User.objects.count() == 1


@pytest.mark.parametrize(
    ("email", "name", "role", "field"),
    [
        ("nobody", "New", "agent", "email"),
        ("", "New", "agent", "email"),
        ("new@example.com", "", "agent", "name"),
        ("new@example.com", "x" * 201, "agent", "name"),
        ("new@example.com", "New", "owner", "role"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(email, name, role, field):
    ws = builders.workspace()
    with pytest.raises(ValidationError) as refused:
        services.add_member(workspace=ws, email=email, name=name, role=role, by=None)
    assert list(refused.value.message_dict) == [field]
    assert not User.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("act", ["change_role", "end_membership"])
def test_a_workspace_keeps_an_admin(act):
    admin = builders.member(role=Role.ADMIN)
    gone = builders.member(admin.workspace, role=Role.ADMIN)
    User.objects.filter(pk=gone.user_id).update(is_active=False)
    more = {"role": Role.AGENT} if act == "change_role" else {}
    with pytest.raises(ValidationError):
        getattr(services, act)(member=admin, by=admin, **more)
    admin.refresh_from_db()
    assert (admin.role, admin.ended_at) == (Role.ADMIN, None)
    builders.member(admin.workspace, role=Role.ADMIN)
    getattr(services, act)(member=admin, by=admin, **more)


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_remove_each_other_do_not_both_win():
    ws = builders.workspace()
    admins = [builders.member(ws, role=Role.ADMIN) for _n in range(2)]
    barrier, refused = Barrier(2), []

    def remove(member, by):
        barrier.wait()
        try:
            services.end_membership(member=member, by=by)
        except ValidationError as error:
            refused.append(error)
        connection.close()

    threads = [Thread(target=remove, args=pair) for pair in (admins, list(reversed(admins)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Member.objects.filter(ended_at=None).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("workspaces", [1, 2])
@pytest.mark.parametrize("known", [False, True])
def test_invitations_of_one_person_at_the_same_moment(workspaces, known):
    if known:
        builders.user(email="new@example.com")
    made = [builders.workspace() for _n in range(workspaces)] * (2 // workspaces)
    barrier, outcomes = Barrier(2), []

    def invite(ws):
        barrier.wait()
        try:
            outcomes.append(add(ws, invite=False).user_id)
        except Exception as error:
            outcomes.append(type(error))
        connection.close()

    threads = [Thread(target=invite, args=[ws]) for ws in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    user = User.objects.get()
    assert outcomes.count(user.pk) == workspaces == Member.objects.count()
    assert outcomes.count(ValidationError) == 2 - workspaces


def test_whoever_is_invited_meanwhile_is_found(monkeypatch):
    """The other invitation commits between looking and creating."""
    there = builders.user(email="new@example.com")
    monkeypatch.setattr("django.db.models.query.QuerySet.first", lambda self: None)
    user = services._find_or_create_user(email="New@example.com", name="New", language="")
    assert user == there


def test_a_redis_that_hangs_holds_up_no_revocation(monkeypatch, django_capture_on_commit_callbacks):
    class Hanging:
        async def group_send(self, group, message):
            await asyncio.sleep(60)

    monkeypatch.setattr(notices, "get_channel_layer", Hanging)
    monkeypatch.setattr(notices, "SEND_SECONDS", 0.05)
    member = builders.member()
    started = monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        services.end_membership(member=member, by=None)
    assert monotonic() - started < 5
    member.refresh_from_db()
    assert member.ended_at is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["end", "password"])
def test_open_sockets_are_told(act):
    member = builders.member()

    def change():
        if act == "end":
            services.end_membership(member=member, by=None)
        else:
            services.set_password(user=member.user, password="another one")
        connection.close()

    async def listen():
        layer = get_channel_layer()
        name = await layer.new_channel()
        await layer.group_add(f"member.{member.pk}", name)
        await sync_to_async(change, thread_sensitive=False)()
        return await asyncio.wait_for(layer.receive(name), 5)

    assert asyncio.run(listen()) == {"type": "access.revoked"}


# --- Tokens ---------------------------------------------------------------------------------------


def test_a_token_is_told_once_and_audited_without_it():
    member = builders.member()
    token, plaintext = services.create_token(member=member, name=" Script ", by=member)
    assert (token.name, token.prefix) == ("Script", plaintext[:12])
    assert token.digest == services.digest(plaintext)
    entry = AuditEntry.objects.get()
    assert plaintext not in str(entry.data)
    services.revoke_token(token=token, by=member)
    services.revoke_token(token=token, by=member)
    assert AuditEntry.objects.filter(action="token.revoked").count() == 1
    with pytest.raises(ValidationError):
        services.create_token(member=member, name=" ", by=member)
    assert ApiToken.objects.count() == 1


# --- Teams ----------------------------------------------------------------------------------------


def test_teams_hold_members_of_their_workspace():
    member, stranger = builders.member(), builders.member()
    team = services.create_team(
        workspace=member.workspace, name="Sales", by=member, members=[member]
    )
    changes: list[tuple[dict[str, Any], str]] = [
        ({"name": ""}, "name"),
        ({"members": [stranger]}, "members"),
    ]
    for change, field in changes:
        with pytest.raises(ValidationError) as refused:
            services.update_team(team=team, by=member, **change)
        assert list(refused.value.message_dict) == [field]
    with pytest.raises(ValidationError):
        services.create_team(workspace=member.workspace, name="SALES", by=member)
    team = Team.objects.get()
    assert (team.name, list(team.members.all())) == ("Sales", [member])
    services.delete_team(team=team, by=member)
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["team.created", "team.deleted"]


# --- The first workspace --------------------------------------------------------------------------


def test_a_new_installation_begins_with_a_command():
    out = StringIO()
    call_command(
        "create_workspace", "Acme", "--email", "ann@example.com", "--name", "Ann", stdout=out
    )
    member = Member.objects.get()
    assert (member.role, member.workspace.name) == ("admin", "Acme")
    url = link_in(out.getvalue())
    page = Browser().get(url.removeprefix(settings.PUBLIC_URL), follow=True)
    assert 'name="password1"' in page.content.decode()
    assert mail.outbox == []


def test_the_command_creates_both_or_nothing():
    with pytest.raises(CommandError):
        call_command("create_workspace", "Acme", "--email", "nobody", "--name", "Ann")
    assert not Workspace.objects.exists()
