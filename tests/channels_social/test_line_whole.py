"""LINE in the product, over real processes: customers, answers, taps, files, tokens, retries."""

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from gateway.channels import check_config_with_provider
from gateway.errors import Ambiguous, SendError
from gateway.media.models import FileState, MessageFile
from gateway.models import Delivery, InboundRequest, SignatureRefusal, Suppression
from gateway.outbox.ask import end_leases
from gateway.outbox.claim import claim, ensure_buckets
from gateway.outbox.flights import Flights
from gateway.outbox.places import Load
from gateway.outbox.prepare import Ready, as_message, status_url
from gateway.outbox.queue import queue_delivery
from gateway.outbox.row import Row
from gateway.outbox.settle import Outcome
from gateway.registry import adapter_for
from gateway.signalling.sending import Wanted
from gateway.signalling.sending import send as send_signal
from gateway.states import State
from simulator.identities import identity
from tests import builders
from tests.api.client import errors
from tests.channels_social.talk import PERSON, PICTURE, Talk, as_base64

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CUSTOMER = identity("line", PERSON)
CONFIG = {
    "basic_id": "@123abcde",
    "channel_secret": "0123456789abcdef0123456789abcdef",
    "access_token": "long-token@123abcde",
}


def test_a_talk(settings: Any, tmp_path: Path) -> None:
    with Talk(settings, tmp_path, "line", CONFIG) as talk:
        assert "Simulated account (@123abcde)" in str(talk.checked)
        with pytest.raises(SendError):
            check_config_with_provider("line", CONFIG | {"access_token": "wrong"})

        # The customer writes, and is answered with something to tap.
        first = talk.write("¿Dónde está mi pedido? 📦")
        [message] = talk.messages()
        assert (message.text, message.external_id) == ("¿Dónde está mi pedido? 📦", first)
        assert talk.conversation.address.value == CUSTOMER
        taps = [{"type": "reply", "text": "Sí", "payload": "order:42"}]
        talk.answer(content={"text": "¿El 42?", "suggestions": taps})
        [sent] = talk.sent()
        assert (sent["to"], sent["body"]) == (CUSTOMER, "¿El 42?")
        chip = sent["content"]["suggestions"][0]["reply"]
        assert Delivery.objects.get().external_id == sent["sid"]
        talk.write(chip["text"], payload=chip["postbackData"])
        assert talk.tapped() == ("Sí", "order:42")

        # A file each way, and a place.
        talk.write(media=[{"content_type": "image/png", "data": as_base64(PICTURE)}])
        talk.fetch()
        kept = MessageFile.objects.get(message_uid=talk.messages()[-1].uid)
        assert (kept.state, kept.content_type, kept.error) == (FileState.STORED, "image/png", "")
        talk.answer(content={"media": [{"file": talk.upload()}]})
        [url] = talk.sent()[-1]["media"]
        assert url.startswith(talk.processes.url)
        talk.write(location={"latitude": 40.4, "longitude": -3.7})

        # They see that somebody is writing, and what was read.
        send_signal(Wanted(str(talk.channel.pk), "typing", CUSTOMER, str(uuid.uuid4())))
        read = message.data["read_token"]
        send_signal(Wanted(str(talk.channel.pk), "read", CUSTOMER, str(uuid.uuid4()), read))
        shown = talk.ask(f"/signals?to={CUSTOMER}")["signals"]
        assert [one["type"] for one in shown] == ["loading", "markAsRead"]

        # An answer quotes what they wrote; what came without words cannot be quoted.
        talk.answer(text="Ese", quotes=message.pk)
        assert Delivery.objects.latest("id").state == State.SENT
        place, url = talk.messages()[-1], f"conversations/{talk.conversation.pk}/messages/"
        refused = talk.api.post(url, {"text": "Ahí", "quotes": place.pk})
        assert (refused.status_code, list(errors(refused))) == (400, ["quotes"])

        # An unclear push is repeated under its key, and shown once.
        talk.faults(drop_after_accept=1)
        queue_delivery(
            channel=talk.channel, address="U" + "1" * 32, text="Once", message_uid=uuid.uuid4()
        )
        talk.run_outbox()
        assert Delivery.objects.order_by("id").last().state == State.QUEUED  # type: ignore[union-attr]
        talk.faults()
        Delivery.objects.update(due_at=talk.channel.created_at)
        talk.run_outbox()
        last = Delivery.objects.order_by("id").last()
        assert last is not None
        assert (last.state, last.attempts) == (State.SENT, 2)
        assert [one["body"] for one in talk.sent()].count("Once") == 1
        assert last.external_id == talk.sent()[-1]["sid"]

        # What they take back is erased; who blocks the account is left alone.
        talk.write(event="unsend", message_id=first)
        erased = talk.messages()[0]
        assert (erased.external_id, erased.text) == (first, "")
        talk.write(event="unfollow")
        assert Suppression.objects.filter(address=CUSTOMER).exists()
        talk.write(event="follow")
        assert not Suppression.objects.filter(address=CUSTOMER).exists()
    assert not SignatureRefusal.objects.exists()


def test_a_reply_that_ended_unclear_is_never_pushed(settings: Any, tmp_path: Path) -> None:
    """LINE would not recognise the push as the same message, and show both."""
    with Talk(settings, tmp_path, "line", CONFIG) as talk:
        talk.write("Hi")
        token = json.loads(bytes(InboundRequest.objects.get().body))["events"][0]["replyToken"]
        talk.faults(drop_after_accept=1)
        outcome = fly(talk, token)
        assert isinstance(outcome.error, Ambiguous)
        assert not outcome.idempotent
        assert [one["traffic"] for one in talk.sent()] == ["reply"]
        # A push may be repeated; a token that is used up is followed by one.
        assert fly(talk, "").idempotent
        talk.faults()
        assert fly(talk, token).error is None
        assert [one["traffic"] for one in talk.sent()] == ["reply", "push", "push"]


def fly(talk: Talk, token: str) -> Outcome:
    """One attempt to answer by this token."""
    delivery = queue_delivery(
        channel=talk.channel, address=CUSTOMER, text="Hello", message_uid=uuid.uuid4()
    )
    row = Row.of_delivery(delivery)
    message = as_message(row, status_url(talk.channel.pk))
    message.reply_token = token

    async def attempt() -> Outcome:
        flights = Flights(asyncio.get_running_loop())
        try:
            return await flights._fly(Ready(row, message, adapter_for(talk.channel)))
        finally:
            if flights.session is not None:
                await flights.session.close()

    return asyncio.run(attempt())


def test_a_dead_worker_may_have_replied(settings: Any) -> None:
    channel = builders.channel(kind="line", config=CONFIG)
    queue_delivery(channel=channel, address=CUSTOMER, text="Hello", message_uid=uuid.uuid4())
    ensure_buckets()
    assert len(claim(Load()).rows) == 1
    Delivery.objects.update(lease_until=channel.created_at)
    assert end_leases() == 1
    assert Delivery.objects.get().state == State.UNKNOWN
