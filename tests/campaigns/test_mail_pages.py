"""The pages of campaigns by mail: editor, preview, result, saved mails; and the API."""

import re

import pytest
from django.test import Client

from accounts.models import Member, Role
from campaigns import services
from campaigns.mail.model import MailEvent, MailSettings, MailTemplate
from campaigns.mail.tracking import note
from campaigns.models import Campaign, Recipient
from gateway.models import Channel
from tests import builders as make
from tests.api.client import caller
from tests.campaigns.build import segment
from tests.campaigns.test_mail import HTML, mailbox, reader, sent

pytestmark = pytest.mark.django_db

MAIL = {"subject": "For {{ first_name|you }}", "html": HTML}
FORM = {"mode": "mail", "mail-subject": MAIL["subject"], "mail-html": HTML, "mail-tracks": "off"}


@pytest.fixture
def marketer() -> Member:
    return make.member(role=Role.MARKETER)


@pytest.fixture
def client(marketer: Member) -> Client:
    client = Client()
    client.force_login(marketer.user)
    return client


def drafted(marketer: Member, **fields) -> Campaign:
    ws = marketer.workspace
    fields = {"channel": mailbox(ws), "segment": segment(ws), "name": "Spring"} | fields
    return services.create(workspace=ws, member=marketer, **fields)


def test_a_mail_is_written_looked_at_and_saved(client: Client, marketer: Member) -> None:
    reader(marketer.workspace)
    campaign = drafted(marketer)
    url = f"/campaigns/{campaign.pk}/"
    assert 'data-testid="mode-mail"' in client.get(f"{url}what/").content.decode()
    shown = client.post(f"{url}preview/", FORM, headers={"HX-Request": "true"}).content.decode()
    assert "For Ana" in shown
    frame = re.findall(r'<iframe src="([^"]+)"', shown)[0]
    page = client.get(frame)
    assert "Hello Ana!" in page.content.decode()
    assert "sandbox" in page["Content-Security-Policy"]
    assert "script-src" not in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "SAMEORIGIN"
    assert Campaign.objects.get().mail is None
    assert client.post(f"{url}what/", FORM).status_code == 302
    saved = Campaign.objects.get()
    assert (saved.mail, saved.tracks) == (MAIL, False)
    for step in ("who", "what", "where", "check"):
        page = client.get(f"{url}{step}/")
        assert page.status_code == 200
        assert "For Ana" in page.content.decode()
        assert "frame-src 'self'" in page["Content-Security-Policy"]


def test_a_frame_is_this_workspaces_alone(client: Client, marketer: Member) -> None:
    campaign = drafted(marketer, mail=MAIL)
    shown = client.get(f"/campaigns/{campaign.pk}/what/").content.decode()
    [look, *_] = re.findall(r"\?look=(\w+)", shown)
    stranger = make.member(role=Role.MARKETER)
    theirs = drafted(stranger, mail={"subject": "x", "html": "<p>Theirs</p>"})
    other = Client()
    other.force_login(stranger.user)
    assert other.get(f"/campaigns/{campaign.pk}/mail/?look={look}").status_code == 404
    found = other.get(f"/campaigns/{theirs.pk}/mail/?look={look}").content.decode()
    assert "Theirs" in found
    assert "Shop" not in found


def test_what_would_be_clipped_and_what_is_missing_is_said(
    client: Client, marketer: Member
) -> None:
    reader(marketer.workspace, name="")
    campaign = drafted(marketer)
    url = f"/campaigns/{campaign.pk}/preview/"
    large = client.post(url, FORM | {"mail-html": f"<p>{'x' * 110_000}</p>"}).content.decode()
    assert 'data-testid="mail-clipped"' in large
    missing = client.post(url, FORM | {"mail-html": "<p>{{ name }}</p>"}).content.decode()
    assert 'data-testid="mail-problem"' in missing


def test_what_is_wrong_stays_typed(client: Client, marketer: Member) -> None:
    campaign = drafted(marketer, channel=None)
    mailbox(marketer.workspace)
    answer = client.post(f"/campaigns/{campaign.pk}/what/", FORM | {"mail-subject": "x" * 300})
    assert answer.status_code == 422
    assert "x" * 300 in answer.content.decode()
    assert Campaign.objects.get().mail is None


def test_without_a_mailbox_no_mail_is_offered(client: Client, marketer: Member) -> None:
    campaign = drafted(marketer, channel=None)
    Campaign.objects.update(channel=None)
    Channel.objects.filter(kind="email").delete()
    page = client.get(f"/campaigns/{campaign.pk}/what/").content.decode()
    assert 'data-testid="mode-mail"' not in page


def test_results_and_export_say_who_opened(client: Client, marketer: Member) -> None:
    person = reader(marketer.workspace)
    campaign = sent(marketer.workspace)
    line = Recipient.objects.get(campaign=campaign, contact=person)
    for _ in range(2):
        note(line, MailEvent.Kind.OPENED)
    page = client.get(f"/campaigns/{campaign.pk}/clicks/").content.decode()
    assert re.search(r'data-testid="opened">1<', page)
    assert "2 times" in page
    assert "https://shop.example/sale?who={{ name }}" in page
    assert "campaign-clicks" in client.get(f"/campaigns/{campaign.pk}/").content.decode()
    answer = client.get(f"/campaigns/{campaign.pk}/export/")
    rows = b"".join(answer).decode().splitlines()
    assert rows[0].endswith("Answered,Opened,Clicked,Unsubscribed")
    at = MailEvent.objects.get().first_at.isoformat()
    assert rows[1].endswith(f",{at},,")


def test_saved_mails_are_kept_copied_and_put_away(client: Client, marketer: Member) -> None:
    url = "/campaigns/mail-templates/"
    form = FORM | {"name": "News"}
    assert "$" not in client.get(f"{url}new/?begin=starter-news").content.decode()
    assert client.post(f"{url}new/", form).status_code == 302
    row = MailTemplate.objects.get()
    assert row.mail == MAIL
    assert client.post(f"{url}new/", form).status_code == 422  # the name is taken
    assert client.post(f"{url}{row.pk}/", form | {"mail-html": "{{ nobody }}"}).status_code == 422
    assert client.post(f"{url}{row.pk}/duplicate/").status_code == 302
    assert set(MailTemplate.objects.values_list("name", flat=True)) == {"News", "News (2)"}
    assert client.get(f"{url}begin/?begin=saved-{row.pk}").json()["subject"] == MAIL["subject"]
    assert client.post(f"{url}{row.pk}/archive/").status_code == 302
    assert client.get(f"{url}begin/?begin=saved-{row.pk}").status_code == 404
    assert "News (2)" in client.get(url).content.decode()
    assert "News (2)" not in client.get(f"{url}?archived").content.decode()
    assert client.post(f"{url}new/", form).status_code == 302
    client.post(f"{url}{row.pk}/restore/")  # its name is another's by now
    assert MailTemplate.objects.get(pk=row.pk).archived_at is not None


def test_the_workspace_says_whether_mails_count(client: Client, marketer: Member) -> None:
    client.post("/campaigns/mail-settings/", {})
    assert MailSettings.objects.get().tracks is False
    client.post("/campaigns/mail-settings/", {"tracks": "on"})
    assert MailSettings.objects.get().tracks is True


def test_the_text_part_is_made_of_the_html(client: Client) -> None:
    html = '<p>Hello {{ first_name }}</p><a href="https://shop.example/">Shop</a>'
    answer = client.post("/campaigns/mail-templates/text/", {"mail-html": html})
    assert answer["Content-Type"].startswith("text/plain")
    assert answer.content.decode() == "Hello {{ first_name }}\n\n[Shop](https://shop.example/)"


def test_the_api_writes_mails_tells_numbers_and_keeps_templates(marketer: Member) -> None:
    ws = marketer.workspace
    api = caller(Role.MARKETER, ws)
    made = api.post("campaigns/", {"name": "x", "mail": MAIL, "tracks": False})
    assert made.status_code == 201, made.content
    assert (made.json()["mail"], made.json()["tracks"]) == (MAIL, False)
    assert api.get(f"campaigns/{made.json()['id']}/mail/").status_code == 404
    wrong = api.post("campaigns/", {"name": "x", "mail": {"subject": 1, "cc": "x"}})
    assert set(wrong.json()["errors"]) == {"mail.subject", "mail.cc"}
    both = api.post("campaigns/", {"name": "x", "text": "Hi", "mail": MAIL})
    assert both.status_code == 400
    reader(ws)
    numbers = api.get(f"campaigns/{sent(ws).pk}/mail/").json()
    assert numbers["opened"] == {"people": 0, "times": 0}
    assert [link["people"] for link in numbers["links"]] == [0]
    template = api.post("mail-templates/", {"name": "News", "mail": MAIL})
    assert template.status_code == 201, template.content
    pk = template.json()["id"]
    assert api.patch(f"mail-templates/{pk}/", {"name": "Other"}).json()["mail"] == MAIL
    assert api.post(f"mail-templates/{pk}/archive/", {}).json()["archived"] is True
    assert api.get("mail-templates/").json()["results"] == []
    assert len(api.get("mail-templates/?archived=true").json()["results"]) == 1
