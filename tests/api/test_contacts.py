"""Contacts, labels, attribute definitions and segments over the API."""

from typing import Any

import pytest

from accounts.models import AuditEntry, Role
from contacts.models import Address, ConsentRecord, Contact, Segment
from gateway.models import Suppression
from tests import builders
from tests.api.client import caller, errors

pytestmark = pytest.mark.django_db

ANN: dict[str, Any] = {
    "name": "Ann",
    "language": "es",
    "timezone": "Europe/Madrid",
    "country": "ES",
    "gender": "female",
    "birth_date": "1990-12-31",
    "attributes": {"tier": "gold", "age_group": 3},
    "addresses": [
        {"kind": "sms", "value": "+34 600 100 200"},
        {"kind": "email", "value": "Ann@Example.com"},
    ],
    "labels": ["VIP"],
    "blocked": False,
}


def with_definitions(api):
    builders.label(api.workspace, name="VIP")
    builders.attribute(api.workspace, key="tier", type="choice", choices=["gold", "silver"])
    builders.attribute(api.workspace, key="age_group", type="number")
    return api


def test_a_contact_comes_back_as_it_was_given():
    api = with_definitions(caller())
    made = api.post("contacts/", ANN)
    assert made.status_code == 201
    body = made.json()
    assert {
        **{key: body[key] for key in ANN},
        "addresses": None,
    } == {**ANN, "addresses": None}
    assert body["addresses"] == [
        {"kind": "phone", "value": "+34600100200", "handle": "", "opted_out": False},
        {"kind": "email", "value": "ann@example.com", "handle": "", "opted_out": False},
    ]
    assert api.get(f"contacts/{body['id']}/").json() == body
    entry = AuditEntry.objects.get(action="contact.created")
    assert (entry.member, entry.object_id) == (api.member, str(body["id"]))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"language": "xx"}, "language"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"country": "ZZ"}, "country"),
        ({"gender": "robot"}, "gender"),
        ({"birth_date": "1990-13-31"}, "birth_date"),
        ({"birth_date": "2990-12-31"}, "birth_date"),
        ({"attributes": {"tier": "wood"}}, "attributes.tier"),
        ({"attributes": {"unknown": 1}}, "attributes.unknown"),
        ({"attributes": {"age_group": {"a": 1}}}, "attributes.age_group"),
        ({"attributes": []}, "attributes"),
        ({"addresses": [{"kind": "sms", "value": "123"}]}, "addresses.0"),
        ({"addresses": [{"kind": "fax", "value": "+34600100200"}]}, "addresses.0"),
        ({"addresses": [{"kind": "sms"}]}, "addresses.0.value"),
        ({"addresses": "+34600100200"}, "addresses"),
        ({"labels": ["nobody"]}, "labels"),
        ({"labels": [{"a": 1}]}, "labels.0"),
        ({"name": "x" * 201}, "name"),
        ({"name": None}, "name"),
        ({"blocked": "perhaps"}, "blocked"),
        ({"name": "", "addresses": []}, "name"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(change, field):
    api = with_definitions(caller())
    response = api.post("contacts/", ANN | change)
    assert response.status_code == 400
    assert any(name == field or name.startswith(f"{field}.") for name in errors(response))
    assert not Contact.objects.exists()
    assert not Address.objects.exists()


def test_a_patch_changes_what_it_names():
    api = with_definitions(caller(Role.AGENT))
    pk = api.post("contacts/", ANN).json()["id"]
    body = api.patch(
        f"contacts/{pk}/",
        {"name": "Anna", "attributes": {"tier": None}, "addresses": ANN["addresses"][:1]},
    ).json()
    assert body["name"] == "Anna"
    assert body["attributes"] == {"age_group": 3}
    assert [address["kind"] for address in body["addresses"]] == ["phone"]
    assert body["country"] == "ES"
    assert body["labels"] == ["VIP"]


def test_an_address_belongs_to_one_contact():
    api = caller()
    address = {"kind": "phone", "value": "+34600100200"}
    api.post("contacts/", {"name": "Ann", "addresses": [address]})
    response = api.post("contacts/", {"name": "Bob", "addresses": [address]})
    assert list(errors(response)) == ["addresses"]
    assert Contact.objects.get().name == "Ann"


def test_the_same_address_in_another_workspace_is_another_persons():
    address = {"kind": "phone", "value": "+34600100200"}
    for api in (caller(), caller()):
        assert api.post("contacts/", {"addresses": [address]}).status_code == 201


def test_opting_out_and_in_is_recorded_with_its_source():
    api = caller()
    address = {"kind": "phone", "value": "+34600100200", "opted_out": True}
    body = api.post("contacts/", {"addresses": [address]}).json()
    assert body["addresses"][0]["opted_out"] is True
    stopped = set(Suppression.objects.values_list("medium", "address"))
    assert stopped == {(medium, "+34600100200") for medium in ("sms", "rcs", "whatsapp")}
    records = {record.medium: record for record in ConsentRecord.objects.all()}
    assert records.keys() == {"sms", "rcs", "whatsapp"}
    for record in records.values():
        assert (record.status, record.source, record.member) == ("withdrawn", "api", api.member)
    same = api.patch(f"contacts/{body['id']}/", {"addresses": [address]})
    assert same.json()["addresses"][0]["opted_out"] is True
    assert ConsentRecord.objects.count() == 3
    back = api.patch(f"contacts/{body['id']}/", {"addresses": [address | {"opted_out": False}]})
    assert back.json()["addresses"][0]["opted_out"] is False
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("search=ann", ["Joanna", "Ann"]),
        ("search=600100", ["Ann"]),
        ("address=%2B34600100200", ["Ann"]),
        ("address=+34600100200", ["Ann"]),
        ("address=%2B34%20600%20100%20200", ["Ann"]),
        ("address=ANN@example.com", ["Ann"]),
        ("address=%2B34600100299", []),
        ("address=nonsense", []),
        ("label=vip", ["Ann"]),
        ("search=%25", []),
        ("search='; DROP TABLE contacts_contact; --", []),
        ("search=') OR 1=1 --", []),
        ("search=%5C", []),
        ("address=' OR ''='", []),
    ],
)
def test_search(query, names):
    api = with_definitions(caller())
    api.post("contacts/", ANN)
    api.post("contacts/", {"name": "Joanna"})
    elsewhere = with_definitions(caller())
    elsewhere.post("contacts/", ANN)
    found = api.get(f"contacts/?{query}").json()["results"]
    assert [contact["name"] for contact in found] == names
    assert Contact.objects.count() == 3


def test_names_are_data_wherever_they_appear():
    api = caller()
    name = "<script>alert(1)</script>{{ 7|add:7 }}"
    made = api.post("contacts/", {"name": name})
    assert made.json()["name"] == name
    assert made["Content-Type"] == "application/json"
    assert made["X-Content-Type-Options"] == "nosniff"


def test_merging_keeps_one_with_all_addresses():
    api = with_definitions(caller())
    keep = api.post("contacts/", {"name": "Ann"}).json()["id"]
    other = api.post("contacts/", ANN).json()["id"]
    body = api.post(f"contacts/{keep}/merge/", {"other": other}).json()
    assert body["id"] == keep
    assert len(body["addresses"]) == 2
    assert api.get(f"contacts/{other}/").status_code == 404


@pytest.mark.parametrize("other", ["self", "elsewhere", 999_999, "x", None, True, [1]])
def test_only_another_contact_of_the_workspace_can_be_merged(other):
    api = caller()
    keep = builders.contact(api.workspace)
    stranger = builders.contact(builders.workspace())
    given = (
        {"self": keep.pk, "elsewhere": stranger.pk}.get(other, other)
        if isinstance(other, str)
        else other
    )
    response = api.post(f"contacts/{keep.pk}/merge/", {"other": given})
    assert response.status_code == 400
    assert list(errors(response)) == ["other"]
    assert Contact.objects.count() == 2


def test_a_contact_without_conversations_can_be_deleted_and_no_other():
    api = caller()
    contact = builders.contact(api.workspace)
    assert api.delete(f"contacts/{contact.pk}/").status_code == 204
    conversation = builders.conversation(builders.channel(api.workspace))
    response = api.delete(f"contacts/{conversation.contact_id}/")
    assert response.status_code == 409
    errors(response)
    assert Contact.objects.get().pk == conversation.contact_id


def test_labels_live_and_die():
    api = caller(Role.AGENT)
    made = api.post("labels/", {"name": "VIP", "color": "red"})
    assert made.status_code == 201
    pk = made.json()["id"]
    assert errors(api.post("labels/", {"name": "vip"})).keys() == {"name"}
    assert api.patch(f"labels/{pk}/", {"color": "blue"}).json() == {
        "id": pk,
        "name": "VIP",
        "color": "blue",
    }
    assert api.delete(f"labels/{pk}/").status_code == 204
    assert api.get("labels/").json()["results"] == []


def test_attribute_definitions_live_and_die():
    api = caller()
    made = api.post(
        "attributes/", {"key": "tier", "name": "Tier", "type": "choice", "choices": ["a"]}
    )
    assert made.status_code == 201
    pk = made.json()["id"]
    assert errors(
        api.post("attributes/", {"key": "Bad Key", "name": "x", "type": "text"})
    ).keys() == {"key"}
    assert errors(api.patch(f"attributes/{pk}/", {"type": "text"})).keys() == {"type"}
    assert api.patch(f"attributes/{pk}/", {"choices": ["a", "b"]}).json()["choices"] == ["a", "b"]
    assert api.delete(f"attributes/{pk}/").status_code == 204


# --- Segments -------------------------------------------------------------------------------------

SPAIN = {"match": "all", "conditions": [{"field": "country", "op": "is", "value": "ES"}]}


def test_segments_count_what_matches():
    api = caller(Role.MARKETER)
    builders.contact(api.workspace, country="ES")
    builders.contact(api.workspace, country="FR")
    builders.contact(builders.workspace(), country="ES")
    made = api.post("segments/", {"name": "Spain", "filter": SPAIN})
    assert made.status_code == 201
    assert made.json()["count"] == 1
    nobody = {"match": "all", "conditions": [{"field": "country", "op": "is", "value": "PT"}]}
    api.post("segments/", {"name": "Portugal", "filter": nobody})
    api.post("segments/", {"name": "Everybody", "filter": {"match": "all", "conditions": []}})
    counts = {row["name"]: row["count"] for row in api.get("segments/").json()["results"]}
    assert counts == {"Spain": 1, "Portugal": 0, "Everybody": 2}
    pk = made.json()["id"]
    assert api.patch(f"segments/{pk}/", {"filter": nobody}).json()["count"] == 0
    assert api.delete(f"segments/{pk}/").status_code == 204


def test_a_segment_whose_label_is_gone_has_no_count():
    api = caller()
    label = builders.label(api.workspace)
    has = {"match": "all", "conditions": [{"field": "label", "op": "has", "value": label.pk}]}
    made = api.post("segments/", {"name": "Labelled", "filter": has})
    assert made.json()["count"] == 0
    label.delete()
    assert api.get(f"segments/{made.json()['id']}/").json()["count"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "", "filter": SPAIN}, "name"),
        ({"name": "a"}, "filter"),
        ({"name": "a", "filter": []}, "filter"),
        ({"name": "a", "filter": {"match": "some", "conditions": []}}, "filter.match"),
        ({"name": "a", "filter": {"match": "all", "conditions": [
            {"field": "password", "op": "is", "value": "x"}]}}, "filter.conditions.0.field"),
        ({"name": "a", "filter": {"match": "all", "conditions": [
            {"field": "country", "op": "like", "value": "x"}]}}, "filter.conditions.0.op"),
        ({"name": "a", "filter": {"match": "all", "conditions": [
            {"field": "age", "op": "is", "value": "old"}]}}, "filter.conditions.0.value"),
        ({"name": "a", "filter": {"match": "all", "conditions": [
            {"field": "attributes.x'); DROP TABLE x; --", "op": "is", "value": "1"}]}},
         "filter.conditions.0.field"),
        ({"name": "a", "filter": {"match": "all", "conditions": [
            {"field": "user__password", "op": "is", "value": "1"}]}}, "filter.conditions.0.field"),
    ],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_names_its_place(body, field):
    api = caller()
    response = api.post("segments/", body)
    assert response.status_code == 400
    assert list(errors(response)) == [field]
    assert not Segment.objects.exists()


def test_a_segment_in_use_stays():
    api = caller()
    segment = builders.segment(api.workspace)
    assert api.post("campaigns/", {"name": "A", "segment": segment.pk}).status_code == 201
    response = api.delete(f"segments/{segment.pk}/")
    assert response.status_code == 409
    assert Segment.objects.exists()
