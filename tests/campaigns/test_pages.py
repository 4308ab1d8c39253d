"""The campaign pages: editor, launch, live result, ledger, export."""

import csv
import io
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from campaigns import audience, services
from campaigns.models import Campaign, CampaignStatus, Recipient
from campaigns.pages.export import cell
from gateway.models import Delivery, Priority
from gateway.prices.services import set_prices
from tests import builders as make
from tests.campaigns import build

pytestmark = pytest.mark.django_db


@pytest.fixture
def marketer():
    return make.member(role=Role.MARKETER)


@pytest.fixture
def ws(marketer):
    return marketer.workspace


@pytest.fixture
def page(client, marketer):
    client.force_login(marketer.user)
    return client


def statements(page, url: str) -> int:
    with CaptureQueriesContext(connection) as found:
        assert page.get(url).status_code == 200, url
    return len(found)


def test_the_editor_leads_from_nothing_to_people(page, ws):
    people = build.people(ws, 3)
    segment, channel = build.segment(ws), make.channel(ws)
    answer = page.post("/campaigns/new/")
    campaign = Campaign.objects.get()
    url = f"/campaigns/{campaign.pk}"
    assert answer.headers["Location"] == f"{url}/who/"
    answer = page.post(f"{url}/who/", {"name": "Spring", "go": "segment"})
    assert answer.headers["Location"] == f"/segments/new/?campaign={campaign.pk}"
    answer = page.post(f"{url}/who/", {"name": "Spring", "segment": segment.pk, "go": "check"})
    assert answer.headers["Location"] == f"{url}/check/"
    answer = page.post(f"{url}/who/", {"name": "Spring", "segment": segment.pk})
    assert answer.headers["Location"] == f"{url}/what/"
    answer = page.post(f"{url}/what/", {"text": "Hola {{ name }}"})
    assert answer.headers["Location"] == f"{url}/where/"
    # Left and resumed: the campaign opens at what is missing.
    assert page.get(f"{url}/").headers["Location"] == f"{url}/where/"
    answer = page.post(f"{url}/where/", {"channel": str(channel.pk)})
    assert answer.headers["Location"] == f"{url}/check/"
    check = page.get(f"{url}/check/")
    assert check.context["problems"] == {}
    assert (check.context["forecast"].reached, check.context["forecast"].messages) == (3, 3)
    assert f"Hola {people[-1].name}" in check.content.decode()
    assert page.post(f"{url}/launch/").headers["Location"] == f"{url}/"
    campaign.refresh_from_db()
    assert (campaign.status, campaign.name) == (CampaignStatus.SENDING, "Spring")
    assert campaign.recipients.count() == 3
    # The second click.
    assert page.post(f"{url}/launch/").headers["Location"] == f"{url}/"
    assert campaign.recipients.count() == 3
    assert page.get(f"{url}/who/").headers["Location"] == f"{url}/"


def test_a_wrong_text_is_shown_with_its_error_and_kept(page, ws):
    campaign = build.draft(ws)
    answer = page.post(f"/campaigns/{campaign.pk}/what/", {"text": "Hi {{ shoe_size }}"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "There is no variable “shoe_size”" in text
    assert "Hi {{ shoe_size }}" in text
    campaign.refresh_from_db()
    assert campaign.text == "Hello {{ name }}!"


def test_launching_an_unfinished_draft_says_what_is_missing(page, ws):
    campaign = services.create(workspace=ws, member=None)
    answer = page.post(f"/campaigns/{campaign.pk}/launch/", follow=True)
    assert "Write a text." in answer.content.decode()
    assert not Recipient.objects.exists()


def test_the_preview_shows_what_a_contact_gets(page, ws):
    ana = make.contact(ws, name="Ana María", language="es")
    make.contact(ws, name="")
    campaign = build.draft(ws)
    url = f"/campaigns/{campaign.pk}/preview/"

    def shown(text: str, contact=ana):
        return page.post(url, {"text": text, "contact": contact.pk}).context

    context = shown("Hi {{ first_name }}")
    assert (context["shown"].text, context["shown"].size.segments) == ("Hi Ana", 1)
    assert shown("Hi {{ nobody }}")["shown"].problem
    assert shown("Hi {{ attributes }}")["shown"].problem
    context = shown("Adiós " + "x" * 70)
    assert (context["shown"].size.segments, context["shown"].size.costly) == (2, "ó")
    assert shown("x" * 161)["shown"].size.segments == 2
    assert shown("{{ name }}", make.contact(ws, name=""))["shown"].missing == "name"
    assert "<script>" not in page.post(url, {"text": "<script>"}).content.decode()


def test_the_preview_says_what_is_swapped_and_what_could_be(page, ws):
    text = "“" + "x" * 100 + "”"
    campaign = build.draft(ws)
    url = f"/campaigns/{campaign.pk}/preview/"
    htmx = {"HX-Request": "true"}
    written = page.post(url, {"text": text}, headers=htmx)
    size = written.context["size"]
    assert (size.segments, size.costly, size.swapped) == (2, "“”", None)
    assert (size.offer.letters, size.offer.before, size.offer.after) == ("“ ”", 2, 1)
    assert "Swap “ ” for look-alikes: 1 instead of 2 SMS" in written.content.decode()
    assert page.post(url, {"text": "“Hi”"}).context["size"].offer is None

    channel = make.channel(ws, {"lookalikes": "on"})
    swapped = page.post(url, {"text": text, "channel": channel.pk}, headers=htmx)
    size = swapped.context["size"]
    assert (size.segments, size.costly, size.offer) == (1, "", None)
    assert "“ ” swapped for look-alikes: 1 instead of 2 SMS" in swapped.content.decode()


def test_the_check_says_what_it_costs(page, ws):
    channel = make.channel(ws)
    build.people(ws, 2)
    make.address(make.contact(ws), "+34600123456")
    campaign = build.draft(ws, channel=channel, text="x" * 161)
    url = f"/campaigns/{campaign.pk}/check/"
    assert page.get(url).context["forecast"].cost is None
    prices = {"US": Decimal("0.0075"), "*": Decimal(50)}
    set_prices(channel=channel, member=None, currency="USD", prices=prices)
    shown = page.get(url).content.decode()
    assert "$100.03" in shown
    assert "They cost about $100.03." in shown
    set_prices(channel=channel, member=None, currency="USD", prices={"US": Decimal("0.0075")})
    shown = page.get(url).content.decode()
    assert "$0.03" in shown
    assert "Numbers without a price: 1, in 1 country." in shown


def test_of_many_people_some_are_looked_at(page, ws, monkeypatch):
    monkeypatch.setattr(audience, "SAMPLE", 4)
    channel = make.channel(ws)
    build.people(ws, 10)
    campaign = build.draft(ws, channel=channel)
    set_prices(channel=channel, member=None, currency="USD", prices={"US": Decimal("0.5")})
    found = page.get(f"/campaigns/{campaign.pk}/check/").context["forecast"]
    assert (found.reached, found.messages) == (10, 10)
    assert (found.cost.amount, found.cost.about) == (Decimal(5), True)


def test_the_result_shows_what_it_has_cost(page, ws):
    channel = make.channel(ws)
    build.people(ws, 2)
    campaign = build.expanded(ws, channel=channel)
    set_prices(channel=channel, member=None, currency="EUR", prices={"*": Decimal("0.5")})
    build.deliveries(campaign).update(state="sent")
    shown = page.get(f"/campaigns/{campaign.pk}/cost/").content.decode()
    assert "€1.00" in shown
    assert (
        f"/campaigns/{campaign.pk}/cost/" in page.get(f"/campaigns/{campaign.pk}/").content.decode()
    )


def test_the_picker_finds_people(page, ws):
    make.contact(ws, name="Ana")
    make.contact(ws, name="Bob")
    campaign = build.draft(ws)
    found = page.get(f"/campaigns/{campaign.pk}/people/", {"person": "an"}).content.decode()
    assert "Ana" in found
    assert "Bob" not in found


def test_a_test_message_goes_to_ones_own_number(page, ws):
    ana = make.contact(ws, name="Ana")
    campaign = build.draft(ws)
    url = f"/campaigns/{campaign.pk}/test/"
    page.post(url, {"number": "12", "contact": ana.pk})
    assert not Delivery.objects.exists()
    page.post(url, {"number": "+34 612 345 678", "contact": ana.pk})
    sent = Delivery.objects.get()
    assert (sent.address, sent.content, sent.marketing) == (
        "+34612345678",
        {"text": "Hello Ana!"},
        False,
    )
    assert sent.priority == Priority.SYSTEM
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.DRAFT


def test_the_result_shows_numbers_reasons_and_every_line(page, ws):
    build.people(ws, 3)
    make.contact(ws, name="Nobody")
    campaign = build.expanded(ws)
    first, second, _third = build.deliveries(campaign).order_by("id")
    Delivery.objects.filter(pk=first.pk).update(state="delivered")
    Delivery.objects.filter(pk=second.pk).update(
        state="failed", error_class="Rejected", error_code="30006", error_text="Landline"
    )
    url = f"/campaigns/{campaign.pk}/"
    answer = page.get(url)
    text = answer.content.decode()
    assert [(step.count) for step in answer.context["funnel"]] == [4, 3, 1, 1, 0]
    assert "No address on this channel" in text
    assert "Landline" in text
    assert [line.outcome for line in answer.context["lines"]] == [
        "delivered",
        "failed",
        "queued",
        "skipped",
    ]
    for query, names in [
        ("state=failed", ["Person 1"]),
        ("state=skipped&reason=no_address", ["Nobody"]),
        ("state=nonsense", ["Person 0", "Person 1", "Person 2", "Nobody"]),
        ("after=999999999", []),
    ]:
        lines = page.get(f"{url}?{query}").context["lines"]
        assert [line.contact.name for line in lines] == names, query
    assert page.get(f"{url}live/").status_code == 200


def test_pausing_going_on_and_stopping_by_button(page, ws):
    build.people(ws, 2)
    campaign = build.launched(ws)
    for action, status in [("pause", "paused"), ("resume", "sending"), ("cancel", "cancelled")]:
        assert page.post(f"/campaigns/{campaign.pk}/{action}/").status_code == 302
        campaign.refresh_from_db()
        assert campaign.status == status
    answer = page.post(f"/campaigns/{campaign.pk}/resume/", follow=True)
    assert "not possible now" in answer.content.decode()
    assert page.get(f"/campaigns/{campaign.pk}/pause/").status_code == 405
    assert page.post(f"/campaigns/{campaign.pk}/explode/").status_code == 404


def test_the_export_is_the_whole_ledger_without_formulas(page, ws):
    people = build.people(ws, 3)
    people[0].name = '=HYPERLINK("http://evil")'
    people[0].save()
    campaign = build.expanded(ws)
    answer = page.get(f"/campaigns/{campaign.pk}/export/")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == 4
    assert rows[1][1] == '\'=HYPERLINK("http://evil")'
    assert rows[1][2] == f"'{people[0].addresses.get().value}"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    only = page.get(f"/campaigns/{campaign.pk}/export/?state=failed")
    assert len(b"".join(only.streaming_content).decode().splitlines()) == 1


@pytest.mark.parametrize("value", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "＝1"])
def test_no_cell_is_a_formula(value):
    assert cell(value) == f"'{value}"
    assert cell("plain") == "plain"


def test_no_page_grows_with_its_rows(page, ws):
    build.people(ws, 2)
    campaigns = [build.expanded(ws)]
    few = [statements(page, "/campaigns/"), statements(page, f"/campaigns/{campaigns[0].pk}/")]
    build.people(ws, 40)
    campaigns += [build.expanded(ws) for _ in range(6)]
    many = [statements(page, "/campaigns/"), statements(page, f"/campaigns/{campaigns[-1].pk}/")]
    assert many == few
    draft = build.draft(ws)
    urls = [f"/campaigns/{draft.pk}/{step}/" for step in ("who", "what", "where", "check")]
    assert max(many + [statements(page, url) for url in urls]) <= 17


def test_another_workspaces_campaigns_do_not_exist(page, ws):
    other = make.workspace()
    build.people(other, 1)
    theirs, running = build.draft(other), build.launched(other)
    gets = ["", "live/", "export/", "who/", "what/", "where/", "check/", "people/", "audience/"]
    for name in gets:
        for campaign in (theirs, running):
            url = f"/campaigns/{campaign.pk}/{name}"
            assert page.get(url).status_code == 404, url
    for name in [
        "who/",
        "launch/",
        "delete/",
        "pause/",
        "resume/",
        "cancel/",
        "preview/",
        "files/",
        "test/",
    ]:
        for campaign in (theirs, running):
            url = f"/campaigns/{campaign.pk}/{name}"
            assert page.post(url, {"name": "X"}).status_code == 404, url
    theirs.refresh_from_db()
    running.refresh_from_db()
    assert (theirs.status, running.status) == ("draft", "sending")
    mine = build.draft(ws)
    url = f"/campaigns/{mine.pk}"
    assert page.post(f"{url}/who/", {"segment": theirs.segment_id}).status_code == 404
    assert page.post(f"{url}/where/", {"channel": str(theirs.channel_id)}).status_code == 404
    stranger = make.contact(other)
    assert page.post(f"{url}/preview/", {"contact": stranger.pk}).status_code == 404
    assert page.get(f"{url}/audience/?segment={theirs.segment_id}").status_code == 404
    assert page.post(f"{url}/where/", {"channel": "nonsense"}).status_code == 404


def test_agents_have_no_campaigns(client, ws):
    client.force_login(make.member(ws).user)
    campaign = build.draft(ws)
    for url in ["/campaigns/", f"/campaigns/{campaign.pk}/", f"/campaigns/{campaign.pk}/who/"]:
        assert client.get(url).status_code == 403
    assert client.post(f"/campaigns/{campaign.pk}/launch/").status_code == 403
