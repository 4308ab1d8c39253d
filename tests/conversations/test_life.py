"""A message's life, as admins see it: each attempt, report and reason, in order, bounded."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from conversations.models import Kind, Message
from conversations.presenters.life import Event, events
from conversations.selectors.life import life_of
from gateway.models import Batch, BatchState, ChannelLog, Delivery, DeliveryStatus
from gateway.states import State
from tests import builders

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)


def after(seconds: int) -> Any:
    return NOW + timedelta(seconds=seconds)


def sent(**fields: Any) -> tuple[Message, Delivery]:
    channel = builders.channel(name="Main line")
    author = builders.member(channel.workspace)
    conversation = builders.conversation(channel)
    message = builders.message(
        conversation, "Secret words", direction="outbound", author=author, created_at=NOW
    )
    return message, builders.delivery(message, created_at=NOW, due_at=NOW, **fields)


def attempt(row: Delivery, at: Any, number: int = 1, name: str = "", **fields: Any) -> ChannelLog:
    known = {"ok": not name, "error_class": name, "status": None if name else 201}
    return ChannelLog.objects.create(
        workspace_id=row.workspace_id, channel_id=row.channel_id, delivery=row, kind="send",
        method="POST", url="x", attempt=number, duration_ms=12, created_at=at, **known | fields,
    )  # fmt: skip


def report(row: Delivery, at: Any, state: str, **fields: Any) -> DeliveryStatus:
    return DeliveryStatus.objects.create(
        workspace_id=row.workspace_id, channel_id=row.channel_id, external_id="SM1", state=state,
        delivery_uid=row.uid, provider_word=state, occurred_at=at, received_at=at, **fields,
    )  # fmt: skip


def titles(found: list[Event]) -> list[str]:
    return [event.title for event in found]


def test_attempts_and_reports_stand_in_the_order_of_time() -> None:
    message, row = sent(state=State.FAILED, external_id="SM1", attempts=2)
    attempt(row, after(1), 1, "Throttled", error="Too many requests", status=429)
    attempt(row, after(5), 2)
    report(row, after(7), "sent")
    report(row, after(9), "failed", error_class="Rejected", error_code="30005",
           error_text="Unknown destination")  # fmt: skip

    found = events(message, life_of(message))

    assert titles(found) == [
        f"Written by {message.author.name if message.author else ''}",
        f"Queued on Main line for {row.address}",
        "Attempt 1: not taken",
        "Attempt 2: the provider took it",
        "The provider reports: Sent",
        "The provider reports: Failed",
    ]
    assert found[1].why == "The conversation is on this channel."
    assert found[2].why == "The provider asked us to slow down for too long."
    assert found[2].detail == "HTTP 429 · 12 ms · Too many requests"
    assert found[5].detail == "failed Unknown destination (30005)"
    assert found[5].at == after(9)


def test_a_persons_retry_is_told_and_one_after_refused_credentials_is_none() -> None:
    message, row = sent(state=State.SENT)
    attempt(row, after(1), 1, "BadCredentials")
    attempt(row, after(2), 1, "Rejected")
    attempt(row, after(60), 1)

    found = titles(events(message, life_of(message)))

    assert found.count("Sent again by a person") == 1
    assert (
        found.index("Sent again by a person") == found.index("Attempt 1: the provider took it") - 1
    )


@pytest.mark.parametrize(
    ("fields", "title", "why"),
    [
        ({"state": State.EXPIRED, "expires_at": NOW}, "Expired: too late", ""),
        ({"state": State.CANCELLED}, "Cancelled before it was sent", ""),
        (
            {"state": State.FAILED, "error_class": "OptedOut", "failed_at": NOW},
            "Not sent",
            "opted out",
        ),
        ({"state": State.UNKNOWN}, "Unclear; a person decides", ""),
        ({"state": State.UNKNOWN, "ask_at": NOW}, "Unclear; the provider is asked again", ""),
        (
            {"state": State.QUEUED, "error_class": "Unreachable"},
            "Waits; due",
            "could not be reached",
        ),
    ],
)
def test_how_it_stands_has_a_reason(fields: dict[str, Any], title: str, why: str) -> None:
    message, _row = sent(**fields)
    found = [event for event in events(message, life_of(message)) if event.title.startswith(title)]
    assert len(found) == 1
    assert why in found[0].why


def test_it_tells_from_which_sender_of_a_pool_it_left() -> None:
    message, _row = sent(state=State.SENT, sender="+34900100200", sender_why="written_to")
    told = " ".join(event.why for event in events(message, life_of(message)))
    assert "From +34 900 100 200, the number this person wrote to." in told


def test_what_was_cancelled_with_its_campaign_names_it() -> None:
    message, row = sent(state=State.CANCELLED)
    row.batch = Batch.objects.create(
        workspace=message.workspace, name="Spring sale", state=BatchState.CANCELLED
    )
    row.save()
    message.kind, message.data = Kind.CAMPAIGN, {"campaign": "Spring sale"}
    message.save()

    found = events(message, life_of(message))

    assert titles(found)[0] == "Campaign “Spring sale”"
    assert found[1].why == "The campaign goes through this channel."
    assert found[-1].why == "With its campaign “Spring sale”."


def test_a_paused_channel_is_why_it_waits() -> None:
    message, row = sent()
    row.channel.paused_at, row.channel.paused_reason = NOW, "20003: Authenticate"
    row.channel.save()
    assert "20003" in events(message, life_of(message))[-1].why


def test_a_pruned_life_is_told_by_the_delivery_itself() -> None:
    message, _row = sent(state=State.DELIVERED, sent_at=after(1), delivered_at=after(2))
    assert titles(events(message, life_of(message)))[2:] == ["Sent", "Delivered"]


def test_an_inbound_message_was_received() -> None:
    message = builders.message(builders.conversation(builders.channel()), external_id="SM9")
    assert events(message, life_of(message))[0].detail == "SM9"
    assert len(events(message, life_of(message))) == 1


def page(member: Any, message: Message) -> Any:
    client = Client()
    client.force_login(member.user)
    return client.get(reverse("message-life", args=[message.conversation_id, message.pk]))


def test_admins_see_it_and_agents_do_not() -> None:
    message, row = sent(state=State.SENT)
    entry = attempt(row, after(1))
    admin = builders.member(message.workspace, Role.ADMIN)
    message.workspace.timezone = "Europe/Madrid"
    message.workspace.save()

    text = page(admin, message).content.decode()

    assert "Attempt 1: the provider took it" in text
    assert reverse("settings-log-entry", args=[entry.pk]) in text
    assert "Europe/Madrid" in text
    assert "Secret words" not in text
    assert page(builders.member(message.workspace), message).status_code == 403
    note = builders.message(message.conversation, kind=Kind.NOTE)
    assert page(admin, note).status_code == 404

    thread = Client()
    thread.force_login(admin.user)
    shown = thread.get(reverse("conversation", args=[message.conversation_id])).content.decode()
    assert reverse("message-life", args=[message.conversation_id, message.pk]) in shown


def test_it_is_told_in_spanish_too() -> None:
    message, row = sent(state=State.CANCELLED)
    attempt(row, after(1), 1, "Ambiguous")
    admin = builders.member(message.workspace, Role.ADMIN)
    admin.user.language = "es"
    admin.user.save()

    text = page(admin, message).content.decode()

    for english in ("Written by", "Queued on", "Attempt", "Cancelled", "Times in", "Delivery "):
        assert english not in text, english


def test_a_long_life_takes_no_more_statements_than_a_short_one() -> None:
    message, row = sent(state=State.SENT, external_id="SM1")
    client = Client()
    client.force_login(builders.member(message.workspace, Role.ADMIN).user)
    url = reverse("message-life", args=[message.conversation_id, message.pk])

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    attempt(row, after(1))
    few = statements()
    for number in range(30):
        attempt(row, after(number), number)
        report(row, after(number), "sent", error_code=str(number))
    builders.delivery(message, state=State.REPLACED)

    assert statements() == few <= 9
