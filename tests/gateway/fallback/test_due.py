"""What is decided when a fallback is due."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from gateway import statuses
from gateway.content.model import Content
from gateway.events import StatusUpdate
from gateway.fallback import due
from gateway.fallback.model import Fallback, Stage, Success, Verdict
from gateway.fallback.policy import Policy
from gateway.models import Channel, Delivery, DeliveryStatus
from gateway.outbox.queue import Terms, queue_parts
from gateway.states import State
from tests import builders
from tests.gateway.test_states_machine import report_request
from tests.payloads.google_rcs.exhibit import AGENT, config

pytestmark = pytest.mark.django_db


def withdrawn() -> tuple[Channel, Delivery]:
    """RCS that was withdrawn, and whose time of silence is over."""
    sms = builders.channel()
    rcs = builders.channel(sms.workspace, config(), kind="google_rcs", address=AGENT)
    terms = Terms(uuid.uuid4(), fallback=Policy(sms, 60, Success.DELIVERED))
    [row] = queue_parts(
        channel=rcs, address=builders.phone(), parts=[Content("Hello")], terms=terms
    )
    Delivery.objects.update(state=State.SENT, external_id=str(row.uid), sent_at=timezone.now())
    silence_is_over()
    return rcs, row


def silence_is_over() -> None:
    """The fallback is due, after a withdrawal that proves nothing."""
    earlier = timezone.now() - timedelta(minutes=1)
    Fallback.objects.update(stage=Stage.CLOSING, due_at=earlier)


def test_silence_is_believed() -> None:
    _rcs, row = withdrawn()
    due.look()
    assert Fallback.objects.get().verdict == Verdict.WITHDRAWN
    assert Delivery.objects.get(replaces=row).state == State.QUEUED


@pytest.mark.parametrize("ours", [True, False])
def test_a_report_that_is_only_stored_is_no_silence(ours: bool) -> None:
    rcs, row = withdrawn()
    event = StatusUpdate(str(row.uid), State.DELIVERED, "DELIVERED", row.uid if ours else None)
    statuses.record([statuses.Report(report_request(rcs), event)])
    due.look()
    assert not Delivery.objects.filter(replaces=row).exists()
    assert Fallback.objects.get().stage == Stage.CLOSING
    DeliveryStatus.objects.update(received_at=timezone.now() - timedelta(seconds=10))
    statuses.apply_left_over()
    silence_is_over()
    due.look()
    assert not Delivery.objects.filter(replaces=row).exists()
    assert Delivery.objects.get(pk=row.pk).state == State.DELIVERED
