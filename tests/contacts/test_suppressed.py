"""The suppression list by hand: pages, services and the API."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Member, Role
from contacts.models import ConsentRecord, ConsentStatus
from gateway.models import Suppression
from tests import builders as make
from tests.api.client import caller

pytestmark = pytest.mark.django_db

URL = "/contacts/suppressed/"


@pytest.fixture
def marketer() -> Member:
    return make.member(role=Role.MARKETER)


def client_of(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def entry(ws, address="gone@customers.example", **fields):
    fields = {"medium": "email", "reason": "bounced", "source": "provider"} | fields
    return Suppression.objects.create(
        workspace=ws, address=address, created_at=timezone.now(), **fields
    )


def test_the_list_says_who_why_and_how(marketer: Member) -> None:
    ws = marketer.workspace
    person = make.contact(ws, name="Ana López")
    make.address(person, "ana@customers.example", kind="email")
    entry(ws, "ana@customers.example", reason="opted_out", source="one_click", evidence="Spring")
    entry(ws)
    entry(make.workspace(), "stranger@customers.example")
    page = client_of(marketer).get(URL).content.decode()
    for words in ("ana@customers.example", "Ana López", "Spring", "unsubscribed in the mail"):
        assert words in page
    assert "gone@customers.example" in page
    assert "stranger@" not in page


def test_it_is_searched_and_filtered(marketer: Member) -> None:
    entry(marketer.workspace)
    entry(marketer.workspace, "+14155550199", medium="sms", reason="opted_out")
    client = client_of(marketer)
    for query, there in (("q=GONE", True), ("medium=sms", False), ("reason=bounced", True)):
        page = client.get(f"{URL}?{query}").content.decode()
        assert ("gone@customers.example" in page) is there
        assert ("+14155550199" in page) is not there


def test_an_address_is_added_once_and_taken_off(marketer: Member) -> None:
    client = client_of(marketer)
    form = {"medium": "email", "address": " Gone@Customers.example ", "reason": "blocked"}
    for _ in range(2):
        assert client.post(URL, form).status_code == 302
    row = Suppression.objects.get()
    assert (row.address, row.reason, row.source) == ("gone@customers.example", "blocked", "agent")
    assert client.post(f"{URL}{row.pk}/remove/").status_code == 302
    assert not Suppression.objects.exists()


def test_what_somebody_we_know_said_is_kept_as_their_word(marketer: Member) -> None:
    person = make.contact(marketer.workspace)
    make.address(person, "ana@customers.example", kind="email")
    client = client_of(marketer)
    form = {"medium": "email", "address": "ana@customers.example", "reason": "opted_out"}
    client.post(URL, form | {"evidence": "On the phone"})
    client.post(f"{URL}{Suppression.objects.get().pk}/remove/")
    said = list(ConsentRecord.objects.order_by("id").values_list("status", "evidence"))
    assert said == [(ConsentStatus.WITHDRAWN, "On the phone"), (ConsentStatus.GRANTED, "")]
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"address": "nobody"}, {"medium": "pigeon"}, {"reason": "mood"}, {"address": ""}]
)
def test_what_makes_no_sense_is_said_beside_its_field(
    marketer: Member, wrong: dict[str, str]
) -> None:
    form = {"medium": "email", "address": "a@example.com", "reason": "blocked"} | wrong
    answer = client_of(marketer).post(URL, form)
    assert answer.status_code == 422
    assert answer.content.decode().count('class="field-error"') == 1
    assert not Suppression.objects.exists()


def test_agents_do_not_see_it() -> None:
    assert client_of(make.member(role=Role.AGENT)).get(URL).status_code == 403


def test_the_api_lists_adds_and_removes() -> None:
    api = caller(Role.MARKETER)
    made = api.post(
        "suppressions/",
        {"medium": "email", "address": "A@example.com", "reason": "opted_out", "evidence": "x"},
    )
    assert made.status_code == 201, made.content
    row = made.json()
    assert (row["address"], row["source"]) == ("a@example.com", "api")
    found = api.get("suppressions/?medium=email&address=A@Example.com").json()["results"]
    assert [one["id"] for one in found] == [row["id"]]
    assert api.get("suppressions/?reason=bounced").json()["results"] == []
    wrong = api.post("suppressions/", {"medium": "email", "address": "x", "reason": "bounced"})
    assert (wrong.status_code, set(wrong.json()["errors"])) == (400, {"address"})
    assert api.delete(f"suppressions/{row['id']}/").status_code == 204
    assert not Suppression.objects.exists()
