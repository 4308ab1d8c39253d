"""Logging in and out, passwords, and what ends a session."""

import socket
import uuid
from time import monotonic

import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.urls import get_resolver
from structlog.testing import capture_logs

from accounts import services
from accounts.models import AuditEntry, Role, User
from omnichannel.cache import _AWAY, ForgivingRedisCache
from tests import builders
from tests.accounts.conftest import Browser, link_in

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
OWN = "/accounts/preferences/"


@pytest.fixture
def person():
    email = f"{uuid.uuid4().hex}@example.com"
    user = builders.user(PASSWORD, email=email, name="Ann")
    builders.member(user=user, role=Role.ADMIN)
    return user


@pytest.fixture
def sent(django_capture_on_commit_callbacks):
    """Does something and returns the mails it sent after commit."""

    def run(action):
        mail.outbox.clear()
        with django_capture_on_commit_callbacks(execute=True):
            action()
        return mail.outbox

    return run


def link_of(message):
    return link_in(message.body)


def set_password(browser, url, password):
    page = browser.get(url.removeprefix(settings.PUBLIC_URL), follow=True)
    if "password1" not in page.content.decode():
        return page
    path = page.redirect_chain[-1][0]
    return browser.post(path, {"password1": password, "password2": password}, follow=True)


# --- In and out -----------------------------------------------------------------------------------


def test_in_and_out(browser, person):
    assert browser.get(OWN).status_code == 302
    assert browser.log_in(person)["Location"] == "/"
    assert browser.get(OWN).status_code == 200
    assert browser.get("/accounts/logout/").status_code == 200
    assert browser.get(OWN).status_code == 200
    assert browser.post("/accounts/logout/").status_code == 302
    assert browser.get(OWN).status_code == 302


def test_the_address_is_compared_without_case(browser, person):
    answer = browser.post(
        "/accounts/login/", {"login": f" {person.email.upper()} ", "password": PASSWORD}
    )
    assert answer.status_code == 302


def test_the_page_serves_password_managers_and_both_languages(browser):
    page = browser.get("/accounts/login/").content.decode()
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert 'lang="es"' in page
    browser.post("/accounts/language/", {"language": "es", "next": "/accounts/login/"})
    assert '<html lang="es">' in browser.get("/accounts/login/").content.decode()


def test_a_wrong_password_and_an_unknown_address_read_the_same(browser, person):
    wrong = browser.log_in(person, "wrong password")
    stranger = Browser().post(
        "/accounts/login/", {"login": "nobody@example.com", "password": "wrong password"}
    )
    assert wrong.status_code == stranger.status_code == 200
    assert wrong.context["form"].errors == stranger.context["form"].errors
    assert PASSWORD not in wrong.content.decode()
    assert "wrong password" not in wrong.content.decode()


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "https:evil.example",
        "\\\\evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        f"{settings.PUBLIC_URL}.evil.example/",
        "http://testserver/inbox/",
    ],
)
def test_next_never_leads_elsewhere(browser, person, target):
    answer = browser.log_in(person, next=target)
    assert answer["Location"] == "/"
    again = browser.get("/accounts/login/", {"next": target})
    assert again["Location"] == "/"
    language = browser.post(
        "/accounts/language/", {"language": "es", "next": "https://evil.example/"}
    )
    assert "evil" not in language["Location"]
    own = browser.post(OWN, {"language": "es", "next": target})
    assert own["Location"] == OWN
    out = browser.post("/accounts/logout/", {"next": target})
    assert "evil" not in out["Location"]


def test_next_leads_to_where_one_wanted_to_go(browser, person):
    assert browser.log_in(person, next="/contacts/?search=x")["Location"] == "/contacts/?search=x"


def test_a_page_without_login_names_where_to_come_back(browser):
    assert browser.get(OWN)["Location"] == f"/accounts/login/?next={OWN}"


def test_too_many_wrong_passwords_are_slowed_down_in_words(browser, person):
    for _n in range(5):
        browser.log_in(person, "wrong password")
    answer = Browser().log_in(person)
    assert answer.status_code == 200
    assert "Too many failed attempts" in answer.content.decode()
    assert Browser().get("/accounts/login/").status_code == 200


def test_a_flood_from_one_address_gets_a_page_of_ours(browser):
    for _n in range(20):
        browser.post("/accounts/password/reset/", {"email": f"{uuid.uuid4().hex}@example.com"})
    answer = browser.post("/accounts/password/reset/", {"email": "x@example.com"})
    assert answer.status_code == 429
    assert "That was too often" in answer.content.decode()


@pytest.mark.parametrize(
    ("how", "status"), [({"is_active": False}, 302), ({"is_active": True}, 302)]
)
def test_a_switched_off_account_cannot_come_in(browser, person, how, status):
    User.objects.filter(pk=person.pk).update(**how)
    answer = browser.log_in(person)
    assert answer.status_code == status
    expected = "/" if how["is_active"] else "/accounts/inactive/"
    assert answer["Location"] == expected
    assert browser.get("/accounts/inactive/").status_code == 200


def test_an_account_without_password_cannot_come_in(browser):
    invited = builders.member().user
    for password in ("", "!", invited.password):
        assert browser.log_in(invited, password).status_code == 200


# --- What is reachable ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["signup/", "email/", "confirm-email/", "confirm-email/x/", "login/code/",
     "login/code/confirm/", "reauthenticate/", "phone/verify/", ""],
)  # fmt: skip
def test_what_allauth_has_more_is_not_there(browser, person, path):
    browser.log_in(person)
    assert browser.get(f"/accounts/{path}").status_code == 404
    assert browser.post(f"/accounts/{path}", {"email": "x@example.com"}).status_code == 404


def test_there_are_no_other_account_pages():
    names = {
        name
        for name in get_resolver().reverse_dict
        if isinstance(name, str) and name.startswith(("account_", "mfa_", "socialaccount_"))
    }
    assert names == {
        "account_login",
        "account_logout",
        "account_inactive",
        "account_change_password",
        "account_set_password",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
    }


def test_a_forged_request_is_refused(person):
    browser = Browser(enforce_csrf_checks=True)
    assert browser.log_in(person).status_code == 403
    browser.force_login(person)
    assert browser.post(OWN, {"name": "Mallory"}).status_code == 403
    assert browser.post("/accounts/logout/").status_code == 403
    person.refresh_from_db()
    assert person.name == "Ann"


# --- Reset ----------------------------------------------------------------------------------------


def test_a_reset_sets_a_new_password_once(browser, person, sent):
    (message,) = sent(lambda: browser.post("/accounts/password/reset/", {"email": person.email}))
    assert message.to == [person.email]
    url = link_of(message)
    assert url.startswith(f"{settings.PUBLIC_URL}/accounts/password/reset/key/")
    done = set_password(Browser(), url, "a much better one")
    assert "Your password is set" in done.content.decode()
    assert Browser().log_in(person, "a much better one").status_code == 302
    again = set_password(Browser(), url, "yet another one")
    assert "no longer works" in again.content.decode()
    assert AuditEntry.objects.filter(action="user.password_changed").count() == 1


@pytest.mark.parametrize("email", ["nobody@example.com", "NOBODY@example.com"])
def test_a_reset_tells_nobody_who_has_an_account(
    browser, person, sent, email, django_assert_num_queries
):
    with django_assert_num_queries(0):
        unknown = browser.post("/accounts/password/reset/", {"email": email})
    with django_assert_num_queries(0):
        known = Browser().post("/accounts/password/reset/", {"email": person.email})
    assert (unknown.status_code, unknown["Location"]) == (known.status_code, known["Location"])
    assert sent(lambda: Browser().post("/accounts/password/reset/", {"email": email})) == []


def test_reset_mails_come_in_the_persons_language(browser, person, sent):
    person.language = "es"
    person.save()
    (message,) = sent(lambda: browser.post("/accounts/password/reset/", {"email": person.email}))
    assert message.subject.startswith("[Omnichannel] ")


def test_a_reset_link_never_follows_the_host_header(person, sent):
    browser = Browser(HTTP_HOST="localhost:1234", HTTP_X_FORWARDED_HOST="evil.example")
    (message,) = sent(lambda: browser.post("/accounts/password/reset/", {"email": person.email}))
    assert "evil" not in message.body
    assert "localhost:1234" not in message.body
    evil = Browser(HTTP_HOST="evil.example")
    assert evil.post("/accounts/password/reset/", {"email": person.email}).status_code == 400


def test_a_reset_link_runs_out_after_a_day(browser, person, sent, settings):
    (message,) = sent(lambda: browser.post("/accounts/password/reset/", {"email": person.email}))
    settings.PASSWORD_RESET_TIMEOUT = -1
    page = set_password(Browser(), link_of(message), "a much better one")
    assert "no longer works" in page.content.decode()
    assert Browser().log_in(person).status_code == 302


def test_a_switched_off_account_gets_no_link(browser, person, sent):
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert sent(lambda: browser.post("/accounts/password/reset/", {"email": person.email})) == []


@pytest.mark.parametrize("password", ["short", "password123", "1234567890", "Ann-example"])
def test_weak_passwords_are_refused_beside_the_field(browser, person, password):
    User.objects.filter(pk=person.pk).update(name="Ann Example", email="ann-example@example.com")
    browser.force_login(person)
    answer = browser.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": password, "password2": password},
    )
    assert list(answer.context["form"].errors) == ["password1"]
    assert 'id="id_password1_error"' in answer.content.decode()
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


# --- Sessions -------------------------------------------------------------------------------------


def test_changing_the_password_ends_every_other_session(person):
    here, there = Browser(), Browser()
    here.log_in(person)
    there.log_in(person)
    body = {
        "oldpassword": PASSWORD,
        "password1": "a much better one",
        "password2": "a much better one",
    }
    assert here.post("/accounts/password/change/", body)["Location"] == OWN
    assert here.get(OWN).status_code == 200
    assert there.get(OWN).status_code == 302


def test_resetting_the_password_ends_every_session(browser, person, sent):
    browser.log_in(person)
    (message,) = sent(lambda: Browser().post("/accounts/password/reset/", {"email": person.email}))
    set_password(Browser(), link_of(message), "a much better one")
    assert browser.get(OWN).status_code == 302


def test_the_old_password_is_asked_for(browser, person):
    browser.log_in(person)
    body = {
        "oldpassword": "wrong",
        "password1": "a much better one",
        "password2": "a much better one",
    }
    answer = browser.post("/accounts/password/change/", body)
    assert list(answer.context["form"].errors) == ["oldpassword"]


def test_switching_a_person_off_ends_their_sessions(browser, person):
    browser.log_in(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert browser.get(OWN).status_code == 302


def test_the_session_changes_with_log_in(browser, person):
    browser.get("/accounts/login/")
    browser.session["seen"] = 1
    session = browser.session
    session["seen"] = 1
    session.save()
    before = browser.session.session_key
    browser.log_in(person)
    assert browser.session.session_key != before


def test_cookies_are_out_of_reach(browser, person):
    answer = browser.log_in(person)
    cookie = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


# --- Workspaces -----------------------------------------------------------------------------------


def test_a_person_without_workspace_is_told_so(browser):
    user = builders.user(PASSWORD, email=f"{uuid.uuid4().hex}@example.com")
    browser.log_in(user)
    answer = browser.get("/")
    assert answer.status_code == 403
    assert "You are in no workspace" in answer.content.decode()
    assert browser.get(OWN).status_code == 200


def test_an_ended_membership_opens_nothing(browser, person):
    member = person.memberships.get()
    builders.member(member.workspace, role=Role.ADMIN)
    browser.log_in(person)
    services.end_membership(member=member, by=None)
    assert "You are in no workspace" in browser.get("/").content.decode()


def test_switching_between_ones_own_workspaces(browser, person):
    first = person.memberships.get()
    second = builders.member(user=person)
    stranger = builders.member()
    browser.log_in(person)
    assert browser.get(OWN).context["member"] == first
    switch = browser.post("/accounts/workspace/", {"workspace": second.workspace_id})
    assert switch["Location"] == "/"
    assert browser.get(OWN).context["member"] == second
    for wrong in (stranger.workspace_id, "x", "", "9" * 40):
        assert browser.post("/accounts/workspace/", {"workspace": wrong}).status_code == 404
    assert browser.get(OWN).context["member"] == second
    services.end_membership(member=second, by=None)
    assert browser.get(OWN).context["member"] == first


# --- One's own settings ---------------------------------------------------------------------------


def test_name_and_language_can_be_changed_apart(browser, person):
    browser.log_in(person)
    browser.post(OWN, {"language": "es"})
    browser.post(OWN, {"name": "  Anna  "})
    person.refresh_from_db()
    assert (person.name, person.language) == ("Anna", "es")
    assert '<html lang="es">' in browser.get(OWN).content.decode()
    browser.post("/accounts/logout/")
    assert '<html lang="es">' in browser.get("/accounts/login/").content.decode()


@pytest.mark.parametrize(
    ("body", "field"),
    [({"language": "xx"}, "language"), ({"name": " "}, "name"), ({"name": "x" * 201}, "name")],
)
def test_what_is_wrong_is_named(browser, person, body, field):
    browser.log_in(person)
    answer = browser.post(OWN, body)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    person.refresh_from_db()
    assert (person.name, person.language) == ("Ann", "")


def test_nothing_else_can_be_set(browser, person):
    browser.log_in(person)
    browser.post(OWN, {"name": "Ann", "is_active": "", "email": "x@example.com", "role": "admin"})
    person.refresh_from_db()
    assert (person.is_active, person.email != "x@example.com") == (True, True)


def test_a_name_is_never_markup(browser, person):
    name = "<script>alert(1)</script>"
    services.update_profile(user=person, name=name)
    browser.log_in(person)
    page = browser.get(OWN)
    assert name not in page.content.decode()
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"


# --- Without Redis --------------------------------------------------------------------------------


@pytest.fixture(params=["nobody listens", "nobody answers"])
def dead_redis(settings, request):
    """The cache's Redis is away: connections are refused, or accepted and never answered."""
    _AWAY.clear()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if request.param == "nobody listens":
            server.close()
        location = f"redis://127.0.0.1:{port}/0"
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": location}}
        yield
    _AWAY.clear()


def test_one_can_log_in_without_redis(browser, person, dead_redis):
    started = monotonic()
    with capture_logs() as logs:
        assert browser.log_in(person, "wrong password").status_code == 200
        assert browser.log_in(person)["Location"] == "/"
        assert browser.get(OWN).status_code == 200
    assert [line["event"] for line in logs] == ["cache away, counts as empty"]
    assert monotonic() - started < 8


def test_a_redis_that_is_away_is_an_empty_cache(dead_redis):
    cache.set("a", 1)
    cache.set_many({"a": 1})
    cache.delete_many(["a"])
    cache.clear()
    assert (cache.get("a", 2), cache.get_many(["a"]), "a" in cache) == (2, {}, False)
    assert (cache.add("a", 1), cache.touch("a"), cache.delete("a")) == (True, False, False)
    with pytest.raises(ValueError, match="not found"):
        cache.incr("a")


def test_a_redis_that_is_back_is_used_again():
    location = settings.REDIS_URL
    back = ForgivingRedisCache(location, {})
    back._away.note(ConnectionError())
    back.set("here", 1)
    assert back.get("here") is None
    back._away.failed_at -= 60
    back.set("here", 2)
    assert back.get("here") == 2
    assert back.delete("here")
    _AWAY.clear()
