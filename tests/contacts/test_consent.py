"""What people say about marketing is kept as history and acted on at once."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.consent import opt_in, opt_out, receive_opt_outs
from contacts.models import Address, ConsentRecord
from gateway.events import Keyword, OptOut, Received
from gateway.models import Suppression
from gateway.suppression import suppress, suppressed
from tests import builders as make

pytestmark = pytest.mark.django_db


def said(ws, sender: str, keyword: Keyword, at=None) -> Received:
    return Received(
        workspace_id=ws.pk,
        channel_id=uuid.uuid4(),
        address_kind="phone",
        medium="sms",
        received_at=at or timezone.now(),
        request_id="r",
        event=OptOut(uuid.uuid4().hex, sender, keyword, keyword.upper(), answered=True),
    )


def test_opting_out_and_in_again_leaves_both_on_record():
    ws = make.workspace()
    member, address = make.member(ws), make.address(make.contact(ws))
    opt_out(address=address, medium="sms", source="agent", evidence="asked", member=member)
    assert suppressed(ws.pk, "sms", [address.value]) == {address.value: "opted_out"}
    opt_in(address=address, medium="sms", source="agent", member=member)
    assert suppressed(ws.pk, "sms", [address.value]) == {}
    assert list(address.consents.order_by("id").values_list("status", "source", "evidence")) == [
        ("withdrawn", "agent", "asked"),
        ("granted", "agent", ""),
    ]


def test_opting_in_does_not_make_a_dead_address_alive():
    ws = make.workspace()
    address = make.address(make.contact(ws))
    suppress(
        workspace_id=ws.pk,
        medium="sms",
        address=address.value,
        reason=Suppression.Reason.BOUNCED,
        source="provider",
    )
    opt_in(address=address, medium="sms", source="agent")
    assert suppressed(ws.pk, "sms", [address.value]) == {address.value: "bounced"}


def test_keywords_are_recorded_once_each():
    ws = make.workspace()
    known = make.address(make.contact(ws)).value
    stranger = make.phone()
    batch = [
        said(ws, known, Keyword.STOP),
        said(ws, known, Keyword.HELP),
        said(ws, known, Keyword.START),
        said(ws, stranger, Keyword.STOP),
    ]
    receive_opt_outs(batch)
    receive_opt_outs(batch)
    for medium in ("sms", "rcs"):  # a phone shows both in one app
        kept = ConsentRecord.objects.filter(medium=medium).order_by("id")
        assert list(kept.values_list("address__value", "status", "source")) == [
            (known, "withdrawn", "keyword"),
            (known, "granted", "keyword"),
            (stranger, "withdrawn", "keyword"),
        ]
    assert Address.objects.get(value=stranger).contact.name == ""


def test_the_statements_do_not_grow_with_the_batch():
    ws = make.workspace()

    def count(size: int) -> int:
        batch = [said(ws, make.phone(), Keyword.STOP) for _ in range(size)]
        with CaptureQueriesContext(
            connection,
        ) as statements:
            receive_opt_outs(batch)
        return len(statements)

    assert count(2) == count(60)
