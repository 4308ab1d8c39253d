"""Campaigns by mail: what is composed, handed over and told; unsubscribing and counting."""

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns import services
from campaigns.expansion import expand
from campaigns.mail.composing import compose
from campaigns.mail.draft import MailDraft
from campaigns.mail.leaving import masked
from campaigns.mail.model import MailEvent
from campaigns.mail.saved import STARTERS, set_tracking, starter
from campaigns.mail.tokens import Forged, Purpose, line_of, token
from campaigns.mail.tracking import Done, mail_numbers
from campaigns.models import Campaign, Recipient, SkipReason, given
from contacts.models import ConsentRecord, ConsentStatus, Contact
from contacts.services import merge_contacts
from gateway.letters.filling import filled, letter_of
from gateway.models import Channel, Delivery, Letter, Suppression
from gateway.outbox.claim import claim
from gateway.outbox.places import Load
from gateway.outbox.prepare import Lines, prepare_sends
from tests import builders as make
from tests.campaigns.build import deliveries, launched, segment
from tests.payloads.email.exhibit import SMTP_CONFIG

pytestmark = pytest.mark.django_db

HTML = """<style>p { color: red } @media (max-width: 480px) { p { color: blue } }</style>
<p>Hello {{ first_name|friend &amp; all }}!</p>
<a href="https://shop.example/sale?who={{ name }}&amp;b=1">Shop</a>
<a href="https://shop.example/sale?who={{ name }}&amp;b=1">again</a>
<a href="mailto:us@example.com">Write</a> <a href="tel:+14155550100">Call</a>"""
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}


def mailbox(ws: Any, **fields: Any) -> Channel:
    return make.channel(ws, config=dict(SMTP_CONFIG), kind="email", address="us@example.com")


def reader(ws: Any, name: str = "Ana <b>López", mail: str = "ana@customers.example") -> Contact:
    person = make.contact(ws, name=name)
    make.address(person, mail, kind="email")
    return person


def sent(ws: Any, **fields: Any) -> Campaign:
    """A mail campaign whose mails are in the outbox."""
    mail = {"subject": "For {{ first_name|you }}", "preheader": "A & B", "html": HTML}
    fields = {"channel": mailbox(ws), "text": "", "mail": mail} | fields
    campaign = launched(ws, **fields)
    expand(campaign.pk)
    return Campaign.objects.get(pk=campaign.pk)


def as_sent(campaign: Campaign) -> tuple[str, Any]:
    """Text and mail of the only delivery."""
    return filled(deliveries(campaign).get().content["letter"])


def path(url: str) -> str:
    assert url.startswith("http://127.0.0.1:8000/")
    return url.removeprefix("http://127.0.0.1:8000")


def test_a_mail_says_each_person_their_own_and_has_a_way_out() -> None:
    ws = make.workspace(name="Acme")
    reader(ws)
    campaign = sent(ws)
    text, mail = as_sent(campaign)
    assert mail.subject == "For Ana"
    assert '<p style="color: red;">Hello Ana!</p>' in mail.html
    assert "max-width: 480px" in mail.html
    assert "A &amp; B" in mail.html
    out = mail.unsubscribe_url
    assert mail.html.count(f'href="{out}"') == 1
    assert text.endswith(
        f"You get this mail because you are on a list of Acme.\nUnsubscribe: {out}"
    )
    assert "[Shop](https://shop.example/sale?who=Ana%20%3Cb%3EL%C3%B3pez&b=1)" in text
    assert "mailto:us@example.com" in mail.html
    assert "tel:+14155550100" in mail.html
    delivery = deliveries(campaign).get()
    assert (delivery.marketing, delivery.content["text"]) == (True, "For Ana")


def test_values_are_escaped_where_they_stand() -> None:
    ws = make.workspace()
    reader(ws)
    mail = {"subject": "{{ name }}", "html": '<p title="{{ name }}">{{ name }}</p>'}
    said = as_sent(sent(ws, mail=mail))[1]
    assert said.subject == "Ana <b>López"
    assert said.html.count("Ana &lt;b&gt;López") == 2
    assert "<b>" not in said.html


def test_a_link_of_ones_own_replaces_the_footer_and_a_text_of_ones_own_the_made_one() -> None:
    ws = make.workspace()
    reader(ws)
    mail = {
        "subject": "Hi",
        "html": '<p>Hi</p><a href="{{ unsubscribe_url }}">Off</a>',
        "text": "Mine: {{unsubscribe_url}}",
    }
    text, said = as_sent(sent(ws, mail=mail))
    assert text == f"Mine: {said.unsubscribe_url}"
    assert said.html.count(said.unsubscribe_url) == 1
    assert "/c/" not in said.html


def test_a_plain_text_on_a_mailbox_is_a_mail_with_a_way_out() -> None:
    ws = make.workspace()
    reader(ws)
    text, said = as_sent(sent(ws, mail=None, text="Hello {{ first_name }}"))
    assert (said.subject, said.html) == ("", "")
    assert text.startswith("Hello Ana\n\n-- \n")
    assert said.unsubscribe_url in text


def test_who_cannot_be_told_is_left_out() -> None:
    ws = make.workspace()
    reader(ws, name="")
    reader(ws, mail="second@customers.example")
    campaign = sent(ws, mail={"subject": "Hi {{ name }}", "html": "<p>Hi</p>"})
    assert deliveries(campaign).get().address == "second@customers.example"
    left = Recipient.objects.get(campaign=campaign, reason=SkipReason.NO_TEXT)
    assert left.address == "ana@customers.example"


def test_a_batch_takes_as_many_statements_whoever_is_in_it() -> None:
    counted = []
    for people in (2, 30):
        ws = make.workspace()
        for number in range(people):
            reader(ws, name=f"P {number}", mail=f"p{number}@customers.example")
        mail = {"subject": "Hi {{ name }}", "html": HTML}
        campaign = launched(ws, channel=mailbox(ws), text="", mail=mail)
        letter_of(given(campaign.made)["letter"])
        with CaptureQueriesContext(connection) as queries:
            expand(campaign.pk, batches=1)
        assert deliveries(campaign).count() == people
        counted.append(len(queries))
    assert counted[0] == counted[1]
    assert Letter.objects.count() == 2
    # What is the same for all is kept once.
    assert len(str(deliveries(campaign).first().content)) < 300


@pytest.mark.parametrize(
    ("mail", "field"),
    [
        ({"html": "<p>x</p>"}, "mail.subject"),
        ({"subject": "x"}, "mail.html"),
        ({"subject": "{{ nobody }}", "html": "x"}, "mail.subject"),
        ({"subject": "x", "html": "{{ nobody }}"}, "mail.html"),
        ({"subject": "x", "html": "x {{ name"}, "mail.html"),
        ({"subject": "x", "html": "<b>" * 5000}, "mail.html"),
    ],
)
def test_what_makes_no_mail_is_not_launched(mail: dict[str, str], field: str) -> None:
    ws = make.workspace()
    reader(ws)
    with pytest.raises(ValidationError) as error:
        launched(ws, channel=mailbox(ws), text="", mail=mail)
    assert set(error.value.message_dict) == {field}
    assert Delivery.objects.count() == 0


def test_a_mail_wants_a_mailbox_and_a_mailbox_a_mail() -> None:
    ws = make.workspace()
    mail = {"subject": "x", "html": "x"}
    with pytest.raises(ValidationError) as error:
        launched(ws, text="", mail=mail)
    assert set(error.value.message_dict) == {"channel"}
    card = {"cards": [{"title": "x"}]}
    with pytest.raises(ValidationError) as error:
        launched(ws, channel=mailbox(ws), text="", content=card)
    assert set(error.value.message_dict) == {"content"}


def test_text_content_and_mail_take_each_others_place() -> None:
    ws = make.workspace()
    campaign = services.create(workspace=ws, member=None, text="Hi")
    campaign = services.update(campaign=campaign, member=None, mail={"subject": "x"})
    assert (campaign.text, campaign.mail) == ("", {"subject": "x"})
    campaign = services.update(campaign=campaign, member=None, text="Hi")
    assert (campaign.text, campaign.mail) == ("Hi", None)


def test_no_file_and_no_address_is_fetched_for_styles(tmp_path: Any) -> None:
    secret = tmp_path / "a.css"
    secret.write_text("p { color: #123456 }")
    html = f'<link rel="stylesheet" href="{secret}"><link rel="stylesheet" href="file://{secret}">'
    made = compose(make.workspace(), MailDraft("x", html=f"{html}<p>x</p>"), tracks=False)
    assert "123456" not in str(made.parts)


@pytest.mark.parametrize("name", STARTERS)
def test_layouts_that_come_with_the_product_can_be_sent(name: str) -> None:
    made = compose(make.workspace(), MailDraft("x", html=starter(name)), tracks=True)
    assert "$" not in str(made.parts["html"])
    assert made.text


# --- Tokens ---------------------------------------------------------------------------------------


def test_tokens_are_ours_alone_and_good_for_one_thing(settings: Any) -> None:
    made = token(7, Purpose.UNSUBSCRIBE)
    assert re.fullmatch(r"[\w-]{22}", made)
    assert line_of(made, Purpose.UNSUBSCRIBE) == 7
    assert made != token(8, Purpose.UNSUBSCRIBE) != token(8, Purpose.TRACK)
    other = ("B" if made[0] == "A" else "A") + made[1:]
    for wrong in ("", "x" * 22, made[:-1], f"{made}x", other, "é" * 22, "=" * 22):
        with pytest.raises(Forged):
            line_of(wrong, Purpose.UNSUBSCRIBE)
    with pytest.raises(Forged):
        line_of(made, Purpose.TRACK)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 9
    assert line_of(made, Purpose.UNSUBSCRIBE) == 7
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(Forged):
        line_of(made, Purpose.UNSUBSCRIBE)


# --- Unsubscribing --------------------------------------------------------------------------------


def out_of(campaign: Campaign) -> str:
    return path(as_sent(campaign)[1].unsubscribe_url)


def test_to_look_at_the_page_unsubscribes_nobody() -> None:
    ws = make.workspace(name="Acme")
    reader(ws)
    url, client = out_of(sent(ws)), Client(enforce_csrf_checks=True)
    page = client.get(url, headers={"Accept-Language": "es"})
    words = page.content.decode()
    assert page.status_code == 200
    assert "Acme" in words
    assert "a•••@c•••.example" in words
    assert "ana@" not in words
    assert 'lang="es"' in words
    assert client.head(url).status_code == 200
    assert not page.cookies
    assert "no-store" in page["Cache-Control"]
    assert (page["Referrer-Policy"], page["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert not Suppression.objects.exists()


def test_one_click_of_a_mail_program_takes_off_the_list_and_counts_in_mid_campaign() -> None:
    ws = make.workspace()
    person = reader(ws)
    campaign = sent(ws, name="Spring")
    url, client = out_of(campaign), Client(enforce_csrf_checks=True)
    for _ in range(2):
        answer = client.post(url, {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert not answer.cookies
    entry = Suppression.objects.get()
    assert (entry.address, entry.medium) == ("ana@customers.example", "email")
    assert (entry.reason, entry.source, entry.evidence) == ("opted_out", "one_click", "Spring")
    said = ConsentRecord.objects.get()
    assert (said.address.contact, said.status) == (person, ConsentStatus.WITHDRAWN)
    assert mail_numbers(campaign).unsubscribed == 1
    assert not claim(Load()).rows
    assert deliveries(campaign).get().error_class == "OptedOut"


def test_it_can_be_taken_back_on_the_page() -> None:
    ws = make.workspace()
    reader(ws)
    campaign = sent(ws)
    url, client = out_of(campaign), Client(enforce_csrf_checks=True)
    assert 'data-testid="undo"' in client.post(url, {"do": "leave"}).content.decode()
    assert "on the list again" in client.post(url, {"do": "undo"}).content.decode()
    assert not Suppression.objects.exists()
    said = list(ConsentRecord.objects.order_by("id").values_list("status", "source"))
    assert said == [("withdrawn", "unsubscribe_page"), ("granted", "unsubscribe_page")]
    assert mail_numbers(campaign).unsubscribed == 0


@pytest.mark.parametrize(("reason", "left"), [("opted_out", True), ("bounced", False)])
def test_only_what_such_a_link_said_can_be_taken_back(reason: str, left: bool) -> None:
    ws = make.workspace()
    reader(ws)
    url, client = out_of(sent(ws)), Client()
    Suppression.objects.create(
        workspace=ws,
        medium="email",
        address="ana@customers.example",
        reason=reason,
        source="provider",
        created_at=timezone.now(),
    )
    page = client.post(url, {"do": "undo"}).content.decode()
    assert Suppression.objects.count() == 1
    assert ('data-testid="unsubscribed"' in page) is left
    assert 'data-testid="undo"' not in page


def test_whose_contact_is_gone_can_still_leave_and_is_not_counted() -> None:
    ws = make.workspace()
    person = reader(ws)
    campaign = sent(ws)
    url = out_of(campaign)
    person.delete()
    assert Client().post(url, {"do": "leave"}).status_code == 200
    assert Suppression.objects.get().address == "ana@customers.example"
    assert not MailEvent.objects.exists()


def test_a_tests_link_unsubscribes_nobody_and_a_strangers_is_none() -> None:
    make.workspace()
    url = f"/u/{token(0, Purpose.UNSUBSCRIBE)}/"
    assert "test" in Client().get(url).content.decode()
    assert Client().post(url, {"List-Unsubscribe": "One-Click"}).status_code == 200
    for other in ("x" * 22, token(1, Purpose.TRACK), token(987654, Purpose.UNSUBSCRIBE)):
        assert Client().get(f"/u/{other}/").status_code == 404
        assert Client().post(f"/u/{other}/").status_code == 404
    assert not Suppression.objects.exists()


def test_an_address_is_told_so_that_its_owner_knows_it() -> None:
    assert masked("maya.j@mail.customers.example") == "m•••@m•••.example"


# --- Counting -------------------------------------------------------------------------------------


def links_of(html: str) -> tuple[list[str], list[str]]:
    """Links that are counted, and pictures."""
    clicks = re.findall(r'href="http://127.0.0.1:8000(/c/[^"]+)"', html)
    return clicks, re.findall(r'src="http://127.0.0.1:8000(/o/[^"]+)"', html)


def test_clicks_and_opens_are_counted_by_people_and_times() -> None:
    ws = make.workspace()
    reader(ws)
    campaign = sent(ws)
    clicks, [pixel] = links_of(as_sent(campaign)[1].html)
    assert len(clicks) == 2
    assert len(set(clicks)) == 1  # the same address twice is one link
    client = Client(headers=BROWSER)
    for _ in range(3):
        answer = client.get(clicks[0])
        assert answer.status_code == 302
        where = "https://shop.example/sale?who=Ana%20%3Cb%3EL%C3%B3pez&b=1"
        assert answer["Location"] == where
    picture = client.get(pixel)
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/gif")
    numbers = mail_numbers(campaign)
    assert (numbers.clicked, numbers.opened) == (Done(1, 3), Done(1, 1))
    shown = "https://shop.example/sale?who={{ name }}&b=1"
    assert numbers.links == [(shown, Done(1, 3))]


def test_machines_lead_on_and_are_not_counted() -> None:
    ws = make.workspace()
    reader(ws)
    campaign = sent(ws)
    [click, *_], [pixel] = links_of(as_sent(campaign)[1].html)
    assert Client(headers=BROWSER).head(click).status_code == 302
    for headers in (
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
        {"User-Agent": ""},
        BROWSER | {"Sec-Purpose": "prefetch;prerender"},
    ):
        assert Client(headers=headers).get(click).status_code == 302
        assert Client(headers=headers).get(pixel).status_code == 200
    assert not MailEvent.objects.exists()


def test_there_is_no_open_redirect() -> None:
    ws = make.workspace()
    reader(ws)
    campaign = sent(ws)
    [click, *_], _ = links_of(as_sent(campaign)[1].html)
    made = click.split("/")[2]
    for wrong in (f"/c/{made}/1/", f"/c/{made}/99/", f"/c/{'x' * 22}/0/", "/o/zzz/"):
        assert Client(headers=BROWSER).get(wrong).status_code == 404
    url = as_sent(campaign)[1].unsubscribe_url.split("/")[-2]
    assert Client(headers=BROWSER).get(f"/c/{url}/0/").status_code == 404
    assert Client(headers=BROWSER).post(click).status_code == 405


@pytest.mark.parametrize("by_workspace", [True, False])
def test_switched_off_nothing_is_changed_and_nothing_counted(by_workspace: bool) -> None:
    ws = make.workspace()
    reader(ws)
    if by_workspace:
        set_tracking(workspace=ws, member=None, tracks=False)
    campaign = sent(ws, tracks=None if by_workspace else False)
    html = as_sent(campaign)[1].html
    assert links_of(html) == ([], [])
    assert html.count('href="https://shop.example/sale?who=Ana%20%3Cb%3EL%C3%B3pez&amp;b=1"') == 2
    assert "<img" not in html
    assert campaign.tracks is False


def test_what_is_counted_follows_a_merge_and_goes_with_the_contact() -> None:
    ws = make.workspace()
    person = reader(ws)
    campaign = sent(ws)
    [click, *_], _ = links_of(as_sent(campaign)[1].html)
    Client(headers=BROWSER).get(click)
    keep = make.contact(ws)
    merge_contacts(keep=keep, other=person, member=None)
    assert MailEvent.objects.get().contact == keep
    keep.delete()
    assert not MailEvent.objects.exists()
    # The link still leads on; nobody is counted.
    assert Client(headers=BROWSER).get(click).status_code == 302
    assert not MailEvent.objects.exists()


def test_the_outbox_fills_the_letter() -> None:
    ws = make.workspace()
    reader(ws)
    sent(ws)
    [ready] = prepare_sends(claim(Load()), Lines()).ready
    assert ready.message.about.mail is not None
    assert ready.message.about.mail.subject == "For Ana"
    assert "Hello Ana!" in ready.message.text


def test_a_test_goes_as_the_contact_gets_it() -> None:
    ws = make.workspace()
    person = reader(ws)
    fields = {"channel": mailbox(ws), "segment": segment(ws), "name": "x"}
    mail = {"subject": "For {{ first_name }}", "html": "<p>Hi</p>"}
    campaign = services.create(workspace=ws, member=None, mail=mail, **fields)
    services.send_test(
        campaign=campaign, member=make.member(ws), number="me@example.com", contact=person
    )
    row = Delivery.objects.get()
    said = row.content["about"]["mail"]
    assert (row.address, row.marketing, said["subject"]) == ("me@example.com", False, "For Ana")
    assert path(said["unsubscribe_url"]) == f"/u/{token(0, Purpose.UNSUBSCRIBE)}/"
