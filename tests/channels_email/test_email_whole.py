"""The whole way of mail: the outbox, a real bridge process, real SMTP and IMAP servers."""

import base64
import json
import smtplib
import time
import urllib.request
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import Role
from campaigns.expansion import expand
from campaigns.models import Recipient
from channels_email.models import MailboxCursor, TakenMail
from channels_email.tokens import token_of
from conversations.models import Conversation, Direction, Message
from embedded.ports import free_port
from gateway.channels import check_channel, check_config_with_provider
from gateway.errors import BadCredentials
from gateway.media.models import MessageFile
from gateway.media.storing import store
from gateway.models import Bucket, Channel, Delivery, InboundRequest, Suppression
from gateway.outbox.claim import ensure_buckets
from gateway.outbox.queue import queue_delivery
from gateway.outbox.runner import Runner
from gateway.secrets import seal
from gateway.states import State
from tests import builders
from tests.api.client import caller
from tests.campaigns.build import launched
from tests.gateway.media.shelf import PNG
from tests.gateway.test_door import drain_all
from tests.payloads.email.exhibit import SECRET, SMTP_CONFIG
from tests.processes import Processes, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

MAYA = "+14155550111"
MAYA_MAIL = "maya.johnson@customers.example"


class Mail(Processes):
    """The bridge and the simulator, which is the world's mail servers and its customers."""

    def __init__(self) -> None:
        ports = [free_port() for _ in range(5)]
        self.bridge_port, self.simulator_port, self.smtp_port, self.imap_port, self.mx_port = ports
        self.bridge = f"http://127.0.0.1:{self.bridge_port}"
        self.simulator = f"http://127.0.0.1:{self.simulator_port}"
        super().__init__(
            DEBUG="1",
            SIMULATOR_URL=self.simulator,
            SIMULATOR_SMTP_PORT=str(self.smtp_port),
            SIMULATOR_IMAP_PORT=str(self.imap_port),
            SMSC_PORT=str(free_port()),
            MAIL_URL=self.bridge,
            MAIL_MX_PORT=str(self.mx_port),
        )

    def start_simulator(self) -> None:
        self.start("simulator", "manage", "simulator", "--port", str(self.simulator_port))
        until(lambda: self.answers(f"{self.simulator}/faults"), "the simulator never came up")

    def start_bridge(self) -> None:
        self.start("mail", "manage", "mail")
        until(lambda: self.answers(f"{self.bridge}/healthz"), "the bridge never came up")

    def answers(self, url: str) -> bool:
        try:
            self.get(url)
        except OSError:
            return False
        return True

    def get(self, url: str) -> Any:
        with urllib.request.urlopen(url, timeout=10) as response:
            return json.load(response)

    def post(self, path: str, **body: Any) -> Any:
        request = urllib.request.Request(self.simulator + path, json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def faults(self, **knobs: float) -> None:
        self.post("/faults", provider="email", **knobs)

    def sent(self, to: str) -> list[dict[str, Any]]:
        """What the servers took for a mailbox."""
        found: list[dict[str, Any]] = self.get(f"{self.simulator}/sent?provider=email&to={to}")[
            "messages"
        ]
        return found

    def write(self, channel: Channel, text: str = "", sender: str = MAYA, **more: Any) -> int:
        """A customer's mail; how it was taken."""
        about = {"provider": "email", "channel_address": str(channel.pk), "from": sender}
        status: int = self.post("/inbound", **about, text=text, **more)["webhook_status"]
        return status

    def wait_for(self, channel: Channel) -> None:
        """Until the channel's folder has been opened for the first time."""
        until(
            lambda: MailboxCursor.objects.filter(channel=channel).exists(),
            "the mailbox was never opened",
        )


@pytest.fixture(scope="module")
def running(django_db_setup: None, django_db_blocker: Any) -> Iterator[Mail]:
    with django_db_blocker.unblock():
        made = Mail()
    with made:
        made.start_simulator()
        made.start_bridge()
        yield made


@pytest.fixture
def mail(running: Mail, settings: Any) -> Iterator[Mail]:
    settings.GATEWAY_BRIDGES = {"email": running.bridge}
    settings.MAIL_MX_PORT = running.mx_port
    running.faults()
    if "mail" not in running.running:
        running.start_bridge()
    yield running
    Channel.objects.update(enabled=False)


def make_channel(**config: str) -> Channel:
    """A mailbox that nobody else has."""
    address = f"support-{uuid4().hex[:8]}@example.com"
    own = {"from_address": address, "imap_user": address, "smtp_user": address}
    made = Channel.objects.create(
        workspace=builders.workspace(),
        kind="email",
        name="Support",
        config=seal(SMTP_CONFIG | own | config),
        address=address,
        rate_per_second=1000.0,
    )
    ensure_buckets()
    return made


@pytest.fixture
def channel(mail: Mail) -> Channel:
    made = make_channel()
    mail.wait_for(made)
    return made


def run(seconds: float = 10.0) -> None:
    runner = Runner()
    try:
        runner.run(seconds)
    finally:
        runner.close()


def queued(channel: Channel, to: str = MAYA_MAIL, text: str = "Hi") -> Delivery:
    return queue_delivery(channel=channel, text=text, message_uid=uuid4(), address=to)


def row(delivery: Delivery) -> Delivery:
    return Delivery.objects.get(pk=delivery.pk)


def texts(channel: Channel) -> list[str]:
    drain_all()
    found = Message.objects.filter(
        conversation__channel_id=channel.pk, direction=Direction.INBOUND
    ).order_by("pk")
    return [message.text for message in found]


def becomes(channel: Channel, expected: list[str]) -> None:
    """Wait until these mails have come in."""
    until(lambda: texts(channel) == expected, f"{texts(channel)} is not {expected}", 30)


def answer(conversation: Conversation, text: str, **more: Any) -> dict[str, Any]:
    """By the API, as a member."""
    api = caller(Role.ADMIN, conversation.workspace)
    said = api.post(f"conversations/{conversation.pk}/messages/", more or {"text": text})
    assert said.status_code == 201, said.content
    found: dict[str, Any] = said.json()
    return found


def test_a_question_an_answer_and_a_reply(mail: Mail, channel: Channel) -> None:
    assert mail.write(channel, "Where is it?", subject="My order") == 200
    becomes(channel, ["Where is it?"])
    conversation = Conversation.objects.get(channel=channel)
    assert conversation.address.value == MAYA_MAIL
    answer(conversation, "On its way.")
    run()
    [sent] = mail.sent(MAYA_MAIL)[-1:]
    assert (sent["body"], sent["from"]) == ("On its way.", channel.address)
    about, delivery = sent["mail"], Delivery.objects.get()
    assert about["message_id"] == f"{delivery.uid}@example.com" == delivery.external_id
    assert about["subject"] == "Re: My order"
    headers = about["headers"]
    first = Message.objects.get(direction=Direction.INBOUND)
    assert headers["In-Reply-To"] == f"<{first.mail.mail_id}>"
    assert headers["References"] == f"<{first.mail.mail_id}>"
    assert headers["From"] == f"Example Support <{channel.address}>"
    assert token_of(headers["Reply-To"].partition("<")[2], SECRET.encode())
    assert "Auto-Submitted" not in headers
    assert mail.write(channel, "Thanks!") == 200
    becomes(channel, ["Where is it?", "Thanks!"])
    assert Conversation.objects.filter(channel=channel).count() == 1


# --- In -------------------------------------------------------------------------------------------


def raw(text: str, *, message_id: str = "", **heads: str) -> str:
    """A mail as its octets, in ASCII."""
    named = {"Message-ID": f"<{message_id}>"} if message_id else {}
    about = {"From": "Maya <maya@mail.example>", "Subject": "Hello", **named, **heads}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in about.items()]
    return "\r\n".join([*lines, "", text, ""])


def test_a_new_mailbox_begins_now(mail: Mail) -> None:
    address = f"old-{uuid4().hex[:8]}@example.com"
    first = make_channel(from_address=address, imap_user=address)
    mail.write(first, "Before", raw=raw("Before", message_id="before@x"))
    first.delete()
    time.sleep(1.1)  # an IMAP server tells when a mail came to the second
    later = make_channel(from_address=address, imap_user=address)
    mail.wait_for(later)
    mail.write(later, raw=raw("After", message_id="after@x"))
    becomes(later, ["After"])


def test_what_comes_before_the_mailbox_is_first_opened_is_the_channels(mail: Mail) -> None:
    mail.kill("mail")
    channel = make_channel()
    mail.write(channel, raw=raw("early", message_id="early@x"))
    mail.start_bridge()
    becomes(channel, ["early"])
    mail.write(channel, raw=raw("later", message_id="later@x"))
    becomes(channel, ["early", "later"])
    cursor = MailboxCursor.objects.get(channel=channel)
    assert (cursor.started_at, cursor.resync_from) == (
        channel.created_at.replace(microsecond=0),
        None,
    )


def test_an_outage_is_caught_up_and_nothing_comes_twice(mail: Mail, channel: Channel) -> None:
    mail.write(channel, raw=raw("0", message_id="0@x"))
    becomes(channel, ["0"])
    mail.kill("mail")
    for number in range(1, 121):
        named = f"{number}@x" if number % 3 else ""
        mail.write(channel, raw=raw(str(number), message_id=named))
    mail.start_bridge()
    expected = [str(number) for number in range(121)]
    becomes(channel, expected)
    mail.kill("mail")
    mail.start_bridge()
    mail.write(channel, raw=raw("last", message_id="last@x"))
    becomes(channel, [*expected, "last"])
    assert InboundRequest.objects.filter(channel=channel).count() == 122


def test_a_mailbox_that_is_numbered_anew_is_not_read_twice(mail: Mail, channel: Channel) -> None:
    """The server was moved: the same mails under other numbers, and one that is new."""
    mails = [raw("1", message_id="1@x"), raw("2"), raw("3", message_id="3@x")]
    for one in mails:
        mail.write(channel, raw=one)
    becomes(channel, ["1", "2", "3"])
    validity = MailboxCursor.objects.get(channel=channel).uidvalidity
    mail.kill("mail")
    mail.kill("simulator")
    mail.start_simulator()
    for one in (*mails, raw("4", message_id="4@x")):
        mail.write(channel, raw=one)
    mail.start_bridge()
    becomes(channel, ["1", "2", "3", "4"])
    until(
        lambda: not MailboxCursor.objects.exclude(resync_from=None).exists(),
        "the comparison never ended",
    )
    cursor = MailboxCursor.objects.get(channel=channel)
    assert cursor.uidvalidity != validity
    assert TakenMail.objects.filter(channel=channel).count() == 4
    assert InboundRequest.objects.filter(channel=channel).count() == 4


def test_a_large_mail_comes_in(mail: Mail, channel: Channel) -> None:
    words = ("All work and no play. " * 40 + "\r\n") * 3_000
    mail.write(channel, raw=raw(words, message_id="large@x"))
    until(lambda: bool(texts(channel)), "the mail never came in", 60)
    assert Message.objects.get().text.startswith("All work and no play.")
    stored = InboundRequest.objects.get(channel=channel)
    assert (stored.state, len(bytes(stored.body)) > 2_000_000) == ("done", True)


def test_an_automatic_answer_is_left_alone(mail: Mail, channel: Channel) -> None:
    mail.write(channel, raw=raw("I am away.", message_id="away@x", Auto_Submitted="auto-replied"))
    becomes(channel, ["I am away."])
    assert Message.objects.get().mail.automatic is True
    assert not Delivery.objects.exists()


def test_our_own_server_takes_mail_for_its_mailboxes(mail: Mail) -> None:
    channel = make_channel(receiving="mx")
    until(lambda: served(mail, channel.address), "the MX never knew the mailbox")
    assert mail.write(channel, "Straight to you", subject="Hi") == 200
    becomes(channel, ["Straight to you"])
    stored = InboundRequest.objects.get(channel=channel)
    assert stored.headers["x-envelope-from"] == MAYA_MAIL
    assert stored.headers["x-envelope-to"] == channel.address
    with smtplib.SMTP("127.0.0.1", mail.mx_port, timeout=10) as smtp:
        smtp.ehlo()
        assert int(smtp.esmtp_features["size"]) == 26_214_400
        assert smtp.docmd("MAIL FROM:<a@b.example>")[0] == 250
        assert smtp.docmd("RCPT TO:<else@example.com>")[0] == 550
        plus = channel.address.replace("@", "+c.token@")
        assert smtp.docmd(f"RCPT TO:<{plus}>")[0] == 250


def served(mail: Mail, address: str) -> bool:
    with smtplib.SMTP("127.0.0.1", mail.mx_port, timeout=10) as smtp:
        smtp.ehlo()
        smtp.docmd("MAIL FROM:<a@b.example>")
        return smtp.docmd(f"RCPT TO:<{address}>")[0] == 250


def test_files_go_both_ways(mail: Mail, channel: Channel) -> None:
    picture = base64.b64encode(PNG).decode()
    media = [{"content_type": "image/png", "data": picture}]
    mail.write(channel, "Look", media=media)
    becomes(channel, ["Look"])
    [found] = MessageFile.objects.filter(message_uid=Message.objects.get().uid)
    assert found.content_type == "image/png"
    conversation = Conversation.objects.get(channel=channel)
    kept = store(workspace_id=channel.workspace_id, content=BytesIO(PNG), name="answer.png")
    answer(conversation, "", content={"text": "Here", "media": [{"file": str(kept.uid)}]})
    run()
    [sent] = mail.sent(MAYA_MAIL)[-1:]
    assert (sent["body"], len(sent["media"])) == ("Here", 1)
    with urllib.request.urlopen(sent["media"][0], timeout=10) as response:
        assert response.read() == PNG


# --- Out ------------------------------------------------------------------------------------------


def test_a_mailbox_that_does_not_exist(mail: Mail, channel: Channel) -> None:
    delivery = queued(channel, "nobody@customers.example")
    run()
    found = row(delivery)
    assert (found.state, found.error_class, found.error_code) == (
        State.FAILED, "Rejected", "5.1.1",
    )  # fmt: skip
    drain_all()
    assert Suppression.objects.get(workspace=channel.workspace).address == (
        "nobody@customers.example"
    )


def test_a_bounce_marks_the_address(mail: Mail, channel: Channel) -> None:
    mail.post("/phones", number="gone@customers.example", error_code=511)
    delivery = queued(channel, "gone@customers.example")
    run()

    def bounced() -> bool:
        drain_all()
        return row(delivery).state == State.FAILED

    until(bounced, "the bounce never came", 30)
    assert Suppression.objects.get(workspace=channel.workspace).address == "gone@customers.example"
    assert not Message.objects.filter(direction=Direction.INBOUND).exists()


def test_greylisted_then_sent_once(mail: Mail, channel: Channel) -> None:
    mail.faults(rate_429=1)
    delivery = queued(channel, "grey@customers.example")
    run(1)
    found = row(delivery)
    assert (found.state, found.error_class, found.error_code) == (
        State.QUEUED, "Throttled", "4.7.1",
    )  # fmt: skip
    mail.faults()
    send_now()
    assert row(delivery).state == State.SENT
    assert len(mail.sent("grey@customers.example")) == 1


@pytest.mark.parametrize(("fault", "arrives"), [("drop_after_accept", 1), ("drop_connection", 0)])
def test_a_connection_lost_after_the_mail_is_unknown_and_never_sent_again(
    mail: Mail, channel: Channel, fault: str, arrives: int
) -> None:
    to = f"{fault}@customers.example"
    mail.faults(**{fault: 1})
    delivery = queued(channel, to)
    run(2)
    found = row(delivery)
    assert (found.state, found.error_class) == (State.UNKNOWN, "Ambiguous")
    mail.faults()
    send_now()
    assert row(delivery).state == State.UNKNOWN
    assert len(mail.sent(to)) == arrives


def test_no_bridge_is_no_loss(mail: Mail, channel: Channel) -> None:
    mail.kill("mail")
    delivery = queued(channel, "later@customers.example")
    run(1)
    assert (row(delivery).state, row(delivery).error_class) == (State.QUEUED, "Unreachable")
    mail.start_bridge()
    send_now()
    assert row(delivery).state == State.SENT


def test_a_wrong_password_pauses_the_channel(mail: Mail) -> None:
    channel = make_channel(smtp_password="wrong-one", receiving="none")
    delivery = queued(channel)
    run(2)
    assert (row(delivery).state, row(delivery).error_class) == (State.QUEUED, "BadCredentials")
    channel.refresh_from_db()
    assert channel.paused_at is not None


def test_log_ins_are_checked(mail: Mail, channel: Channel) -> None:
    words = check_channel(channel).summary
    assert words == (
        f"Sends as {channel.address} at 127.0.0.1:{mail.smtp_port}; reads INBOX of "
        f"{channel.address} at 127.0.0.1 (0 mails)"
    )
    with pytest.raises(BadCredentials, match="uthentication"):
        check_config_with_provider("email", SMTP_CONFIG | {"smtp_password": "wrong"})
    with pytest.raises(BadCredentials, match="Invalid authentication"):
        check_config_with_provider("email", SMTP_CONFIG | {"imap_password": "wrong"})
    with pytest.raises(BadCredentials, match="no folder"):
        check_config_with_provider("email", SMTP_CONFIG | {"imap_folder": "Nowhere"})


def test_connections_are_used_again(mail: Mail, channel: Channel) -> None:
    deliveries = [queued(channel, f"c{n}@customers.example") for n in range(20)]
    run()
    assert {row(one).state for one in deliveries} == {State.SENT}
    assert all(len(mail.sent(f"c{n}@customers.example")) == 1 for n in range(20))


def send_now() -> None:
    """What waits is due."""
    Bucket.objects.update(refilled_at=timezone.now(), failures=0)
    Delivery.objects.filter(state=State.QUEUED).update(due_at=timezone.now())
    run(5)


# --- Campaigns ------------------------------------------------------------------------------------


def test_a_campaigns_mail_arrives_with_a_way_out_that_works(mail: Mail) -> None:
    channel = make_channel(sending="smtp", receiving="none")
    ws = channel.workspace
    person = builders.contact(ws, name="Maya Johnson")
    builders.address(person, MAYA_MAIL, kind="email")
    said = {"subject": "For {{ first_name }}", "html": "<p>Hello {{ first_name }}</p>"}
    campaign = launched(ws, channel=channel, text="", mail=said)
    expand(campaign.pk)
    run()
    [sent] = mail.sent(MAYA_MAIL)[-1:]
    headers = sent["mail"]["headers"]
    assert sent["mail"]["subject"] == "For Maya"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent["mail"]["types"] == ["multipart/alternative", "text/plain", "text/html"]
    url = headers["List-Unsubscribe"].strip("<>")
    assert url in sent["body"]
    assert url in sent["mail"]["html"]
    path = url.removeprefix(settings.PUBLIC_URL)
    answer = Client(enforce_csrf_checks=True).post(path, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    entry = Suppression.objects.get(workspace=ws)
    assert (entry.address, entry.reason) == (MAYA_MAIL, "opted_out")
    # The next campaign leaves them out.
    launched(ws, channel=channel, text="", mail=said, name="Second")
    assert Recipient.objects.filter(reason="opted_out").count() == 1
