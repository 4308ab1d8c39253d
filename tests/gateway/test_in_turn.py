"""Answers to one person leave in the order in which they were written."""

import asyncio
import uuid

import pytest
from aiohttp import web

from gateway.content.model import Content
from gateway.events import About
from gateway.models import Bucket, Channel, Delivery
from gateway.outbox.claim import Account, Claim, claim
from gateway.outbox.places import Load
from gateway.outbox.prepare import Lines, prepare_sends
from gateway.outbox.queue import Terms, queue_parts
from gateway.outbox.row import Row
from gateway.states import State
from tests import builders
from tests.gateway.sink import Sink, accepted, answer
from tests.gateway.test_outbox import bulk, queued, run, sink, state
from tests.payloads.x.exhibit import CONFIG as X_CONFIG

__all__ = ["sink"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)

ANA, BEN = "+14155550101", "+14155550102"


def claimed() -> list[str]:
    """The texts of what a claim takes, tokens aside."""
    Bucket.objects.update(tokens=40)
    return [row.content["text"] for row in claim(Load()).rows]


def parts(channel: Channel, address: str, *texts: str) -> list[Delivery]:
    """A message that became several."""
    contents = [Content(text) for text in texts]
    terms = Terms(uuid.uuid4())
    return queue_parts(channel=channel, address=address, parts=contents, terms=terms)


def test_one_person_waits_for_the_answer_before_others_do_not() -> None:
    channel, other = builders.channel(), builders.channel()
    queued(channel, "one", address=ANA)
    queued(channel, "two", address=ANA)
    queued(channel, "hello", address=BEN)
    queued(other, "elsewhere", address=ANA)
    assert sorted(claimed()) == ["elsewhere", "hello", "one"]
    assert claimed() == []
    Delivery.objects.filter(content__text="one").update(state=State.UNKNOWN)
    assert claimed() == ["two"]


def test_a_campaign_waits_for_nobody_and_holds_nobody_up() -> None:
    channel = builders.channel()
    bulk(channel, 2)
    Delivery.objects.update(address=ANA)
    queued(channel, "Reply", address=ANA)
    assert claimed() == ["Reply", "Offer", "Offer"]


def test_parts_of_a_thread_stand_below_each_other() -> None:
    """What comes after a part that is out names it; after one that is not, what all answer."""
    channel = builders.channel(kind="x", config=X_CONFIG)
    terms = Terms(uuid.uuid4(), about=About(reply_to="100", public=True))
    contents = [Content(text) for text in ("one", "two", "three")]
    rows = queue_parts(channel=channel, address="77", parts=contents, terms=terms)
    assert [row.content["about"].get("follows", False) for row in rows] == [False, True, True]

    def above() -> list[str]:
        given = Claim([Row.of_delivery(row) for row in rows], None, accounts={channel.pk: account})
        ready = prepare_sends(given, Lines()).ready
        return [one.message.about.reply_to for one in ready]

    account = Account("x", bytes(channel.config))
    assert above() == ["100", "100", "100"]
    Delivery.objects.filter(pk=rows[0].pk).update(external_id="201")
    assert above() == ["100", "201", "201"]
    Delivery.objects.filter(pk=rows[1].pk).update(external_id="202")
    assert above() == ["100", "201", "202"]


def test_parts_arrive_in_order_whatever_the_provider_makes_of_them(sink: Sink) -> None:
    async def slowly(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return accepted("SM" + "7" * 32)

    sink.answers = [slowly, answer(400, 21211)]
    rows = parts(builders.channel(), ANA, "one", "two", "three")
    run()
    assert [fields["Body"] for fields in sink.received] == ["one", "two", "three"]
    assert [state(row) for row in rows] == [State.SENT, State.FAILED, State.SENT]
    assert [row.part for row in rows] == [0, 1, 2]
