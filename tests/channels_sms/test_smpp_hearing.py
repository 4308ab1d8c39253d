"""What the bridge does with messages and receipts, against the real database."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from channels_sms import smpp_signature
from channels_sms.models import ReceivedPart, SubmittedPart
from channels_sms.smpp_account import Account
from channels_sms.smpp_bridge import hearing, journal, pdus, written
from channels_sms.smpp_bridge.hearing import Heard
from channels_sms.smpp_bridge.journal import Submission
from channels_sms.smpp_bridge.owner import Owner
from channels_sms.smpp_errors import TEMPORARY
from gateway.contract import WebhookRequest
from gateway.events import InboundMessage, StatusUpdate
from gateway.models import Channel, InboundRequest
from gateway.registry import adapter_for
from gateway.secrets import seal
from gateway.states import State
from simulator import smsc_codec
from tests import builders
from tests.payloads.smpp.exhibit import CONFIG, CUSTOMER

pytestmark = pytest.mark.django_db(transaction=True)
SESSION: Any = None  # nothing is answered here


@pytest.fixture
def owner() -> Owner:
    channel = Channel.objects.create(
        workspace=builders.workspace(), kind="smpp", name="SMPP", config=seal(CONFIG)
    )
    [key] = smpp_signature.keys(CONFIG)
    return Owner(channel.pk, channel.workspace_id, Account.of(CONFIG), key)


def heard(data: bytes, *, sender: str = CUSTOMER, **about: Any) -> Heard:
    body = smsc_codec.deliver_body(sender, CONFIG["source"], data, **about)
    octets = smsc_codec.Pdu(smsc_codec.DELIVER_SM, 0, 7, body).octets()
    return Heard(pdus.deliver(octets), SESSION)


def written_by_phone(text: str, reference: int = 1, **about: Any) -> list[Heard]:
    messages, coding = smsc_codec.messages_of(text, reference)
    return [heard(data, esm_class=marked, coding=coding, **about) for data, marked in messages]


def receipt(message_id: str, stat: str = "DELIVRD") -> Heard:
    return heard(f"id:{message_id} stat:{stat} err:000".encode(), esm_class=smsc_codec.RECEIPT)


def take(owner: Owner, *group: Heard, answer: bool = True) -> list[int]:
    """Hear a group; the statuses it is answered with."""
    hearing.take(owner, group)
    if answer:
        hearing.answered([one.row for one in group if one.row])
    return [one.status for one in group]


def events(owner: Owner) -> list[Any]:
    """All that went through the door, as the adapter understands it."""
    adapter = adapter_for(Channel.objects.get(pk=owner.channel_id))
    found: list[Any] = []
    for row in InboundRequest.objects.order_by("id"):
        stored = WebhookRequest("POST", row.url, {}, bytes(row.body), row.received_at)
        found += adapter.parse(stored)
    return found


def texts(owner: Owner) -> list[str]:
    return [event.text for event in events(owner) if isinstance(event, InboundMessage)]


def submission(owner: Owner, *message_ids: str, total: int = 0) -> Submission:
    """A message that was submitted, with the ids of its accepted parts."""
    total = total or len(message_ids)
    made = Submission(owner.workspace_id, owner.channel_id, uuid4(), CUSTOMER, total)
    journal._begin([made])
    for number, message_id in enumerate(message_ids, 1):
        made.accept(number, message_id, message_id)
    journal._end([made])
    return made


# --- Messages -------------------------------------------------------------------------------------


def test_a_short_message_is_stored_at_the_door_before_it_is_answered(owner: Owner) -> None:
    assert take(owner, *written_by_phone("Hola [ñ]")) == [0]
    [event] = events(owner)
    assert (event.sender, event.recipient, event.text) == (CUSTOMER, CONFIG["source"], "Hola [ñ]")
    [row] = ReceivedPart.objects.all()
    assert (row.external_id, row.handed_in, bytes(row.data)) == (event.external_id, True, b"")


def test_a_long_message_is_whole_only_when_all_parts_are_there_in_any_order(owner: Owner) -> None:
    text = "Uno, dos, tres: " + "[€] 👋 " * 60
    parts = written_by_phone(text)
    assert len(parts) > 3
    for part in parts[:0:-1]:
        # As after a restart: nothing is kept but in the database.
        assert take(owner, part) == [0]
        assert events(owner) == []
    assert take(owner, parts[0]) == [0]
    assert texts(owner) == [text]
    assert all(bytes(row.data) == b"" for row in ReceivedPart.objects.all())


def test_parts_of_several_people_and_references_do_not_mix(owner: Owner) -> None:
    one, two = written_by_phone("a" * 200, 1), written_by_phone("b" * 200, 2)
    three = written_by_phone("c" * 200, 1, sender="+34600999999")
    take(owner, one[0], two[1], three[0], two[0], three[1], one[1])
    assert sorted(texts(owner)) == ["a" * 200, "b" * 200, "c" * 200]


def test_long_messages_by_tlvs_and_as_a_payload(owner: Owner) -> None:
    sar = [
        heard(data, tlvs={0x020C: b"\x01\x2c", 0x020E: b"\x02", 0x020F: bytes([number])})
        for number, data in ((2, b"world"), (1, b"Hello "))
    ]
    take(owner, *sar)
    take(owner, heard(b"", tlvs={0x0424: b"x" * 700}))
    assert texts(owner) == ["Hello world", "x" * 700]


def test_a_missing_part_leaves_a_gap_after_a_time(owner: Owner) -> None:
    parts = written_by_phone("a" * 153 + "b" * 153 + "c" * 10)
    take(owner, parts[0], parts[2])
    written.join_overdue(owner)
    assert events(owner) == []
    ReceivedPart.objects.update(received_at=timezone.now() - written.PARTS_WAIT)
    written.join_overdue(owner)
    written.join_overdue(owner)
    assert texts(owner) == ["a" * 153 + "[…]" + "c" * 10]
    # It comes at last: late is better than never.
    take(owner, parts[1])
    ReceivedPart.objects.update(received_at=timezone.now() - written.PARTS_WAIT)
    written.join_overdue(owner)
    assert texts(owner)[1:] == ["[…]" + "b" * 153 + "[…]"]


def test_a_reference_that_comes_round_is_another_message(owner: Owner) -> None:
    lost, [first, second] = written_by_phone("a" * 200, 9)[0], written_by_phone("b" * 200, 9)
    take(owner, lost)
    take(owner, first)
    take(owner, second)
    assert texts(owner) == ["a" * 153 + "[…]", "b" * 200]


def test_what_was_not_answered_and_comes_again_is_stored_once(owner: Owner) -> None:
    take(owner, *written_by_phone("ok"), answer=False)
    assert take(owner, *written_by_phone("ok")) == [0]
    assert texts(owner) == ["ok"]
    parts = written_by_phone("a" * 200)
    take(owner, parts[0], answer=False)
    take(owner, *parts)
    assert texts(owner) == ["ok", "a" * 200]


def test_the_same_words_again_are_a_message_again(owner: Owner) -> None:
    take(owner, *written_by_phone("ok"), *written_by_phone("ok"))
    take(owner, *written_by_phone("ok"))
    assert texts(owner) == ["ok"] * 3
    assert len({event.external_id for event in events(owner)}) == 3


def test_an_answer_that_may_not_have_arrived_is_doubted(owner: Owner) -> None:
    take(owner, *written_by_phone("ok"))
    hearing.answered([ReceivedPart.objects.get().pk], really=False)
    take(owner, *written_by_phone("ok"))
    assert texts(owner) == ["ok"]
    ReceivedPart.objects.update(answered=False, received_at=timezone.now() - timedelta(hours=1))
    take(owner, *written_by_phone("ok"))
    assert texts(owner) == ["ok"] * 2


def test_one_that_cannot_be_stored_does_not_hold_up_the_others(owner: Owner) -> None:
    good, bad = written_by_phone("good")[0], heard(b"bad", sender="x" * 20)
    bad.deliver = replace(bad.deliver, source="x" * 400)
    assert take(owner, good, bad) == [0, TEMPORARY]
    assert texts(owner) == ["good"]


def test_another_password_in_between_is_answered_as_temporary(owner: Owner) -> None:
    Channel.objects.update(config=seal(CONFIG | {"password": "new"}), updated_at=timezone.now())
    assert take(owner, *written_by_phone("Hi")) == [TEMPORARY]
    assert not InboundRequest.objects.exists()
    assert not ReceivedPart.objects.exists()


# --- Receipts -------------------------------------------------------------------------------------


def test_a_receipt_names_the_delivery(owner: Owner) -> None:
    made = submission(owner, "a1")
    assert take(owner, receipt("00A1", "ENROUTE"), receipt("A1")) == [0, 0]
    found = [(e.state, e.delivery_uid, e.external_id) for e in events(owner)]
    assert found == [
        (State.SENT, made.delivery_uid, made.external_id),
        (State.DELIVERED, made.delivery_uid, made.external_id),
    ]
    assert made.external_id.startswith("a1/")


def test_delivered_when_all_parts_are_in_any_order_with_repeats(owner: Owner) -> None:
    made = submission(owner, "a1", "a2", "a3")
    take(owner, receipt("a3"), receipt("a3"), receipt("a2"))
    assert events(owner) == []
    take(owner, receipt("a1"))
    [event] = events(owner)
    assert (event.state, event.delivery_uid) == (State.DELIVERED, made.delivery_uid)


def test_failed_when_one_part_is(owner: Owner) -> None:
    submission(owner, "a1", "a2")
    take(owner, receipt("a1"), receipt("a2", "UNDELIV"))
    [event] = events(owner)
    assert isinstance(event, StatusUpdate)
    assert (event.state, event.error_code) == (State.FAILED, "UNDELIV 000")


def test_a_receipt_may_come_before_its_answer(owner: Owner) -> None:
    early = receipt("a1")
    hearing.take(owner, [early])
    assert (early.early, events(owner)) == (True, [])
    made = submission(owner, "a1")
    early.last_chance = True
    assert take(owner, early) == [0]
    assert [event.delivery_uid for event in events(owner)] == [made.delivery_uid]


def test_a_receipt_that_belongs_to_nobody_is_kept_at_the_end(owner: Owner) -> None:
    stranger = receipt("77aa")
    stranger.last_chance = True
    assert take(owner, stranger) == [0]
    [event] = events(owner)
    assert (event.external_id, event.delivery_uid) == ("77aa", None)


def test_ids_that_begin_anew_belong_to_the_newest(owner: Owner) -> None:
    old, new = submission(owner, "1"), submission(owner, "1")
    assert old.external_id != new.external_id
    take(owner, receipt("1"))
    assert [event.delivery_uid for event in events(owner)] == [new.delivery_uid]


def test_another_channels_ids_are_not_ours(owner: Owner) -> None:
    submission(owner, "a1")
    other = Channel.objects.create(
        workspace=builders.workspace(), kind="smpp", name="Other", config=seal(CONFIG)
    )
    theirs = Owner(other.pk, other.workspace_id, owner.account, owner.key)
    early = receipt("a1")
    hearing.take(theirs, [early])
    assert early.early


# --- The journal ----------------------------------------------------------------------------------


def test_the_journal_knows_exactly_what_left(owner: Owner) -> None:
    since = timezone.now() - timedelta(seconds=1)

    def known(made: Submission) -> tuple[bool, str]:
        found = journal.look_up(owner.channel_id, made.delivery_uid, since)
        return found.known, found.external_id

    taken, unclear = submission(owner, "a1", "a2"), submission(owner, "b1", total=2)
    assert known(taken) == (True, taken.external_id)
    assert known(unclear) == (True, "")
    refused = Submission(owner.workspace_id, owner.channel_id, uuid4(), CUSTOMER, 1)
    journal._begin([refused])
    assert known(refused) == (True, "")
    refused.state = SubmittedPart.State.REFUSED
    journal._end([refused])
    assert known(refused) == (False, "")
    later = timezone.now() + timedelta(seconds=1)
    assert not journal.look_up(owner.channel_id, taken.delivery_uid, later).known


def test_old_parts_are_forgotten_and_waiting_ones_are_not(owner: Owner) -> None:
    submission(owner, "a1")
    take(owner, *written_by_phone("Hi"), written_by_phone("a" * 200)[0])
    journal.prune()
    assert (SubmittedPart.objects.count(), ReceivedPart.objects.count()) == (1, 2)
    with transaction.atomic():
        SubmittedPart.objects.update(created_at=timezone.now() - timedelta(days=15))
        ReceivedPart.objects.update(received_at=timezone.now() - timedelta(days=3))
    journal.prune()
    assert (SubmittedPart.objects.count(), ReceivedPart.objects.count()) == (0, 1)
