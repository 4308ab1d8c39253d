"""Quiet hours on their page and over the API."""

from datetime import time

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Role
from gateway.models import QuietHours
from tests import builders
from tests.api.client import caller, errors

pytestmark = pytest.mark.django_db

NIGHT = {"enabled": True, "starts": "22:00", "ends": "07:30"}


def test_they_are_off_until_somebody_switches_them_on(client):
    page = client.get(reverse("settings-quiet-hours"))
    assert page.context["form"].initial == {
        "enabled": False,
        "starts": time(21),
        "ends": time(8),
    }
    assert not QuietHours.objects.exists()


def test_they_are_saved_and_told(client, admin):
    path = reverse("settings-quiet-hours")
    page = client.post(path, NIGHT | {"enabled": "on"}, follow=True)
    assert b"What waits already waits by these hours from now on." in page.content
    row = QuietHours.objects.get()
    assert (row.workspace, row.enabled, row.starts, row.ends) == (
        admin.workspace,
        True,
        time(22),
        time(7, 30),
    )
    entry = AuditEntry.objects.get(action="workspace.quiet_hours")
    assert entry.data["hours"] == "22:00–07:30"
    assert b'value="07:30"' in page.content
    client.post(path, {"starts": "22:00", "ends": "07:30"})
    assert not QuietHours.objects.get().enabled


@pytest.mark.parametrize(
    ("change", "field"),
    [({"ends": "22:00"}, "ends"), ({"starts": "late"}, "starts"), ({"ends": ""}, "ends")],
)
def test_what_is_wrong_is_said_at_its_field(client, admin, change, field):
    page = client.post(reverse("settings-quiet-hours"), NIGHT | change)
    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]
    response = caller(ws=admin.workspace).put("quiet-hours/", NIGHT | change)
    assert (response.status_code, list(errors(response))) == (400, [field])
    assert not QuietHours.objects.exists()


def test_over_the_api():
    api = caller()
    assert api.get("quiet-hours/").json() == {"enabled": False, "starts": "21:00", "ends": "08:00"}
    assert api.put("quiet-hours/", NIGHT).json() == NIGHT
    assert api.get("quiet-hours/").json() == NIGHT
    other = caller()
    assert other.get("quiet-hours/").json()["enabled"] is False


@pytest.mark.parametrize("role", [Role.AGENT, Role.MARKETER])
def test_only_admins_change_them(role):
    client = Client()
    member = builders.member(role=role)
    client.force_login(member.user)
    assert client.get(reverse("settings-quiet-hours")).status_code == 403
    assert caller(role, member.workspace).put("quiet-hours/", NIGHT).status_code == 403
    assert not QuietHours.objects.exists()
