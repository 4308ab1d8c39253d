"""Contacts are created and changed whole or not at all."""

import threading
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts.models import AuditEntry
from contacts.attributes import create_definition, delete_definition, update_definition
from contacts.labels import create_label
from contacts.models import Address, Contact
from contacts.services import create_contact, merge_contacts, set_blocked, update_contact
from tests import builders as make

pytestmark = pytest.mark.django_db


def errors(call, **arguments):
    with pytest.raises(ValidationError) as caught:
        call(**arguments)
    return caught.value.message_dict


def test_a_contact_is_kept_in_normal_form():
    ws = make.workspace()
    contact = create_contact(
        workspace=ws,
        member=make.member(ws),
        fields={
            "name": "  Ana López ",
            "language": "ES",
            "country": "es",
            "timezone": "Europe/Madrid",
            "gender": "Female",
            "birth_date": "1990-02-28",
        },
        addresses=[("phone", "612 34 56 78"), ("email", "Ana@Example.COM")],
    )
    contact.refresh_from_db()
    assert contact.name == "Ana López"
    assert (contact.language, contact.country) == ("es", "ES")
    assert contact.gender == "female"
    assert contact.birth_date == date(1990, 2, 28)
    assert set(contact.addresses.values_list("kind", "value")) == {
        ("phone", "+34612345678"),
        ("email", "ana@example.com"),
    }
    assert AuditEntry.objects.get(action="contact.created").object_id == str(contact.pk)


def test_every_wrong_field_is_named_and_nothing_is_written():
    ws = make.workspace()
    found = errors(
        create_contact,
        workspace=ws,
        member=None,
        fields={
            "name": "x" * 201,
            "language": "klingon",
            "country": "EU",
            "timezone": "Mars/Phobos",
            "gender": "cat",
            "birth_date": "31.12.1990",
            "attributes": {"nope": 1},
            "labels": ["nope"],
            "workspace_id": 7,
        },
        addresses=[("phone", "12"), ("pigeon", "x"), ("email", "a@b")],
    )
    assert set(found) == {
        "name",
        "language",
        "country",
        "timezone",
        "gender",
        "birth_date",
        "attributes.nope",
        "labels",
        "workspace_id",
        "addresses[0]",
        "addresses[1]",
        "addresses[2]",
    }
    assert not Contact.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", 7, None, ["x"], {"x": 1}])
def test_what_is_no_text_is_refused(value):
    ws = make.workspace()
    assert set(errors(create_contact, workspace=ws, member=None, fields={"name": value})) == {
        "name"
    }


@pytest.mark.parametrize(
    "value", ["1890-01-01", "2999-01-01", "1990-02-30", "1990-2-3", "٢٠٢٠-01-01"]
)
def test_a_birth_date_is_a_past_day(value):
    ws = make.workspace()
    found = errors(create_contact, workspace=ws, member=None, fields={"birth_date": value})
    assert set(found) == {"birth_date"}


def test_an_address_belongs_to_one_contact():
    ws = make.workspace()
    ana = make.contact(ws, name="Ana")
    taken = make.address(ana).value
    found = errors(
        create_contact,
        workspace=ws,
        member=None,
        fields={"name": "Bea"},
        addresses=[("phone", make.phone()), ("phone", taken)],
    )
    assert found == {"addresses": [f"{taken} already belongs to Ana."]}
    assert list(Contact.objects.values_list("name", flat=True)) == ["Ana"]
    # The same number in another workspace is somebody else.
    create_contact(workspace=make.workspace(), member=None, fields={}, addresses=[("phone", taken)])


@pytest.mark.django_db(transaction=True)
def test_two_who_create_the_same_address_at_once_get_one_contact():
    ws = make.workspace()
    number = make.phone()
    outcomes: list[str] = []
    start = threading.Barrier(4)

    def create() -> None:
        try:
            start.wait(5)
            create_contact(
                workspace=ws, member=None, fields={"name": "Twin"}, addresses=[("phone", number)]
            )
            outcomes.append("created")
        except ValidationError as error:
            outcomes.append(",".join(error.message_dict))
        finally:
            connection.close()

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(outcomes) == ["addresses"] * 3 + ["created"]
    assert Contact.objects.count() == Address.objects.count() == 1


def test_addresses_given_replace_those_there_were():
    ws = make.workspace()
    contact = make.contact(ws)
    first, second = make.address(contact).value, make.phone()
    update_contact(contact=contact, member=None, fields={}, addresses=[("phone", second)])
    assert list(contact.addresses.values_list("value", flat=True)) == [second]
    update_contact(contact=contact, member=None, fields={"name": "New"})
    assert list(contact.addresses.values_list("value", flat=True)) == [second]
    assert not Address.objects.filter(value=first).exists()


def test_an_address_with_conversations_stays():
    ws = make.workspace()
    talk = make.conversation(make.channel(ws))
    found = errors(
        update_contact, contact=talk.contact, member=None, fields={"name": "X"}, addresses=[]
    )
    assert list(found) == ["addresses"]
    talk.contact.refresh_from_db()
    assert talk.contact.name != "X"
    assert talk.contact.addresses.count() == 1


def test_attributes_follow_their_declared_types():
    ws = make.workspace()
    for key, kind in [
        ("points", "number"),
        ("vip", "boolean"),
        ("since", "date"),
        ("note", "text"),
    ]:
        create_definition(workspace=ws, member=None, key=key, name=key, type=kind)
    create_definition(
        workspace=ws, member=None, key="tier", name="Tier", type="choice", choices=["gold", "basic"]
    )
    contact = make.contact(ws, attributes={"note": "old"})
    update_contact(
        contact=contact,
        member=None,
        fields={
            "attributes": {
                "points": "12.50",
                "vip": True,
                "since": "2024-02-29",
                "tier": "gold",
                "note": None,
            }
        },
    )
    contact.refresh_from_db()
    assert contact.attributes == {
        "points": 12.5,
        "vip": True,
        "since": "2024-02-29",
        "tier": "gold",
    }
    found = errors(
        update_contact,
        contact=contact,
        member=None,
        fields={
            "attributes": {
                "points": "many",
                "vip": "yes",
                "since": "2023-02-29",
                "tier": "silver",
                "note": "x" * 501,
                "points\x00": 1,
            }
        },
    )
    assert set(found) == {
        "attributes.points",
        "attributes.vip",
        "attributes.since",
        "attributes.tier",
        "attributes.note",
        "attributes.points\x00",
    }


@pytest.mark.parametrize(
    "key", ["", "Tier", "1a", "a__b", "a-b", "a" * 61, "a b", "_a", "a_", 7, None]
)
def test_a_key_is_a_simple_word(key):
    ws = make.workspace()
    found = errors(create_definition, workspace=ws, member=None, key=key, name="X", type="text")
    assert set(found) == {"key"}


def test_a_definition_is_checked_and_its_values_go_with_it():
    ws, other = make.workspace(), make.workspace()
    tier = create_definition(
        workspace=ws, member=None, key="tier", name="Tier", type="choice", choices=["a", "a", " b "]
    )
    assert tier.choices == ["a", "b"]
    assert "key" in errors(
        create_definition, workspace=ws, member=None, key="tier", name="Again", type="text"
    )
    assert "choices" in errors(
        create_definition, workspace=ws, member=None, key="x", name="X", type="choice", choices=[]
    )
    update_definition(definition=tier, member=None, name="Level", choices=["c"])
    assert (tier.name, tier.choices) == ("Level", ["c"])
    mine = make.contact(ws, attributes={"tier": "c", "vip": True})
    theirs = make.contact(other, attributes={"tier": "c"})
    delete_definition(definition=tier, member=None)
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert mine.attributes == {"vip": True}
    assert theirs.attributes == {"tier": "c"}


def test_labels_are_given_by_id_or_name_of_the_same_workspace():
    ws = make.workspace()
    vip = create_label(workspace=ws, member=None, name="VIP", color="green")
    contact = create_contact(workspace=ws, member=None, fields={"labels": ["vip"]})
    assert list(contact.labels.all()) == [vip]
    theirs = create_label(workspace=make.workspace(), member=None, name="Theirs")
    assert set(
        errors(update_contact, contact=contact, member=None, fields={"labels": [theirs.pk]})
    ) == {"labels"}
    assert list(contact.labels.all()) == [vip]
    assert set(errors(create_label, workspace=ws, member=None, name="vip")) == {"name"}
    assert set(errors(create_label, workspace=ws, member=None, name="X", color="plaid")) == {
        "color"
    }


def test_blocking_is_noted():
    ws = make.workspace()
    contact, member = make.contact(ws), make.member(ws)
    set_blocked(contact=contact, member=member, blocked=True)
    contact.refresh_from_db()
    assert contact.blocked
    assert AuditEntry.objects.get(action="contact.blocked").member == member


def test_merging_moves_everything_and_keeps_what_is_known():
    ws = make.workspace()
    vip = create_label(workspace=ws, member=None, name="VIP")
    keep = make.contact(ws, name="Ana", attributes={"tier": "gold"})
    other = make.contact(ws, name="A. López", country="ES", attributes={"tier": "x", "vip": True})
    other.labels.add(vip)
    number = make.address(other).value
    merged = merge_contacts(keep=keep, other=other, member=make.member(ws))
    merged.refresh_from_db()
    assert (merged.pk, merged.name, merged.country) == (keep.pk, "Ana", "ES")
    assert merged.attributes == {"tier": "gold", "vip": True}
    assert list(merged.labels.all()) == [vip]
    assert merged.addresses.get().value == number
    assert not Contact.objects.filter(pk=other.pk).exists()
    entry = AuditEntry.objects.get(action="contact.merged")
    assert entry.data["other"] == other.pk


def test_only_two_contacts_of_one_workspace_merge():
    ws = make.workspace()
    keep, stranger = make.contact(ws), make.contact(make.workspace())
    for other in (keep, stranger):
        assert set(errors(merge_contacts, keep=keep, other=other, member=None)) == {"other"}
    assert Contact.objects.count() == 2
