"""What holds for every address of the API: tokens, problems, bodies, paging, languages."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import services
from accounts.models import ApiToken, Role, Team
from contacts.api.views import LabelViewSet
from contacts.models import Contact
from tests import builders
from tests.api.client import ROOT, caller, errors

pytestmark = pytest.mark.django_db


# --- Tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Token",
        "Token ",
        "Token omni_wrong",
        "Token a b",
        "Token " + "x" * 10_000,
        "Bearer {token}",
        "Basic dXNlcjpwYXNz",
        "Token {token}x",
        "Token ñandú",
    ],
)
def test_without_a_good_token_nobody_comes_in(header):
    api = caller()
    headers = {} if header is None else {"Authorization": header.replace("{token}", api.token)}
    response = Client().get(f"{ROOT}contacts/", headers=headers)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Token realm="api"'
    assert errors(response) == {}


def test_the_token_is_kept_as_a_digest_only():
    api = caller()
    row = ApiToken.objects.get()
    assert api.token.startswith(row.prefix)
    assert api.token not in json.dumps(list(ApiToken.objects.values()), default=str)


@pytest.mark.parametrize(
    "end",
    [
        lambda api: services.revoke_token(token=ApiToken.objects.get(), by=None),
        lambda api: services.end_membership(member=api.member, by=None),
        lambda api: type(api.member.user).objects.update(is_active=False),
    ],
    ids=["revoked", "membership ended", "user switched off"],
)
def test_a_token_ends_at_once(end):
    api = caller(Role.AGENT)
    assert api.get("contacts/").status_code == 200
    end(api)
    assert api.get("contacts/").status_code == 401


def test_a_membership_that_begins_again_does_not_revive_tokens():
    api = caller(Role.AGENT)
    services.end_membership(member=api.member, by=None)
    services.add_member(
        workspace=api.workspace,
        email=api.member.user.email,
        name="",
        role=Role.AGENT,
        by=None,
        invite=False,
    )
    assert api.get("contacts/").status_code == 401


def last_use():
    used = ApiToken.objects.get().last_used_at
    assert used is not None
    return used


def test_the_last_use_is_noted_once_a_minute():
    api = caller()
    api.get("contacts/")
    first = last_use()
    assert timezone.now() - first < timedelta(seconds=10)
    api.get("contacts/")
    assert last_use() == first
    ApiToken.objects.update(last_used_at=first - timedelta(seconds=61))
    api.get("contacts/")
    assert last_use() > first


def test_a_session_does_not_open_the_api():
    member = builders.member(role=Role.ADMIN)
    client = Client()
    client.force_login(member.user)
    assert client.get(f"{ROOT}contacts/").status_code == 401


# --- Roles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (Role.AGENT, "channels/", 403),
        (Role.MARKETER, "channels/", 403),
        (Role.AGENT, "teams/", 403),
        (Role.AGENT, "attributes/", 403),
        (Role.AGENT, "segments/", 403),
        (Role.AGENT, "labels/", 400),
        (Role.MARKETER, "segments/", 400),
        (Role.ADMIN, "channels/", 400),
    ],
)
def test_writing_needs_the_role(role, path, status):
    assert caller(role).post(path, {}).status_code == status


def test_agents_do_not_even_read_segments():
    response = caller(Role.AGENT).get("segments/")
    assert response.status_code == 403
    assert errors(response) == {}


# --- Problems -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "contacts/999999999/", None, 404),
        ("GET", "contacts/99999999999999999999999999/", None, 404),
        ("GET", "contacts/abc/", None, 404),
        ("GET", "contacts/1%00/", None, 404),
        ("GET", "channels/not-a-uuid/", None, 404),
        ("GET", "nothing/", None, 404),
        ("POST", "contacts", "{}", 404),
        ("GET", "", None, 404),
        ("PUT", "contacts/", "{}", 405),
        ("DELETE", "contacts/", None, 405),
        ("POST", "contacts/", "{", 400),
        ("POST", "contacts/", "", 400),
        ("POST", "contacts/", "[]", 400),
        ("POST", "contacts/", "[" * 100_000, 400),
        ("POST", "contacts/", '{"a":' * 5_000 + "1" + "}" * 5_000, 400),
        ("POST", "contacts/", '{"name": NaN}', 400),
        ("POST", "contacts/", '{"name": "\\u0000"}', 400),
        ("POST", "contacts/", '{"attributes": {"a": "\\u0000"}}', 400),
        ("POST", "contacts/", '{"attributes": {"a": "\\ud800"}}', 400),
        ("POST", "contacts/", b'{"name": "\xff"}', 400),
        ("POST", "contacts/", '{"name": "' + "x" * 1_000_000 + '"}', 413),
    ],
)
def test_every_refusal_is_a_problem(method, path, body, status):
    response = caller().call(method, path, body)
    assert response.status_code == status
    errors(response)
    assert not Contact.objects.exists()


def test_only_json_is_understood():
    api = caller()
    response = api.http.post(
        f"{ROOT}contacts/", {"name": "x"}, headers={"Authorization": f"Token {api.token}"}
    )
    assert response.status_code == 415
    errors(response)


def test_errors_come_whatever_the_caller_accepts():
    response = caller().get("contacts/1/", Accept="text/html")
    assert response.status_code in {404, 406}
    errors(response)


@pytest.mark.parametrize(
    ("headers", "person", "words"),
    [
        ({}, "", "There is no such field."),
        ({}, "es", None),
        ({"Accept-Language": "en"}, "es", "There is no such field."),
        ({"Accept-Language": "es"}, "en", None),
    ],
)
def test_messages_are_in_the_readers_language(headers, person, words):
    api = caller()
    api.member.user.language = person
    api.member.user.save()
    response = api.post("labels/", {"name": "a", "wrong": 1}, **headers)
    said = errors(response)["wrong"][0]
    expected = "es" if words is None else "en"
    assert response["Content-Language"] == expected
    assert words is None or said == words


def test_a_bug_is_a_problem_too(monkeypatch):
    api = caller()
    api.http.raise_request_exception = False
    monkeypatch.setattr(LabelViewSet, "get_queryset", lambda self: 1 / 0)
    response = api.get("labels/")
    assert response.status_code == 500
    assert errors(response) == {}
    assert "ZeroDivision" not in response.content.decode()


def test_the_host_header_is_checked():
    api = caller()
    response = api.get("contacts/", Host="evil.example")
    assert response.status_code == 400


# --- Bodies ---------------------------------------------------------------------------------------


SMS = {"to": {"kind": "sms", "value": "+14155550100"}, "text": "x"}
STRANGE_ADDRESS = {"kind": "phone", "value": "+14155550100", "contact": 1}
CHANNEL = {"kind": "twilio_sms", "name": "a", "config": {}}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("contacts/", {"workspace": 1}, "workspace"),
        ("contacts/", {"workspace_id": 1}, "workspace_id"),
        ("contacts/", {"id": 5}, "id"),
        ("contacts/", {"created_at": "2020-01-01T00:00:00Z"}, "created_at"),
        ("contacts/", {"addresses": [STRANGE_ADDRESS]}, "addresses.0.contact"),
        ("labels/", {"name": "a", "workspace": 1}, "workspace"),
        ("teams/", {"name": "a", "workspace": 1}, "workspace"),
        ("segments/", {"name": "a", "filter": {}, "created_by": 1}, "created_by"),
        ("channels/", CHANNEL | {"paused_at": None}, "paused_at"),
        ("channels/", CHANNEL | {"webhook_url": "https://evil.example"}, "webhook_url"),
        ("attributes/", {"key": "a", "name": "A", "type": "text", "workspace": 1}, "workspace"),
        ("messages/", SMS | {"author": 1}, "author"),
        ("messages/", SMS | {"status": "read"}, "status"),
        ("messages/", SMS | {"queue": 1}, "queue"),
    ],
)
def test_what_is_not_named_cannot_be_set(path, body, field):
    api = caller()
    response = api.post(path, body)
    assert response.status_code == 400
    assert field in errors(response)
    assert not Contact.objects.exists()
    assert not Team.objects.exists()


def test_a_patch_cannot_move_a_row_to_another_workspace():
    api, other = caller(), builders.workspace()
    contact = builders.contact(api.workspace)
    response = api.patch(f"contacts/{contact.pk}/", {"workspace": other.pk})
    assert errors(response) == {"workspace": ["There is no such field."]}
    contact.refresh_from_db()
    assert contact.workspace_id == api.workspace.pk


# --- Lists ----------------------------------------------------------------------------------------


def test_a_walk_through_all_pages_finds_each_row_once():
    api = caller()
    for _n in range(7):
        builders.contact(api.workspace)
    builders.contact(builders.workspace())
    url, found = "contacts/?page_size=3", []
    while url:
        page = api.get(url).json()
        assert set(page) == {"next", "previous", "results"}
        assert len(page["results"]) <= 3
        found += [row["id"] for row in page["results"]]
        url = page["next"]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 7


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page_size=0", "page_size"),
        ("page_size=201", "page_size"),
        ("page_size=x", "page_size"),
        ("page_size=%C2%B2", "page_size"),
        ("cursor=garbage", "cursor"),
        ("cursor=cD1hYmM%3D", "cursor"),
        ("cursor=cD0A", "cursor"),
        ("serach=ann", "serach"),
        ("search=%00", "search"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(query, field):
    response = caller().get(f"contacts/?{query}")
    assert response.status_code == 400
    assert list(errors(response)) == [field]


@pytest.mark.parametrize(
    "path",
    ["contacts/", "conversations/", "labels/", "teams/", "members/", "agents/", "channels/",
     "segments/", "attributes/", "conversations/{conversation}/messages/"],
)  # fmt: skip
def test_a_list_takes_few_statements_however_many_rows(path):
    api = caller()
    conversation = fill(api, 12)
    path = path.format(conversation=conversation.pk)
    api.get(path)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = api.get(f"{path}?page_size=100")
    assert len(response.json()["results"]) >= 12
    assert len(queries) <= 15, [query["sql"] for query in queries]


def fill(api, count):
    ws = api.workspace
    channel = builders.channel(ws)
    for n in range(count):
        label = builders.label(ws)
        team = services.create_team(workspace=ws, name=f"Team {n}", by=None, members=[api.member])
        person = builders.contact(ws)
        person.labels.add(label)
        builders.address(person)
        conversation = builders.conversation(channel, person, team=team)
        conversation.labels.add(label)
        builders.member(ws)
        builders.channel(ws)
        builders.segment(ws)
        builders.attribute(ws)
    for _n in range(count):
        builders.delivery(builders.message(conversation, direction="outbound"))
    return conversation


# --- The schema -----------------------------------------------------------------------------------


def test_the_schema_is_generated_without_warnings(tmp_path):
    file = tmp_path / "schema.yml"
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(file))
    text = file.read_text()
    assert "auth_token_secondary" in text
    assert "Idempotency-Key" in text


def test_schema_and_reader_are_public_and_need_nothing_from_elsewhere():
    client = Client()
    assert client.get(f"{ROOT}schema/").status_code == 200
    page = client.get(f"{ROOT}docs/")
    assert page.status_code == 200
    assert "https://" not in page.content.decode().replace("http://www.w3.org", "")
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert (
        "'unsafe-inline'"
        not in page["Content-Security-Policy"].split("script-src")[1].split(";")[0]
    )
