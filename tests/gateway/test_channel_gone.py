"""Channels that are switched off or removed while something is under way: it ends cleanly."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from conversations.models import Message
from gateway.channels import delete_channel, update_channel
from gateway.drain import drain
from gateway.duties.doing import do_due
from gateway.duties.model import ChannelDuty, Duty
from gateway.events import InboundMessage
from gateway.models import Channel, ChannelLog, InboundRequest, SignatureRefusal
from tests import builders
from tests.gateway import anything, twilio
from tests.gateway.test_door import drain_all
from tests.gateway.test_duties import Provider, made
from tests.gateway.test_duties import provider as provider

pytestmark = pytest.mark.django_db(transaction=True)

WROTE = InboundMessage("m1", "77", "us", "Hello")


def removed(channel: Channel) -> None:
    delete_channel(channel=Channel.objects.get(pk=channel.pk), member=None)


def switch(channel: Channel, enabled: bool) -> None:
    update_channel(channel=channel, member=None, enabled=enabled)


def post(channel: Channel, text: str) -> int:
    fields = twilio.inbound_fields(channel, "+14155550101", text)
    return int(twilio.post(channel, fields).status_code)


# --- Webhooks


def test_who_is_switched_off_lets_nobody_in_and_later_again() -> None:
    channel = builders.channel()
    assert post(channel, "One") == 200
    switch(channel, enabled=False)
    assert [post(channel, "Two"), post(channel, "Two")] == [404, 404]
    drain_all()
    assert list(Message.objects.values_list("text", flat=True)) == ["One"]
    switch(channel, enabled=True)
    assert post(channel, "Three") == 200
    drain_all()
    assert list(Message.objects.values_list("text", flat=True)) == ["One", "Three"]


def test_strangers_do_not_learn_that_it_is_off() -> None:
    channel = builders.channel(enabled=False)
    fields = twilio.inbound_fields(channel, "+14155550101", "Hi")
    assert twilio.post(channel, fields, token="another").status_code == 403
    assert SignatureRefusal.objects.get().count == 1
    assert not InboundRequest.objects.exists()


def test_what_was_let_in_before_is_still_taken_in() -> None:
    channel = builders.channel()
    post(channel, "One")
    switch(channel, enabled=False)
    drain_all()
    assert Message.objects.get().text == "One"


def test_a_removed_channel_is_not_known_any_more() -> None:
    channel = builders.channel()
    assert post(channel, "One") == 200
    removed(channel)
    assert drain() == 0
    assert post(channel, "Two") == 404
    assert not InboundRequest.objects.exists()
    assert not Message.objects.exists()


# --- Duties


@pytest.fixture
def polled(provider: Provider) -> Channel:
    """A channel whose next poll brings a message."""
    channel = made()
    ChannelDuty.objects.filter(channel=channel, duty=Duty.REGISTER).update(due_at=None)
    provider.pages = [{"bodies": [anything.body_of(WROTE)], "cursor": "c1", "more": False}]
    return channel


def meanwhile(provider: Provider, act: Callable[[], None]) -> None:
    """``act`` happens while the provider is asked, in a thread of the provider's."""

    def acted() -> None:
        try:
            act()
        finally:
            connections.close_all()

    provider.meanwhile = acted


def test_removed_while_it_is_asked_nothing_is_stored(provider: Provider, polled: Channel) -> None:
    meanwhile(provider, lambda: removed(polled))
    assert do_due() == 1
    for model in (InboundRequest, ChannelDuty, ChannelLog):
        assert not model.objects.exists()
    assert do_due() == 0


def test_switched_off_while_it_is_asked_nothing_is_lost(
    provider: Provider, polled: Channel
) -> None:
    meanwhile(provider, lambda: switch(polled, enabled=False))
    assert do_due() == 1
    drain()
    assert Message.objects.get().text == "Hello"
    ChannelDuty.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    assert do_due() == 0
    switch(polled, enabled=True)
    while do_due():
        pass
    assert provider.asked == ["", "c1"]
    assert len(provider.hooks) == 1


def test_a_channel_of_a_kind_that_is_gone_fails_alone(provider: Provider, polled: Channel) -> None:
    other = made(name="them")
    Channel.objects.filter(pk=polled.pk).update(kind="gone")
    while do_due():
        pass
    errors = dict(ChannelDuty.objects.filter(duty=Duty.POLL).values_list("channel", "error"))
    assert "gone" in errors[polled.pk]
    assert errors[other.pk] == ""
