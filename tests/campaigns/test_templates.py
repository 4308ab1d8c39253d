"""Campaigns whose message is a provider's template: its parameters hold what is known of each."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import Role
from campaigns import expansion, services
from campaigns.ledger import Ledger
from campaigns.models import Campaign
from campaigns.preview import foresee, show
from contacts.attributes import create_definition
from gateway.content.templates import TemplateStatus
from gateway.models import Channel, StoredTemplate
from gateway.templates.keeping import keep_templates
from tests import builders as make
from tests.api.client import caller, errors
from tests.campaigns import build
from tests.gateway.windows import talk
from tests.gateway.windows.test_templates import ORDER

pytestmark = pytest.mark.django_db

CONTENT: dict[str, Any] = {
    "template": {
        "name": "order_update",
        "language": "en",
        "body": {"1": "{{ first_name|friend }}", "2": "{{ attributes.order }}"},
        "header_values": {"1": "now"},
        "buttons": {"0": "{{ attributes.order }}"},
    }
}


@pytest.fixture(autouse=True)
def kinds(settings: Any) -> Iterator[None]:
    with talk.registered(settings):
        yield


@pytest.fixture
def channel() -> Channel:
    made = make.channel(kind="talk")
    keep_templates(made, [ORDER])
    create_definition(workspace=made.workspace, member=None, key="order", name="Order", type="text")
    return made


def person(channel: Channel, **fields: Any) -> Any:
    made = make.contact(channel.workspace, **fields)
    make.address(made)
    return made


def test_each_person_gets_their_own_values_frozen(channel: Channel) -> None:
    ana = person(channel, name="Ana Núñez", attributes={"order": "A-7"})
    person(channel, name="Nobody")
    person(channel, name="", attributes={"order": "B-8"})
    campaign = build.launched(channel.workspace, channel=channel, text="", content=CONTENT)
    assert expansion.expand(campaign.pk) == 3
    found = [row.content["template"] for row in build.deliveries(campaign).order_by("uid")]
    assert [use["body"] for use in found] == [
        {"1": "Ana", "2": "A-7"},
        {"1": "friend", "2": "B-8"},
    ]
    assert found[0]["buttons"] == {"0": "A-7"}
    assert found[0]["text"] == (
        "Order now\n\nHi Ana, your order A-7 is on its way, Ana.\n\nAcme\n\n"
        "Track: https://acme.example/t/A-7\nCall: +14155550100"
    )
    reasons = {entry.recipient.contact_id: entry.reason for entry in Ledger(Campaign.objects.get())}
    assert sorted(reasons.values()) == ["", "", "no_text"]
    assert reasons[ana.pk] == ""


def test_forecast_and_preview(channel: Channel) -> None:
    ana = person(channel, name="Ana Núñez", attributes={"order": "A-7"})
    campaign = build.draft(channel.workspace, channel=channel, text="", content=CONTENT)
    assert services.launch_errors(campaign) == {}
    assert foresee(campaign).reached == 1
    [look] = show(campaign, ana).looks
    assert look.parts[0].text.startswith("Order now\n\nHi Ana, your order A-7 is on its way")
    assert list(look.changes) == []


@pytest.mark.parametrize(
    ("status", "changed"), [("paused", {}), ("approved", {"body": "Hi {{1}} {{2}} {{3}}"})]
)
def test_a_launch_looks_at_the_template_again(
    channel: Channel, status: str, changed: dict[str, Any]
) -> None:
    person(channel, name="Ana", attributes={"order": "A-7"})
    campaign = build.draft(channel.workspace, channel=channel, text="", content=CONTENT)
    keep_templates(channel, [replace(ORDER, status=TemplateStatus(status), **changed)])
    [name] = services.launch_errors(campaign)
    assert name.startswith("content.template.")


def test_another_channel_does_not_have_it(channel: Channel) -> None:
    person(channel, name="Ana", attributes={"order": "A-7"})
    sms = make.channel(channel.workspace)
    campaign = build.draft(channel.workspace, channel=sms, text="", content=CONTENT)
    assert set(services.launch_errors(campaign)) == {"content.template.name"}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"name": "other"}, "content.template.name"),
        ({"body": {"1": "Ann"}}, "content.template.body.2"),
        ({"body": {"1": "{{ nothing }}", "2": "x"}}, "content.template.body.1"),
    ],
)
def test_what_is_wrong_is_named_when_it_is_saved(
    channel: Channel, change: dict[str, Any], wrong: str
) -> None:
    content = {"template": {**CONTENT["template"], **change}}
    with pytest.raises(ValidationError) as caught:
        build.draft(channel.workspace, channel=channel, text="", content=content)
    assert set(caught.value.message_dict) == {wrong}


def test_templates_of_other_workspaces_are_not_found(channel: Channel) -> None:
    other = make.workspace()
    content = {"template": {**CONTENT["template"], "body": {"1": "a", "2": "b"}, "buttons": {}}}
    with pytest.raises(ValidationError) as caught:
        build.draft(other, text="", content=content)
    assert set(caught.value.message_dict) == {"content.template.name"}


def test_over_the_api(channel: Channel) -> None:
    api = caller(Role.ADMIN, channel.workspace)
    given = {"name": "C", "channel": str(channel.pk), "content": CONTENT}
    made = api.post("campaigns/", given)
    assert made.status_code == 201, made.content
    assert made.json()["content"]["template"]["text"].startswith("Order now")
    wrong = {**given, "content": {"template": {**CONTENT["template"], "language": "es"}}}
    assert set(errors(api.post("campaigns/", wrong))) == {"content.template.name"}


def test_the_editor_asks_for_each_parameter(channel: Channel) -> None:
    member = make.member(channel.workspace, role=Role.ADMIN)
    client = Client()
    client.force_login(member.user)
    campaign = build.draft(channel.workspace, channel=channel)
    path, row = f"/campaigns/{campaign.pk}/", StoredTemplate.objects.get()
    assert 'data-testid="mode-template"' in client.get(f"{path}what/").content.decode()
    asked = client.post(f"{path}template/", {"template": row.pk}).content.decode()
    names = ["value-header_values.1", "value-body.1", "value-body.2", "value-buttons.0"]
    assert all(f'name="{name}"' in asked for name in names)
    given = {"mode": "template", "template": row.pk, **dict.fromkeys(names, "{{ name }}")}
    preview = client.post(f"{path}preview/", {**given, names[1]: ""}).content.decode()
    assert "Hi …, your order {{ name }} is on its way" in preview
    refused = client.post(f"{path}what/", {**given, names[2]: ""})
    assert refused.status_code == 422
    assert "The template needs a value here." in refused.content.decode()
    assert client.post(f"{path}what/", given).status_code == 302
    campaign.refresh_from_db()
    assert campaign.text == ""
    assert campaign.content["template"]["body"] == {"1": "{{ name }}", "2": "{{ name }}"}  # type: ignore[index]
    again = client.get(f"{path}what/").content.decode()
    assert 'value="{{ name }}"' in again
