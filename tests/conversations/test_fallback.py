"""What did not arrive by RCS goes out by SMS, and what is answered there belongs to the thread."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts.models import Address
from conversations.models import Conversation, Message, Status
from conversations.presenters.conversation import present
from conversations.presenters.reaching import reaching
from conversations.services import send_message
from gateway.content.model import Content, Media
from gateway.content.reading import read
from gateway.contract import Reach, Reached
from gateway.errors import NotCapable, OptedOut, Rejected
from gateway.fallback.model import Fallback, Success, Verdict
from gateway.media.storing import store
from gateway.models import Bucket, Channel, Delivery
from gateway.outbox.claim import claim
from gateway.outbox.places import Load
from gateway.outbox.prepare import as_message
from gateway.outbox.row import Row
from gateway.outbox.settle import Outcome, settle
from gateway.reach.asking import note
from gateway.states import State
from tests import builders as make
from tests.gateway import twilio
from tests.gateway.media.shelf import PNG
from tests.gateway.media.test_serving import upload_of
from tests.gateway.test_door import drain_all
from tests.payloads.google_rcs.exhibit import AGENT, config

pytestmark = pytest.mark.django_db

ROOMS = read(
    {
        "cards": [
            {"title": "Sea", "suggestions": [{"type": "reply", "text": "Sea", "payload": "s"}]},
            {"title": "Garden", "suggestions": [{"type": "reply", "text": "Garden"}]},
        ]
    }
)


def pair(**fields: Any) -> tuple[Channel, Channel]:
    """RCS with SMS behind it."""
    sms = make.channel(**fields)
    rcs = make.channel(
        sms.workspace, config(), kind="google_rcs", address=AGENT, fallback_channel=sms
    )
    return rcs, sms


def leave(error: Any = None) -> list[Delivery]:
    """What is due leaves; RCS messages end with the error."""
    Bucket.objects.update(tokens=1000, refilled_at=timezone.now() - timedelta(seconds=1))
    rows = claim(Load()).rows
    for row in rows:
        failed = error if row.medium == "rcs" else None
        sid = None if failed else f"SM{uuid.uuid4().hex}"
        settle([Outcome(row, external_id=sid, error=failed)])
    return list(Delivery.objects.filter(pk__in=[row.pk for row in rows]))


def test_what_takes_over_and_what_is_answered_is_worded_as_its_channel_is_set() -> None:
    rcs, sms = pair(config={"lookalikes": "accents"})
    conversation = make.conversation(rcs)
    agent = make.member(rcs.workspace)
    message = send_message(conversation=conversation, author=agent, text="“Está” listo – ya")
    assert message.text == "“Está” listo – ya"
    leave(NotCapable("No RCS", code="404"))
    (words,) = leave()
    assert (words.channel_id, words.content["text"]) == (sms.pk, '"Esta" listo - ya')
    # An answer by SMS stands in the thread as it went out.
    answer = send_message(conversation=make.conversation(sms), author=agent, text="“Sí”")
    assert answer.text == '"Si"'


def test_a_phone_without_rcs_gets_sms_at_once_and_answers_in_the_same_thread() -> None:
    rcs, sms = pair()
    conversation = make.conversation(rcs)
    agent = make.member(rcs.workspace)
    message = send_message(conversation=conversation, author=agent, content=ROOMS)
    leave(NotCapable("No RCS", code="404"))
    (words,) = leave()
    assert (words.channel_id, words.state) == (sms.pk, State.SENT)
    assert words.content["text"] == "Sea\n1. Sea\n\nGarden\n2. Garden"
    (bubble,) = present([Message.objects.get(pk=message.pk)], agent)
    assert bubble.fate is not None
    assert (bubble.fate.state, bubble.fate.problem) == (State.SENT, "")
    assert bubble.fate.story == "This phone takes no RCS; sent as SMS."

    twilio.post(sms, twilio.inbound_fields(sms, conversation.address.value, "2"))
    drain_all()
    answer = Message.objects.get(direction="inbound")
    assert answer.conversation_id == conversation.pk
    assert answer.channel_id == sms.pk
    assert answer.data["tap"] == {"text": "Garden", "payload": "", "message": str(message.uid)}

    conversation.refresh_from_db()
    assert conversation.reply_channel == sms
    send_message(conversation=conversation, author=agent, text="The garden it is.")
    (reply,) = leave()
    assert (reply.channel_id, reply.fallback_s) == (sms.pk, None)
    twilio.post(sms, twilio.inbound_fields(sms, conversation.address.value, "Thanks"))
    drain_all()
    assert Conversation.objects.get() == conversation


def test_the_next_message_on_rcs_itself_brings_the_answers_back_there() -> None:
    rcs, sms = pair()
    conversation = make.conversation(rcs, answers_on=sms)
    Channel.objects.filter(pk=sms.pk).update(takes_over=True)
    twilio.post(sms, twilio.inbound_fields(sms, conversation.address.value, "By SMS"))
    drain_all()
    assert Conversation.objects.get(pk=conversation.pk).reply_channel == sms
    assert Message.objects.get(text="By SMS").conversation_id == conversation.pk


def test_with_an_open_thread_of_its_own_sms_stays_there() -> None:
    rcs, sms = pair()
    person = make.contact(rcs.workspace)
    where = make.address(person)
    Channel.objects.filter(pk=sms.pk).update(takes_over=True)
    own = make.conversation(sms, person)
    twilio.post(sms, twilio.inbound_fields(sms, where.value, "Hello"))
    drain_all()
    assert Message.objects.get(text="Hello").conversation_id == own.pk


def test_who_answers_after_the_thread_was_resolved_opens_it_where_it_was() -> None:
    rcs, sms = pair()
    conversation = make.conversation(rcs)
    send_message(conversation=conversation, author=None, text="Hello")
    leave(NotCapable("No RCS"))
    leave()
    Conversation.objects.update(status=Status.RESOLVED)
    twilio.post(sms, twilio.inbound_fields(sms, conversation.address.value, "Late"))
    drain_all()
    conversation.refresh_from_db()
    assert (conversation.status, conversation.reply_channel) == (Status.OPEN, sms)
    assert Message.objects.get(text="Late").conversation_id == conversation.pk


def test_another_workspaces_numbers_mean_nothing() -> None:
    rcs, _sms = pair()
    conversation = make.conversation(rcs)
    send_message(conversation=conversation, author=None, text="Hello")
    leave(NotCapable("No RCS"))
    leave()
    strange = make.channel()
    Channel.objects.filter(pk=strange.pk).update(takes_over=True)
    twilio.post(strange, twilio.inbound_fields(strange, conversation.address.value, "Who?"))
    drain_all()
    assert Message.objects.get(text="Who?").conversation.workspace_id == strange.workspace_id


def test_who_is_known_to_have_no_rcs_is_not_tried() -> None:
    rcs, sms = pair()
    conversation = make.conversation(rcs)
    note(rcs, {conversation.address.value: Reached(Reach.NO)})
    send_message(conversation=conversation, author=None, text="Hello")
    (sent,) = leave()
    first = Delivery.objects.get(channel=rcs)
    assert (sent.channel_id, sent.replaces_id) == (sms.pk, first.pk)
    assert (first.state, first.attempts) == (State.REPLACED, 0)
    assert Fallback.objects.get().verdict == Verdict.NOT_CAPABLE


def test_who_was_refused_as_without_rcs_is_not_tried_again_for_a_while() -> None:
    rcs, sms = pair()
    conversation = make.conversation(rcs)
    here = [Address.objects.get(value=conversation.address.value)]
    assert [one.words for one in reaching(here)] == ["not asked yet"]
    send_message(conversation=conversation, author=None, text="One")
    refused = NotCapable("This carrier takes no RCS", code="404")
    leave(refused)
    assert [one.words for one in reaching(here)] == ["not asked yet"]
    leave()
    Conversation.objects.update(answers_on=None)
    refused.reach = Reach.NO
    send_message(conversation=conversation, author=None, text="Two")
    leave(refused)
    leave()
    assert [one.words for one in reaching(here)] == ["not reached"]
    Conversation.objects.update(answers_on=None)
    send_message(conversation=conversation, author=None, text="Three")
    (sent,) = leave()
    assert (sent.channel_id, sent.content["text"]) == (sms.pk, "Three")


def test_an_old_answer_is_not_relied_on() -> None:
    rcs, _sms = pair()
    conversation = make.conversation(rcs)
    note(rcs, {conversation.address.value: Reached(Reach.NO)})
    rcs.reachability_set.update(checked_at=timezone.now() - timedelta(hours=2))
    send_message(conversation=conversation, author=None, text="Hello")
    (sent,) = leave()
    assert sent.channel_id == rcs.pk


def test_success_at_sent_waits_for_nothing() -> None:
    rcs, _sms = pair()
    Channel.objects.filter(pk=rcs.pk).update(fallback_success=Success.SENT)
    conversation = make.conversation(rcs)
    send_message(conversation=conversation, author=None, text="Hello")
    (row,) = leave()
    assert row.fallback_s == 0
    assert Fallback.objects.get().verdict == Verdict.REACHED


def test_who_has_opted_out_gets_no_sms_either() -> None:
    rcs, _sms = pair()
    conversation = make.conversation(rcs)
    send_message(conversation=conversation, author=None, text="Hello")
    leave(OptedOut("Unsubscribed"))
    assert Delivery.objects.get().state == State.FAILED
    assert Fallback.objects.get().verdict == Verdict.STOPPED


def test_a_channel_behind_that_cannot_be_used_is_told() -> None:
    rcs, sms = pair()
    conversation = make.conversation(rcs)
    agent = make.member(rcs.workspace)
    message = send_message(conversation=conversation, author=agent, text="Hello")
    Channel.objects.filter(pk=sms.pk).update(config=b"broken")
    leave(Rejected("No"))
    assert Delivery.objects.get().state == State.FAILED
    (bubble,) = present([message], agent)
    assert bubble.fate is not None
    assert bubble.fate.story == "RCS did not arrive, and the channel for SMS could not be used."


def test_a_file_goes_on_as_a_link_that_opens_it() -> None:
    rcs, _sms = pair()
    row = store(workspace_id=rcs.workspace_id, content=upload_of(PNG), name="room.png")
    person = make.contact(rcs.workspace)
    make.address(person, "+34600123456")
    conversation = make.conversation(rcs, person)
    content = Content(media=(Media("", "", file=str(row.uid)),))
    send_message(conversation=conversation, author=None, content=content)
    given = as_message(Row.of_delivery(Delivery.objects.get()), "https://inbox.example.org/")
    (picture,) = given.rich.media
    assert (picture.content_type, picture.file) == ("image/png", str(row.uid))
    leave(NotCapable("No RCS"))
    (words,) = leave()
    link = re.search(r"/m/\w+/", words.content["text"])
    assert link is not None
    assert b"".join(Client().get(link.group()).streaming_content) == PNG  # type: ignore[attr-defined]
