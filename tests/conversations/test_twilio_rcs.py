"""Twilio cannot withdraw what it has sent by RCS: SMS leaves on its word alone."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from conversations.models import Message
from conversations.services import send_message
from gateway.channels import create_channel
from gateway.fallback.model import Fallback, Stage, Success, Verdict
from gateway.fallback.withdrawing import withdraw_due
from gateway.models import Bucket, Channel, Delivery
from gateway.outbox.claim import claim
from gateway.outbox.places import Load
from gateway.outbox.settle import Outcome, settle
from gateway.states import State
from tests import builders
from tests.gateway import twilio
from tests.gateway.test_door import drain_all
from tests.payloads.twilio_rcs.exhibit import ACCOUNT, SENDER

pytestmark = pytest.mark.django_db


def sent(**fallback: Any) -> Delivery:
    """A message that has left by RCS, with SMS behind it, whose time is over."""
    sms = builders.channel()
    settings = {"account_sid": ACCOUNT, "auth_token": builders.TOKEN, "sender_id": SENDER}
    rcs = create_channel(
        workspace=sms.workspace, member=None, kind="twilio_rcs", name="Shop", config=settings
    )
    Channel.objects.filter(pk=rcs.pk).update(
        fallback_channel=sms, fallback_after_s=30, fallback_success=Success.DELIVERED
    )
    thread = builders.conversation(Channel.objects.get(pk=rcs.pk))
    send_message(conversation=thread, author=None, text="Hello")
    Bucket.objects.update(tokens=1000, refilled_at=timezone.now() - timedelta(seconds=1))
    (row,) = claim(Load()).rows
    settle([Outcome(row, external_id=f"SM{uuid.uuid4().hex}")])
    Fallback.objects.update(due_at=timezone.now() - timedelta(seconds=1), **fallback)
    return Delivery.objects.get(pk=row.pk)


def hears(row: Delivery, status: str, **fields: str) -> Delivery:
    """What Twilio reports on it."""
    about = {"From": f"rcs:{SENDER}", "To": f"rcs:{row.address}"} | fields
    reported = twilio.status_fields(str(row.external_id), status, **about)
    answer = twilio.post(row.channel, reported, query=f"delivery={row.uid}")
    assert answer.status_code == 200
    drain_all()
    row.refresh_from_db()
    return row


def by_sms(row: Delivery) -> list[Delivery]:
    """What goes out by SMS in its place."""
    return list(Delivery.objects.filter(replaces=row))


def test_its_time_alone_is_no_word() -> None:
    row = sent()
    assert withdraw_due() == 0
    assert by_sms(row) == []
    fallback = Fallback.objects.get()
    assert (fallback.stage, fallback.due_at) == (Stage.ARMED, None)
    assert hears(row, "delivered").state == State.DELIVERED
    assert by_sms(row) == []
    assert Fallback.objects.get().verdict == Verdict.REACHED


@pytest.mark.parametrize(
    ("status", "code", "verdict"),
    [
        ("undelivered", "30036", Verdict.WITHDRAWN),
        ("failed", "63036", Verdict.NOT_CAPABLE),
        ("undelivered", "63012", Verdict.FAILED),
    ],
)
def test_on_twilios_word_sms_leaves_once(status: str, code: str, verdict: Verdict) -> None:
    row = sent()
    withdraw_due()
    for _again in range(2):
        assert hears(row, status, ErrorCode=code).state == State.REPLACED
    (other,) = by_sms(row)
    assert (other.medium, other.content["text"]) == ("sms", "Hello")
    assert Fallback.objects.get().verdict == verdict


def test_who_has_blocked_us_gets_nothing_else() -> None:
    row = sent()
    assert hears(row, "undelivered", ErrorCode="63033").state == State.FAILED
    assert by_sms(row) == []


def test_an_urgent_message_does_not_wait_for_a_word() -> None:
    row = sent(urgent=True)
    withdraw_due()
    assert len(by_sms(row)) == 1
    assert Fallback.objects.get().verdict == Verdict.URGENT
    assert Message.objects.count() == 1
