"""No workspace reaches into another: every route is tried, and a new one cannot escape.

The map of all URLs is walked. A parameter nobody has taught here what it names makes the test of
that route fail, so that whoever adds a route says which things of another workspace to try.
"""

import contextlib
import itertools
import json
import re
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

from accounts.models import Member
from tests.world import World, checksums, mixed_rows

pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

# What a URL parameter names. ``pk`` is told by what stands before it.
OBJECTS = {
    "address_id": "address",
    "answer_id": "answer",
    "attribute_id": "attribute",
    "campaign_id": "campaign",
    "channel_id": "channel",
    "chat_id": "chat",
    "contact_id": "contact",
    "delivery_uid": "delivery",
    "entry_id": "entry",
    "file_uid": "file",
    "label_id": "label",
    "mail_template_id": "mail_template",
    "member_id": "member",
    "message_pk": "message",
    "question_id": "question",
    "request_id": "request",
    "segment_id": "segment",
    "suppression_id": "suppression",
    "team_id": "team",
    "template_id": "template",
    "token_id": "token",
}
BY_PREFIX = {
    "api/v1/agents/": "member",
    "api/v1/attributes/": "attribute",
    "api/v1/campaigns/": "campaign",
    "api/v1/channels/": "channel",
    "api/v1/contacts/": "contact",
    "api/v1/conversations/": "conversation",
    "api/v1/files/": "file",
    "api/v1/hashtag-chats/": "chat",
    "api/v1/labels/": "label",
    "api/v1/mail-templates/": "mail_template",
    "api/v1/members/": "member",
    "api/v1/messages/": "message",
    "api/v1/segments/": "segment",
    "api/v1/suppressions/": "suppression",
    "api/v1/teams/": "team",
    "conversations/": "conversation",
}
# Parameters that are words of the product, the same for everybody.
WORDS = {
    "act": ("duplicate", "archive", "restore"),
    "tab": ("mine", "unassigned", "all"),
    "kind": ("twilio_sms",),
    "name": ("assign", "snooze", "labels", "more"),
    "action": ("pause", "resume", "cancel", "enable", "disable", "star", "hide"),
    "step": ("who", "what", "where", "check"),
}
# Open to everybody, and why.
PUBLIC = {
    "accounts/login/": "how one gets in",
    "accounts/logout/": "leads to the log-in page when nobody is logged in",
    "accounts/inactive/": "tells a person who is switched off",
    "accounts/language/": "the language of the log-in page",
    "accounts/password/reset/": "for who cannot get in",
    "accounts/password/reset/done/": "the same",
    "accounts/password/reset/key/<uidb36>-<key>/": "opens with a secret key only",
    "accounts/password/reset/key/done/": "the same",
    "api/v1/schema/": "describes the API",
    "api/v1/docs/": "shows the description",
    "api/v1/<path>": "says that nothing is there",
    "c/<token>/<link>/": "leads on with a sealed token only",
    "m/<token>/": "opens with a signed token only",
    "o/<token>/": "a picture for a sealed token only",
    "settings/": "leads to the first settings page, which asks who it is",
    "u/<token>/": "opens with a sealed token only",
    "webhooks/<channel_id>/": "opens with the provider's signature only",
    "webhooks/meta/": "opens with the provider's signature only",
}


@dataclass(frozen=True)
class Route:
    """An address with its parameters in angle brackets."""

    path: str
    names: tuple[str, ...]

    @property
    def api(self):
        return self.path.startswith("api/")

    def objects(self):
        """The parameters that name things, with the word for each."""
        found = {}
        for name in self.names:
            if name in OBJECTS:
                found[name] = OBJECTS[name]
            elif name == "pk":
                prefix = next((p for p in BY_PREFIX if self.path.startswith(p)), None)
                assert prefix, f"Teach BY_PREFIX what pk is in {self.path}"
                found[name] = BY_PREFIX[prefix]
            else:
                assert name in WORDS, f"Teach OBJECTS or WORDS what {name} is in {self.path}"
        return found

    def urls(self, chosen):
        """The URLs with these ids, one for each choice of words."""
        words = [name for name in self.names if name in WORDS and name not in chosen]
        for values in itertools.product(*(WORDS[name] for name in words)):
            url = self.path
            for name, value in {**chosen, **dict(zip(words, values, strict=True))}.items():
                url = url.replace(f"<{name}>", value)
            # Not every word fits every route.
            with contextlib.suppress(Resolver404):
                resolve(f"/{url}")
                yield f"/{url}"


def walk(patterns, before=""):
    for pattern in patterns:
        path = before + plain(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield Route(path, tuple(re.findall(r"<(\w+)>", path)))


def plain(pattern):
    """``<int:pk>`` and ``(?P<pk>[0-9]+)`` as ``<pk>``; unnamed groups are not used here."""
    pattern = re.sub(r"\(\?P<(\w+)>(?:[^()\\]|\\.)*\)", r"<\1>", pattern)
    pattern = re.sub(r"<\w+:(\w+)>", r"<\1>", pattern)
    return pattern.removeprefix("^").removesuffix("$").removesuffix("\\Z")


ROUTES = list(dict.fromkeys(walk(get_resolver().url_patterns)))
GUARDED = [route for route in ROUTES if route.path not in PUBLIC]
WITH_PARAMETERS = [route for route in GUARDED if {*route.names} - WORDS.keys()]


def named(route):
    return route.path or "/"


@pytest.fixture(scope="module")
def worlds(django_db_setup, django_db_blocker):
    """Two full workspaces for all tests here; each test's own changes are rolled back."""
    with django_db_blocker.unblock():
        around = transaction.atomic()
        around.__enter__()
        yield World(), World()
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


@pytest.fixture
def mine(worlds):
    return worlds[0]


@pytest.fixture
def theirs(worlds):
    return worlds[1]


def clients(world):
    """The workspace's admin, by session for pages and by token for the API."""
    page = Client(raise_request_exception=True)
    page.force_login(world.admin.user)
    api = Client(headers={"Authorization": f"Token {world.plaintext}"})
    api.get("/api/v1/labels/")
    return page, api


def call(client, route, method, url, body):
    if route.api:
        return client.generic(method, url, json.dumps(body), content_type="application/json")
    if method == "POST":
        return client.post(url, body)
    return client.generic(method, url)


# --- The map --------------------------------------------------------------------------------------


def test_the_map_was_walked():
    paths = {route.path for route in ROUTES}
    assert {"api/v1/contacts/<pk>/", "conversations/<pk>/messages/<message_pk>/retry/"} <= paths
    assert len(WITH_PARAMETERS) > 50
    assert not any(re.search(r"[()\\?*+\[\]]", path) for path in paths)
    assert set(PUBLIC) <= paths


@pytest.mark.parametrize("route", WITH_PARAMETERS, ids=named)
def test_another_workspaces_ids_do_not_exist(route, mine, theirs):
    objects = route.objects()
    page, api = clients(mine)
    before = checksums()
    for owners in itertools.product((theirs, mine), repeat=len(objects)):
        if theirs not in owners:
            continue
        chosen = {
            name: owner.of(word)
            for (name, word), owner in zip(objects.items(), owners, strict=True)
        }
        for url, method in itertools.product(route.urls(chosen), METHODS):
            response = call(api if route.api else page, route, method, url, {})
            assert response.status_code in {404, 405}, f"{method} {url} {response.status_code}"
    assert checksums() == before


@pytest.mark.parametrize("route", GUARDED, ids=named)
def test_ids_of_another_workspace_in_a_body_change_nothing_there(route, mine, theirs):
    page, api = clients(mine)
    objects = route.objects()
    where = f"WHERE workspace_id = {theirs.workspace.pk}"
    before = checksums(where)
    chosen = {name: mine.of(word) for name, word in objects.items()}
    for url, body in itertools.product(route.urls(chosen), bodies(theirs, api=route.api)):
        for method in ("POST", "PATCH") if route.api else ("POST",):
            response = call(api if route.api else page, route, method, url, body)
            assert response.status_code < 500, f"{method} {url} {body}"
            text = b"" if response.streaming else response.content
            assert theirs.contact.name.encode() not in text, f"{method} {url} {body}"
    assert mixed_rows() == []
    assert checksums(where) == before


def bodies(world, *, api):
    """Bodies that name everything of a workspace, under the names that forms and the API use."""
    ids = {word: world.of(word) for word in world.rows()}
    single = {
        **ids,
        **{f"{word}_id": pk for word, pk in ids.items()},
        "assignee": ids["member"],
        "other": ids["contact"],
        "keep": ids["contact"],
        "text": "Hello",
        "uid": ids["delivery"],
    }
    many = {f"{word}s": [pk] for word, pk in ids.items()}
    yield single | many
    if api:
        # One at a time, because the API refuses what it does not know.
        yield {"assignee": world.agent.pk}
        yield {"other": world.contact.pk}
        yield {"team": world.team.pk}
        yield {"labels": [world.label.name]}
        yield {"labels": [str(world.label.pk)]}
        yield {"name": "X", "members": [world.agent.pk]}
        yield {"name": "X", "channel": str(world.channel.pk), "segment": world.segment.pk}
        yield {"to": {"contact": world.contact.pk}, "text": "Hello"}
        yield {"branding": {"logo": str(world.of("file"))}}
        yield {
            "to": {"kind": "sms", "value": world.address.value},
            "channel": str(world.channel.pk),
            "text": "Hello",
        }
        condition = {"field": "label", "op": "has", "value": world.label.pk}
        yield {"name": "X", "filter": {"match": "all", "conditions": [condition]}}


@pytest.mark.parametrize("route", GUARDED, ids=named)
def test_strangers_are_sent_away(route, mine):
    chosen = {name: mine.of(word) for name, word in route.objects().items()}
    before = checksums()
    for url, method in itertools.product(route.urls(chosen), METHODS):
        response = call(Client(), route, method, url, {})
        if route.api:
            assert response.status_code in {401, 405}, f"{method} {url} {response.status_code}"
        elif response.status_code != 405:
            assert response.status_code == 302, f"{method} {url} {response.status_code}"
            login = response["Location"].startswith(str(settings.PUBLIC_URL) + "/accounts/login/")
            assert login or response["Location"].startswith("/accounts/login/"), url
    assert checksums() == before


@pytest.mark.parametrize("role", ["agent", "marketer"])
@pytest.mark.parametrize(
    "route", [route for route in GUARDED if route.path.startswith("settings/")], ids=named
)
def test_settings_are_for_admins(route, role, mine):
    Member.objects.filter(pk=mine.admin.pk).update(role=role)
    page, _api = clients(mine)
    chosen = {name: mine.of(word) for name, word in route.objects().items()}
    before = checksums()
    for url, method in itertools.product(route.urls(chosen), METHODS):
        response = page.generic(method, url)
        assert response.status_code in {403, 405}, f"{method} {url} {response.status_code}"
    assert checksums() == before


# --- Lists ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", [route for route in GUARDED if not route.objects()], ids=named)
def test_lists_show_nothing_of_another_workspace(route, mine, theirs):
    page, api = clients(mine)
    secrets = [
        theirs.contact.name,
        theirs.address.value,
        theirs.channel.name,
        theirs.label.name,
        theirs.segment.name,
        theirs.agent.user.email,
        theirs.workspace.name,
        theirs.attribute.key,
        theirs.token.prefix,
        theirs.chat.title,
    ]
    for url in route.urls({}):
        response = (api if route.api else page).get(url, follow=True)
        text = b"".join(response.streaming_content) if response.streaming else response.content
        for secret in secrets:
            assert secret not in text.decode(errors="replace"), f"{url} shows {secret}"
