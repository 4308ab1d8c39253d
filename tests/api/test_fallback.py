"""Fallbacks through the API: of a channel, and of one message."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Role
from gateway.channels import create_channel
from gateway.fallback.model import Fallback
from gateway.models import Channel, Delivery
from tests import builders
from tests.api.client import caller, errors
from tests.payloads.google_rcs.exhibit import AGENT, config
from tests.payloads.twilio_rcs import exhibit as twilio

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Any:
    """An admin's program."""
    return caller(Role.ADMIN)


def rcs(api: Any, **fields: Any) -> Channel:
    """An RCS agent of the workspace."""
    return builders.channel(api.workspace, config(), kind="google_rcs", address=AGENT, **fields)


def message(channel: Channel, **fields: Any) -> dict[str, Any]:
    """What is asked of ``messages/``."""
    to = {"kind": "phone", "value": "+14155550177"}
    return {"to": to, "channel": str(channel.pk), "text": "Hello"} | fields


def test_a_channel_names_another_and_forgets_it(api: Any) -> None:
    first, behind = rcs(api), builders.channel(api.workspace)
    path = f"channels/{first.pk}/"
    assert api.get(path).json()["fallback"] is None
    wanted = {"channel": str(behind.pk), "after_s": 90, "success": "read"}
    assert api.patch(path, {"fallback": wanted}).json()["fallback"] == wanted
    assert api.get(path).json()["fallback"] == wanted
    assert api.patch(path, {"fallback": None}).json()["fallback"] is None


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"after_s": 4}, ["fallback.after_s"]),
        ({"after_s": 700_000}, ["fallback.after_s"]),
        ({"success": "lost"}, ["fallback.success"]),
        ({"channel": str(uuid.uuid4())}, ["fallback.channel"]),
        ({"channel": "itself"}, ["fallback.channel"]),
        ({"channel": "another workspace's"}, ["fallback.channel"]),
    ],
)
def test_what_cannot_work_is_named(api: Any, fields: dict[str, Any], names: list[str]) -> None:
    first, behind = rcs(api), builders.channel(api.workspace)
    places = {"itself": first.pk, "another workspace's": builders.channel().pk}
    wanted = {"channel": str(behind.pk)} | fields
    wanted["channel"] = str(places.get(wanted["channel"], wanted["channel"]))
    answer = api.patch(f"channels/{first.pk}/", {"fallback": wanted})
    assert list(errors(answer)) == names
    sent = api.post("messages/", message(first, fallback=wanted))
    assert list(errors(sent)) == names
    first.refresh_from_db()
    assert first.fallback_channel is None
    assert not Delivery.objects.exists()


def left_to_twilio(api: Any, **fields: str) -> Channel:
    """An RCS sender whose Messaging Service sends SMS itself, unless the fields say otherwise."""
    own = {"messaging_service_sid": twilio.SERVICE, "sms_fallback": "twilio"} | fields
    settings = twilio.config(**own)
    return create_channel(
        workspace=api.workspace, member=None, kind="twilio_rcs", name="Shop", config=settings
    )


def test_where_the_provider_falls_back_nothing_of_ours_does(api: Any) -> None:
    first, behind = left_to_twilio(api), builders.channel(api.workspace)
    wanted = {"channel": str(behind.pk)}
    answer = api.patch(f"channels/{first.pk}/", {"fallback": wanted})
    assert list(errors(answer)) == ["fallback.channel"]
    assert "twice" in str(errors(answer))
    sent = api.post("messages/", message(first, fallback=wanted))
    assert list(errors(sent)) == ["fallback.channel"]
    first.refresh_from_db()
    assert first.fallback_channel is None
    assert not Delivery.objects.exists()
    assert api.post("messages/", message(first)).status_code == 202


def test_a_channel_with_a_fallback_is_not_left_to_its_provider(api: Any) -> None:
    first, behind = left_to_twilio(api, sms_fallback="ours"), builders.channel(api.workspace)
    path, to_twilio = f"channels/{first.pk}/", {"sms_fallback": "twilio"}
    assert api.patch(path, {"fallback": {"channel": str(behind.pk)}}).status_code == 200
    refused = api.patch(path, {"config": to_twilio})
    assert list(errors(refused)) == ["fallback.channel"]
    assert api.get(path).json()["config"]["sms_fallback"] == "ours"
    # At once it can be changed, in either direction.
    assert api.patch(path, {"config": to_twilio, "fallback": None}).status_code == 200
    back = {"config": {"sms_fallback": "ours"}, "fallback": {"channel": str(behind.pk)}}
    assert api.patch(path, back).status_code == 200


def test_sms_does_not_say_what_was_read(api: Any) -> None:
    sms, other = builders.channel(api.workspace), builders.channel(api.workspace)
    wanted = {"channel": str(other.pk), "success": "read"}
    answer = api.patch(f"channels/{sms.pk}/", {"fallback": wanted})
    assert list(errors(answer)) == ["fallback.success"]


def test_a_message_says_what_takes_over(api: Any) -> None:
    first, behind = rcs(api), builders.channel(api.workspace)
    wanted = {"channel": str(behind.pk), "after_s": 30, "success": "delivered"}
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    body = message(first, fallback=wanted, urgent=True, expires_at=later)
    assert api.post("messages/", body).status_code == 202
    row = Delivery.objects.get()
    assert (row.channel_id, row.fallback_s) == (first.pk, 30)
    assert row.expires_at is not None
    fallback = Fallback.objects.get()
    assert (fallback.channel_id, fallback.urgent) == (behind.pk, True)


def test_without_a_word_its_channel_decides_and_null_is_none(api: Any) -> None:
    behind = builders.channel(api.workspace)
    first = rcs(api, fallback_channel=behind, fallback_after_s=45)
    assert api.post("messages/", message(first)).status_code == 202
    assert api.post("messages/", message(first, fallback=None)).status_code == 202
    by_channel, without = Delivery.objects.order_by("pk")
    assert (by_channel.fallback_s, without.fallback_s) == (45, None)
    assert Fallback.objects.get().delivery_id == by_channel.pk


def test_too_late_is_refused(api: Any) -> None:
    past = (timezone.now() - timedelta(minutes=1)).isoformat()
    answer = api.post("messages/", message(rcs(api), expires_at=past))
    assert list(errors(answer)) == ["expires_at"]
    assert not Delivery.objects.exists()
