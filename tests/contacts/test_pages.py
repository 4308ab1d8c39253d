"""The contact and segment pages: bounded statements, errors beside fields, closed to strangers."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from contacts.attributes import create_definition
from contacts.consent import opt_out
from contacts.labels import create_label
from contacts.models import AttributeDefinition, Contact, Label, Segment
from contacts.segments.services import create_segment
from gateway.suppression import suppressed
from tests import builders as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return make.member(role=Role.ADMIN)


@pytest.fixture
def ws(admin):
    return admin.workspace


@pytest.fixture
def page(client, admin):
    client.force_login(admin.user)
    return client


def crowd(ws, size: int) -> None:
    label = create_label(workspace=ws, member=None, name=f"L{size}")
    for _ in range(size):
        contact = make.contact(ws)
        contact.labels.add(label)
        make.address(contact)


def statements(page, url: str) -> int:
    with CaptureQueriesContext(connection) as found:
        assert page.get(url).status_code == 200
    return len(found)


def test_a_list_costs_the_same_for_many_rows(page, ws):
    crowd(ws, 2)
    few = statements(page, "/contacts/")
    crowd(ws, 45)
    assert statements(page, "/contacts/") == few <= 15


def test_a_contacts_page_costs_the_same_however_much_there_is(page, ws):
    contact = make.contact(ws)
    make.address(contact)
    few = statements(page, f"/contacts/{contact.pk}/")
    channel = make.channel(ws)
    for _ in range(6):
        address = make.address(contact)
        opt_out(address=address, medium="sms", source="agent")
        make.conversation(channel, contact, status="resolved", assignee=make.member(ws))
    assert statements(page, f"/contacts/{contact.pk}/") == few <= 15


def test_pages_go_both_ways_and_miss_nobody(page, ws):
    ids = [make.contact(ws).pk for _ in range(120)][::-1]
    first = page.get("/contacts/").context["page"]
    second = page.get(f"/contacts/?before={first.older}").context["page"]
    third = page.get(f"/contacts/?before={second.older}").context["page"]
    seen = [contact.pk for found in (first, second, third) for contact in found.rows]
    assert seen == ids
    assert third.older is None
    assert first.newer is None
    back = page.get(f"/contacts/?after={third.newer}").context["page"]
    assert [c.pk for c in back.rows] == [c.pk for c in second.rows]


@pytest.mark.parametrize("query", ["before=x", "after=9999999999999999999", "segment=x", "q=%00"])
def test_nonsense_in_the_address_shows_the_list(page, ws, query):
    make.contact(ws, name="Ana")
    assert "Ana" in page.get(f"/contacts/?{query}").content.decode()


def test_searching_by_name_number_and_mailbox(page, ws):
    ana = make.contact(ws, name="Ana López")
    make.address(ana, "+34612345678")
    make.address(ana, "ana@example.com", kind="email")
    make.address(make.contact(ws, name="Bob"))
    for search in ["lóp", "612 345", "+34612", "ANA@ex"]:
        rows = page.get("/contacts/", {"q": search}).context["page"].rows
        assert [row.name for row in rows] == ["Ana López"], search
    assert page.get("/contacts/", {"q": "nobody"}).context["page"].rows == []


def test_the_list_narrows_to_a_segment_and_says_when_it_is_broken(page, ws):
    make.contact(ws, name="Ana", country="ES")
    make.contact(ws, name="Bob")
    spain = create_segment(workspace=ws, member=None, name="Spain", filter={
        "conditions": [{"field": "country", "op": "is", "value": "ES"}]})  # fmt: skip
    rows = page.get(f"/contacts/?segment={spain.pk}").context["page"].rows
    assert [row.name for row in rows] == ["Ana"]
    Segment.objects.update(filter={"conditions": [{"field": "attributes.gone", "op": "is"}]})
    assert page.get(f"/contacts/?segment={spain.pk}").context["broken"]


def test_adding_keeps_what_was_typed_and_names_the_trouble(page, ws):
    create_definition(workspace=ws, member=None, key="points", name="Points", type="number")
    sent = {
        "name": "Ana",
        "country": "ES",
        "birth_date": "2999-01-01",
        "attributes.points": "many",
        "address_kind": ["phone", "email", "phone"],
        "address_value": ["", "nonsense", "612345678"],
    }
    answer = page.post("/contacts/new/", sent)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert not Contact.objects.exists()
    assert "between 1900 and today" in text
    assert "has to be a number" in text
    assert "“nonsense” is not an e-mail address" in text
    assert 'value="612345678"' in text
    assert 'value="many"' in text
    fixed = sent | {
        "birth_date": "1990-01-01",
        "attributes.points": "7",
        "address_value": ["", "ana@example.com", "612345678"],
    }
    answer = page.post("/contacts/new/", fixed)
    contact = Contact.objects.get()
    assert answer.headers["Location"] == f"/contacts/{contact.pk}/"
    assert contact.attributes == {"points": 7}
    assert set(contact.addresses.values_list("value", flat=True)) == {
        "ana@example.com",
        "+34612345678",
    }


def test_editing_changes_only_what_is_shown(page, ws):
    create_definition(workspace=ws, member=None, key="vip", name="VIP", type="boolean")
    label = create_label(workspace=ws, member=None, name="L")
    contact = make.contact(ws, attributes={"vip": True, "hidden": 1})
    shown = page.get(f"/contacts/{contact.pk}/edit/").content.decode()
    assert '<option value="true" selected>' in shown
    page.post(
        f"/contacts/{contact.pk}/edit/",
        {"name": "New", "attributes.vip": "", "labels": [str(label.pk)], "blocked": "1"},
    )
    contact.refresh_from_db()
    assert (contact.name, contact.attributes, contact.blocked) == ("New", {"hidden": 1}, False)
    assert list(contact.labels.all()) == [label]


def test_consent_is_changed_by_hand_with_the_words(page, ws, admin):
    make.channel(ws)
    address = make.address(make.contact(ws))
    url = f"/contacts/{address.contact_id}/addresses/{address.pk}/consent/"
    page.post(url, {"medium": "sms", "wanted": "out", "evidence": "Please stop"})
    assert suppressed(ws.pk, "sms", [address.value]) == {address.value: "opted_out"}
    record = address.consents.get()
    assert (record.member, record.evidence, record.source) == (admin, "Please stop", "agent")
    assert "Please stop" in page.get(f"/contacts/{address.contact_id}/").content.decode()
    page.post(url, {"medium": "sms", "wanted": "in"})
    assert suppressed(ws.pk, "sms", [address.value]) == {}
    page.post(url, {"medium": "pigeon", "wanted": "out"})
    assert address.consents.count() == 2


def test_names_are_never_html(page, ws):
    contact = make.contact(ws, name="<script>alert(1)</script>")
    make.conversation(make.channel(ws), contact, preview="<img src=x onerror=alert(1)>")
    for url in ["/contacts/", f"/contacts/{contact.pk}/", f"/contacts/{contact.pk}/edit/"]:
        text = page.get(url).content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text


def test_labels_and_attributes_are_managed(page, ws):
    page.post("/contacts/labels/", {"name": "VIP", "color": "green"})
    label = Label.objects.get()
    assert page.post("/contacts/labels/", {"name": "vip", "color": "red"}).status_code == 422
    page.post(f"/contacts/labels/{label.pk}/", {"name": "Gold", "color": "yellow"})
    label.refresh_from_db()
    assert (label.name, label.color) == ("Gold", "yellow")
    page.post(f"/contacts/labels/{label.pk}/delete/")
    assert not Label.objects.exists()
    sent = {"name": "Tier", "key": "tier", "type": "choice", "choices": "gold\nbasic\n"}
    page.post("/contacts/attributes/new/", sent)
    tier = AttributeDefinition.objects.get()
    assert tier.choices == ["gold", "basic"]
    assert page.post("/contacts/attributes/new/", sent).status_code == 422
    page.post(f"/contacts/attributes/{tier.pk}/", {"name": "Level", "choices": "a"})
    tier.refresh_from_db()
    assert (tier.name, tier.choices, tier.key) == ("Level", ["a"], "tier")
    page.post(f"/contacts/attributes/{tier.pk}/delete/")
    assert not AttributeDefinition.objects.exists()


FIELDS = {
    "match": "all",
    "c-0-field": "country",
    "c-0-op": "in",
    "c-0-value": ["ES", "FR", ""],
    "c-1-match": "any",
    "c-1-0-field": "age",
    "c-1-0-op": "between",
    "c-1-0-value": ["18", "30"],
    "c-1-1-field": "name",
    "c-1-1-op": "is_empty",
}
TREE: dict[str, Any] = {
    "match": "all",
    "conditions": [
        {"field": "country", "op": "in", "value": ["ES", "FR"]},
        {
            "match": "any",
            "conditions": [
                {"field": "age", "op": "between", "value": [18, 30]},
                {"field": "name", "op": "is_empty"},
            ],
        },
    ],
}


def test_the_builder_saves_what_it_shows_and_shows_what_it_saved(page, ws):
    answer = page.post("/segments/new/", {"name": "Young", **FIELDS})
    assert answer.status_code == 302
    segment = Segment.objects.get()
    assert segment.filter == TREE
    shown = page.get(f"/segments/{segment.pk}/")
    assert [row.number for row in shown.context["rows"]] == ["1", "2"]
    assert shown.context["rows"][0].chips == [("ES", "Spain"), ("FR", "France")]
    page.post(f"/segments/{segment.pk}/", {"name": "Young", **FIELDS})
    segment.refresh_from_db()
    assert segment.filter == TREE


def test_a_segment_made_for_a_campaign_leads_back_to_it(page, ws):
    assert 'name="campaign" value="7"' in page.get("/segments/new/?campaign=7").content.decode()
    answer = page.post("/segments/new/", {"name": "X", "campaign": "7"})
    segment = Segment.objects.get()
    assert answer.headers["Location"] == f"/campaigns/7/who/?segment={segment.pk}"
    answer = page.post("/segments/new/", {"name": "Y", "campaign": "//evil.example"})
    assert answer.headers["Location"] == "/segments/"


def test_the_builder_adds_nests_and_removes(page, ws):
    def rows(do: str, fields=FIELDS):
        answer = page.post("/segments/rebuild/", {**fields, "do": do})
        assert answer.status_code == 200
        return answer.context["rows"]

    assert len(rows("add:")) == 3
    assert len(rows("add:1")[1].rows) == 3
    assert rows("group:1")[1].rows[2].group
    assert [row.group for row in rows("remove:0")] == [True]
    assert len(rows("remove:1-0")[1].rows) == 1
    assert rows("drop:0:ES")[0].chips == [("FR", "France")]
    for nonsense in ["add:9-9", "remove:", "remove:7", "drop:1:x", "drop:5:x", "boo"]:
        assert len(rows(nonsense)) == 2


def test_the_live_count_is_kind_to_what_is_not_complete(page, ws):
    make.contact(ws, name="Ana", country="ES")
    sent = {"match": "all", "c-0-field": "country", "c-0-op": "is", "c-0-value": ""}
    assert "Complete the conditions" in page.post("/segments/match/", sent).content.decode()
    answer = page.post("/segments/match/", sent | {"c-0-value": "ES"})
    assert answer.context["match"].count == 1
    assert "Ana" in answer.content.decode()


def test_a_segment_that_makes_no_sense_is_shown_with_its_errors(page, ws):
    answer = page.post(
        "/segments/new/",
        {"name": "", "c-0-field": "age", "c-0-op": "is", "c-0-value": "old", "c-1-field": ""},
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Give the segment a name" in text
    assert "Condition 1: Age: This has to be a number" in text
    assert "Condition 2: Choose a field" in text
    assert 'value="old"' in text
    assert not Segment.objects.exists()


def test_deleting_a_segment_in_use_is_refused(page, ws):
    from tests.campaigns import build

    segment = build.segment(ws)
    build.draft(ws, segment=segment)
    page.post(f"/segments/{segment.pk}/delete/")
    assert Segment.objects.filter(pk=segment.pk).exists()
    free = build.segment(ws)
    page.post(f"/segments/{free.pk}/delete/")
    assert not Segment.objects.filter(pk=free.pk).exists()


def test_statements_of_the_segment_pages(page, ws):
    from tests.campaigns import build

    for _ in range(8):
        segment = build.segment(ws, *TREE["conditions"])
    crowd(ws, 8)
    for url in ["/segments/", f"/segments/{segment.pk}/", f"/segments/{segment.pk}/count/",
                "/contacts/labels/", "/contacts/attributes/", "/contacts/new/"]:  # fmt: skip
        assert statements(page, url) <= 15


def test_another_workspaces_things_do_not_exist(page, ws):
    other = make.workspace()
    theirs = make.contact(other)
    address = make.address(theirs)
    label = create_label(workspace=other, member=None, name="L")
    attribute = create_definition(workspace=other, member=None, key="k", name="K", type="text")
    segment = create_segment(workspace=other, member=None, name="S", filter={})
    mine = make.contact(ws)
    for url in [f"/contacts/{theirs.pk}/", f"/contacts/{theirs.pk}/edit/",
                f"/contacts/{theirs.pk}/merge/", f"/contacts/labels/{label.pk}/",
                f"/contacts/attributes/{attribute.pk}/", f"/segments/{segment.pk}/",
                f"/segments/{segment.pk}/count/"]:  # fmt: skip
        assert page.get(url).status_code == 404, url
    consent = {"medium": "sms", "wanted": "out"}
    for url, data in [
        (f"/contacts/{theirs.pk}/block/", {"blocked": "1"}),
        (f"/contacts/{theirs.pk}/addresses/{address.pk}/consent/", consent),
        (f"/contacts/{mine.pk}/addresses/{address.pk}/consent/", consent),
        (f"/contacts/{mine.pk}/merge/", {"other": theirs.pk}),
        (f"/contacts/{mine.pk}/merge/", {"other": "x"}),
        (f"/contacts/labels/{label.pk}/delete/", {}),
        (f"/contacts/attributes/{attribute.pk}/delete/", {}),
        (f"/segments/{segment.pk}/delete/", {}),
        (f"/segments/{segment.pk}/", {"name": "X"}),
    ]:
        assert page.post(url, data).status_code == 404, url
    theirs.refresh_from_db()
    assert not theirs.blocked
    assert not address.consents.exists()
    assert Segment.objects.get().name == "S"
    assert Contact.objects.count() == 2


def test_agents_see_contacts_but_not_segments(client, ws):
    client.force_login(make.member(ws).user)
    assert client.get("/contacts/").status_code == 200
    assert client.get("/contacts/attributes/").status_code == 200
    for url in ["/segments/", "/segments/new/", "/contacts/attributes/new/"]:
        assert client.get(url).status_code == 403


def test_an_apps_id_stays_what_it_is_when_somebody_edits_the_contact(page, ws):
    contact = make.contact(ws, name="Ana")
    contact.addresses.create(workspace=ws, kind="telegram", value="5512345678")

    text = page.get(f"/contacts/{contact.pk}/edit/").content.decode()

    assert '<option value="telegram" selected>Telegram</option>' in text
    sent = {"name": "Ana B.", "address_kind": ["telegram"], "address_value": ["5512345678"]}
    assert page.post(f"/contacts/{contact.pk}/edit/", sent).status_code == 302
    assert list(contact.addresses.values_list("kind", "value")) == [("telegram", "5512345678")]
    shown = page.get(f"/contacts/{contact.pk}/").content.decode()
    assert 'Telegram <span class="muted">5512345678</span>' in shown
