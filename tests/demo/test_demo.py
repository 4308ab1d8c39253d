"""The demo workspace: believable, complete, made once."""

import json
import stat

import phonenumbers
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Member, User, Workspace
from campaigns.models import Campaign, CampaignStatus
from campaigns.selectors import progress
from contacts.models import Address, Contact
from conversations.models import Conversation, Message, MessageMail, MessageRevision, Status
from gateway.media.models import MessageFile
from gateway.models import Channel, Delivery
from gateway.states import State
from gateway.templates.model import StoredTemplate
from gateway.windows.looking import standing
from routing.models import Agent
from routing.waiting import load_by_member, route_workspace
from simulator.customers import CUSTOMERS
from simulator.identities import identity

pytestmark = pytest.mark.django_db

KINDS = {
    *("twilio_sms", "google_rcs", "whatsapp", "email", "telegram", "messenger", "instagram"),
    *("x", "viber", "line", "wechat"),
}


@pytest.fixture
def data(settings, tmp_path):
    settings.DEBUG = True
    settings.DATA_DIR = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return tmp_path


def read(data):
    return json.loads((data / "demo.json").read_text())


def test_the_file_has_what_outside_scripts_need(data, settings):
    call_command("demo")

    assert stat.S_IMODE((data / "demo.json").stat().st_mode) == 0o600
    known = read(data)
    assert known.keys() == {"url", "simulator", "realtime", "token", "logins"}
    assert known["url"] == settings.PUBLIC_URL
    assert sorted(login["role"] for login in known["logins"]) == [
        *("admin", "agent", "agent", "agent", "marketer"),
    ]
    for login in known["logins"]:
        user = User.objects.get(email=login["email"])
        assert user.check_password(login["password"])
        assert user.memberships.get().role == login["role"]
    api = Client(headers={"authorization": f"Token {known['token']}"})
    channels = {one["kind"]: one for one in api.get("/api/v1/channels/").json()["results"]}
    assert channels.keys() == KINDS
    sms, rcs = channels["twilio_sms"], channels["google_rcs"]
    assert (rcs["fallback"]["channel"], sms["fallback"]) == (sms["id"], None)


def test_the_data_is_complete_and_consistent(data):
    call_command("demo")

    assert Contact.objects.count() == 200
    for field in ("language", "country", "gender", "birth_date", "attributes__tier"):
        known = Contact.objects.exclude(**{f"{field}__isnull": True})
        assert known.count() > 150, field
    assert set(Conversation.objects.values_list("status", flat=True)) == set(Status.values)
    open_ones = Conversation.objects.filter(status=Status.OPEN)
    assert open_ones.filter(assignee=None, queued_at__isnull=False).count() >= 3
    assert open_ones.filter(assignee=None, queued_at=None).exists()
    assert open_ones.exclude(assignee=None).filter(queued_at=None).count() >= 6
    states = set(Delivery.objects.values_list("state", flat=True))
    assert states == {State.SENT, State.DELIVERED, State.READ, State.FAILED, State.UNKNOWN}
    assert not Delivery.objects.filter(state=State.FAILED, error_text="").exists()
    assert set(Contact.objects.values_list("language", flat=True)) == {"en", "es"}
    assert Message.objects.filter(kind="note").count() >= 5
    uids = Delivery.objects.filter(batch=None).values("message_uid")
    texts = Message.objects.filter(direction="outbound", kind="text")
    assert texts.exclude(uid__in=uids).count() == 0


def test_the_campaign_is_finished_with_a_whole_ledger(data):
    call_command("demo")

    campaign = Campaign.objects.get()
    assert campaign.status == CampaignStatus.FINISHED
    numbers = progress(campaign)
    assert numbers.waiting == 0
    assert numbers.skipped.keys() >= {"opted_out", "no_address", "duplicate", "bounced", "blocked"}
    assert numbers.delivered > 60
    assert numbers.failed >= 3
    assert numbers.replied == 4
    threads = Message.objects.filter(kind="campaign").values("conversation").distinct()
    assert threads.count() == 4


def test_every_address_is_usable_and_of_nobody(data):
    call_command("demo")

    for kind, value in Address.objects.values_list("kind", "value"):
        if kind == "email":
            assert value.endswith(("@example.com", "@customers.example"))
        elif kind == "phone":
            number = phonenumbers.parse(value)
            assert phonenumbers.is_possible_number(number), value
            # Ofcom's numbers for drama are known to be nobody's, so they count as not valid.
            assert value.startswith("+447700900") or phonenumbers.is_valid_number(number), value


def test_a_second_run_changes_nothing(data):
    call_command("demo")
    before = (data / "demo.json").read_bytes()
    rows = (Contact.objects.count(), Message.objects.count(), Channel.objects.count())

    call_command("demo")

    assert (data / "demo.json").read_bytes() == before
    assert rows == (Contact.objects.count(), Message.objects.count(), Channel.objects.count())
    assert Workspace.objects.count() == 1


@pytest.mark.parametrize("content", [None, "{", '{"token": "omni_old"}'])
def test_a_lost_or_foreign_file_gets_new_logins(data, content):
    call_command("demo")
    old = read(data)
    (data / "demo.json").unlink()
    if content is not None:
        (data / "demo.json").write_text(content)

    call_command("demo")

    new = read(data)
    assert new["token"] != old["token"]
    user = User.objects.get(email=new["logins"][0]["email"])
    assert user.check_password(new["logins"][0]["password"])
    assert not user.check_password(old["logins"][0]["password"])
    stale = Client(headers={"authorization": f"Token {old['token']}"})
    assert stale.get("/api/v1/agents/").status_code == 401
    assert Contact.objects.count() == 200


def test_moved_addresses_are_brought_up_to_date(data, settings):
    call_command("demo")
    token = read(data)["token"]
    settings.PUBLIC_URL = "http://127.0.0.1:9999"

    call_command("demo")

    assert read(data)["url"] == "http://127.0.0.1:9999"
    assert read(data)["token"] == token


def test_an_agent_who_comes_online_gets_the_waiting_chats(data):
    call_command("demo")
    member = Member.objects.get(user__email="ben@alderpine.example")
    held = load_by_member([member.pk])[member.pk]
    Agent.objects.filter(member=member).update(status="online")

    assert route_workspace(member.workspace_id) == 4

    assert load_by_member([member.pk])[member.pk] == held + 4 < 10


def test_there_is_something_of_everything_to_see(data):
    call_command("demo")

    talked = set(Conversation.objects.values_list("channel__kind", flat=True))
    assert talked == KINDS - {"google_rcs"}
    carmen = Contact.objects.get(name="Carmen Ruiz")
    on = carmen.conversations.values_list("channel__kind", flat=True)
    assert sorted(on) == ["email", "telegram", "whatsapp"]
    public = Conversation.objects.get(public=True)
    assert public.messages.filter(external_id=public.thread).exists()
    assert MessageRevision.objects.filter(change="edited").exists()
    assert Message.objects.filter(data__has_key="reactions").exists()
    order = MessageMail.objects.exclude(html="").get()
    file = MessageFile.objects.get(message_uid=order.message.uid)
    assert (file.content_type, file.state) == ("application/pdf", "stored")
    assert StoredTemplate.objects.filter(status="approved").count() == 3


def test_who_wrote_long_ago_gets_a_template_and_others_free_text(data):
    call_command("demo")

    whatsapp = Channel.objects.get(kind="whatsapp")
    addresses = {
        talk.contact.name: talk.address.value
        for talk in whatsapp.conversations.select_related("contact", "address")
    }
    long_ago = standing(whatsapp, addresses["Emma Clarke"])
    lately = standing(whatsapp, addresses["Carmen Ruiz"])
    assert long_ago
    assert not long_ago.open
    assert lately
    assert lately.open


def test_who_writes_from_a_phone_of_the_simulator_is_known(data):
    call_command("demo")

    for customer in CUSTOMERS:
        contact = Contact.objects.get(name=customer.name)
        known = set(contact.addresses.values_list("kind", "value"))
        mailbox = ("email", identity("email", customer.number))
        assert {("phone", customer.number), mailbox} <= known
        for kind, value in known - {("phone", customer.number)}:
            assert value == identity(kind, customer.number)


def test_never_without_debug(settings, tmp_path):
    settings.DEBUG, settings.DATA_DIR = False, tmp_path

    with pytest.raises(CommandError):
        call_command("demo")

    assert not Workspace.objects.exists()
    assert not list(tmp_path.iterdir())
