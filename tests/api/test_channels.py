"""Channels over the API: secrets go in and never come out."""

import json

import pytest

from accounts.models import AuditEntry, Role
from gateway.models import Channel
from gateway.secrets import unseal
from tests import builders
from tests.api.client import caller, errors
from tests.payloads.google_rcs.exhibit import config, key_file

pytestmark = pytest.mark.django_db

CONFIG = {
    "account_sid": builders.SID,
    "auth_token": builders.TOKEN,
    "from_number": "+1 415 555 0100",
}
SMS = {"kind": "twilio_sms", "name": "Support", "config": CONFIG}


def test_a_channel_answers_everything_but_its_secrets():
    api = caller()
    made = api.post("channels/", SMS)
    assert made.status_code == 201, made.content
    body = made.json()
    assert body["kind"] == "twilio_sms"
    assert body["enabled"] is True
    assert body["address"] == "+14155550100"
    assert body["config"]["account_sid"] == builders.SID
    assert body["config"]["auth_token"] is None
    assert body["webhook_url"].endswith(f"/webhooks/{body['id']}/")
    assert body["health"]["ok"] is True
    assert body["health"]["queued"] == 0
    for answer in (made, api.get("channels/"), api.get(f"channels/{body['id']}/")):
        assert builders.TOKEN not in answer.content.decode()
    assert builders.TOKEN not in json.dumps(list(AuditEntry.objects.values("data")))


def test_a_key_file_is_taken_with_its_lines():
    api = caller()
    key = json.dumps(json.loads(key_file()), indent=2)
    found = {"kind": "google_rcs", "name": "RCS", "config": {**config(), "service_account": key}}
    made = api.post("channels/", found)
    assert made.status_code == 201, made.content
    assert unseal(Channel.objects.get().config)["service_account"] == key


def test_a_secret_left_out_stays():
    api = caller()
    pk = api.post("channels/", SMS).json()["id"]
    body = api.patch(
        f"channels/{pk}/",
        {"name": "Sales", "enabled": False, "config": {"from_number": "+14155550101"}},
    ).json()
    assert (body["name"], body["enabled"], body["address"]) == ("Sales", False, "+14155550101")
    assert unseal(Channel.objects.get().config)["auth_token"] == builders.TOKEN
    api.patch(f"channels/{pk}/", {"config": {"auth_token": None, "from_number": "+14155550102"}})
    assert unseal(Channel.objects.get().config)["auth_token"] == builders.TOKEN


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "fax"}, "kind"),
        ({"kind": None}, "kind"),
        ({"name": ""}, "name"),
        ({"config": "x"}, "config"),
        ({"config": {}}, "config.account_sid"),
        ({"config": CONFIG | {"account_sid": "AC1"}}, "config.account_sid"),
        ({"config": CONFIG | {"from_number": "12"}}, "config.from_number"),
        ({"config": CONFIG | {"base_url": "https://evil.example"}}, "config.base_url"),
        ({"config": CONFIG | {"auth_token": ["x"]}}, "config.auth_token"),
        ({"rate_per_second": 0}, "rate_per_second"),
        ({"rate_per_second": "1e400"}, "rate_per_second"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(change, field):
    response = caller().post("channels/", SMS | change)
    assert response.status_code == 400
    assert field in errors(response)
    assert not Channel.objects.exists()


def test_the_kind_cannot_change():
    api = caller()
    pk = api.post("channels/", SMS).json()["id"]
    response = api.patch(f"channels/{pk}/", {"kind": "twilio_rcs"})
    assert list(errors(response)) == ["kind"]


@pytest.mark.parametrize("role", [Role.AGENT, Role.MARKETER])
def test_only_admins_write(role):
    channel = builders.channel()
    api = caller(role, channel.workspace)
    path = f"channels/{channel.pk}/"
    assert api.get(path).status_code == 200
    before = Channel.objects.values().get()
    assert api.post("channels/", SMS).status_code == 403
    assert api.patch(path, {"name": "x"}).status_code == 403
    assert api.delete(path).status_code == 403
    assert api.post(f"{path}check/").status_code == 403
    assert Channel.objects.values().get() == before


def test_a_used_channel_is_disabled_instead_of_deleted():
    api = caller()
    pk = api.post("channels/", SMS).json()["id"]
    assert api.delete(f"channels/{pk}/").status_code == 204
    used = builders.conversation(builders.channel(api.workspace)).channel
    assert api.delete(f"channels/{used.pk}/").status_code == 409
    assert Channel.objects.get() == used


def test_filters():
    api = caller()
    on = builders.channel(api.workspace)
    builders.channel(api.workspace, enabled=False)
    found = api.get("channels/?enabled=true&kind=twilio_sms").json()["results"]
    assert [row["id"] for row in found] == [str(on.pk)]
    assert errors(api.get("channels/?enabled=perhaps")).keys() == {"enabled"}
