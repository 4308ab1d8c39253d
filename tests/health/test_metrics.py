"""What Prometheus is told, and who may ask."""

from datetime import timedelta

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import Role
from gateway.models import (
    Bucket,
    ChannelLog,
    Delivery,
    DeliveryStatus,
    InboundRequest,
    InboundState,
    SignatureRefusal,
)
from gateway.outbox.settle import BREAKER_AFTER
from gateway.states import State
from operations import tallies
from operations.models import Tally
from routing.models import Agent, Presence
from tests import builders

pytestmark = pytest.mark.django_db


def read(client):
    response = client.get("/metrics", headers={"authorization": "Bearer open"})
    assert response.status_code == 200
    families = text_string_to_metric_families(response.content.decode())
    order = ["workspace", "channel"]
    return {
        (
            sample.name.removeprefix("omnichannel_"),
            *(sample.labels[name] for name in order if name in sample.labels),
            *(value for name, value in sample.labels.items() if name not in order),
        ): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture(autouse=True)
def token(settings):
    settings.METRICS_TOKEN = "open"


def delivery(channel, state, age=0):
    return Delivery.objects.create(
        workspace=channel.workspace,
        channel=channel,
        medium="sms",
        address=builders.phone(),
        content={"text": "x"},
        state=state,
        due_at=timezone.now(),
        created_at=timezone.now() - timedelta(seconds=age),
    )


def log(channel, ok, age=120, kind="send", error_class=""):
    return ChannelLog.objects.create(
        workspace=channel.workspace,
        channel=channel,
        kind=kind,
        ok=ok,
        error_class=error_class,
        method="POST",
        url="https://api.example/",
        created_at=timezone.now() - timedelta(seconds=age),
    )


def test_depth_and_age_of_the_outbox(client):
    channel, quiet = builders.channel(), builders.channel()
    delivery(channel, State.QUEUED, age=90)
    delivery(channel, State.SENDING, age=10)
    delivery(channel, State.SENT, age=900)

    found = read(client)

    place = (str(channel.workspace_id), str(channel.pk))
    assert found["outbox_depth", *place] == 2
    assert 90 <= found["outbox_oldest_seconds", *place] < 100
    assert found["channel_paused", *place] == 0
    assert found["outbox_depth", str(quiet.workspace_id), str(quiet.pk)] == 0


def test_unclear_sends_and_an_open_breaker(client):
    channel, healthy = builders.channel(), builders.channel()
    for _ in range(2):
        delivery(channel, State.UNKNOWN)
    until = timezone.now() + timedelta(seconds=40)
    Bucket.objects.filter(pk=channel.pk).update(failures=BREAKER_AFTER, refilled_at=until)
    Bucket.objects.filter(pk=healthy.pk).update(failures=BREAKER_AFTER - 1)

    found = read(client)

    place, other = ((str(c.workspace_id), str(c.pk)) for c in (channel, healthy))
    assert found["outbox_unknown", *place] == 2
    assert (found["breaker_open", *place], found["breaker_open", *other]) == (1, 0)
    assert 30 < found["channel_rests_seconds", *place] <= 40
    assert found["channel_rests_seconds", *other] == 0


def test_failed_sends_count_by_class_of_error(client):
    channel = builders.channel()
    log(channel, True)
    log(channel, False)
    for name in ("Throttled", "BadCredentials", "Throttled"):
        log(channel, False, error_class=name)

    tallies.count_up()

    place, found = (str(channel.workspace_id), str(channel.pk)), read(client)
    assert found["sends_total", *place, "ok"] == 1
    assert found["sends_total", *place, "failed"] == 4
    assert found["send_errors_total", *place, "throttled"] == 2
    assert found["send_errors_total", *place, "bad_credentials"] == 1
    assert found["send_errors_total", *place, "failed"] == 1


def test_inbound_refusals_waiting_and_agents(client):
    channel = builders.channel()
    workspace = channel.workspace
    for state in (InboundState.NEW, InboundState.FAILED, InboundState.FAILED, InboundState.DONE):
        InboundRequest.objects.create(
            workspace=workspace, channel=channel, shard=0, state=state, method="POST",
            url="https://us.example/", body=b"", received_at=timezone.now(),
        )  # fmt: skip
    today = timezone.now().date()
    for days in (0, 1):
        SignatureRefusal.objects.create(
            workspace=workspace, channel=channel, day=today - timedelta(days=days), count=4
        )
    queued = timezone.now() - timedelta(seconds=50)
    builders.conversation(channel, queued_at=queued)
    builders.conversation(channel)
    Agent.objects.create(
        workspace=workspace, member=builders.member(workspace), status=Presence.ONLINE
    )
    Agent.objects.create(
        workspace=workspace,
        member=builders.member(workspace, ended_at=timezone.now()),
        status=Presence.ONLINE,
    )

    found = read(client)

    place = (str(workspace.pk), str(channel.pk))
    assert found["inbound_requests", *place, "new"] == 1
    assert found["inbound_requests", *place, "failed"] == 2
    assert found["inbound_requests", *place, "unknown"] == 0
    assert 0 <= found["inbound_oldest_seconds", *place] < 10
    assert found["signature_refusals_total", *place] == 8
    assert found["conversations_waiting", str(workspace.pk)] == 1
    assert 50 <= found["conversations_oldest_seconds", str(workspace.pk)] < 60
    assert found["agents", str(workspace.pk), "online"] == 1


def test_totals_only_grow_and_count_each_row_once(client):
    channel = builders.channel()
    for ok in (True, True, False):
        log(channel, ok)
    log(channel, True, kind="check")
    fresh = log(channel, True, age=0)
    for number, state in enumerate([State.DELIVERED, State.DELIVERED, State.FAILED]):
        DeliveryStatus.objects.create(
            workspace=channel.workspace, channel=channel, external_id=f"SM{number}", state=state,
            provider_word=state, occurred_at=timezone.now(),
            received_at=timezone.now() - timedelta(minutes=5),
        )  # fmt: skip

    tallies.count_up()
    tallies.count_up()

    place = (str(channel.workspace_id), str(channel.pk))
    found = read(client)
    assert found["sends_total", *place, "ok"] == 2
    assert found["sends_total", *place, "failed"] == 1
    assert found["reports_total", *place, "delivered"] == 2
    assert found["reports_total", *place, "failed"] == 1

    ChannelLog.objects.filter(id=fresh.id).update(created_at=timezone.now() - timedelta(minutes=1))
    ChannelLog.objects.filter(id__lt=fresh.id).delete()
    tallies.count_up()

    assert read(client)["sends_total", *place, "ok"] == 3
    assert Tally.objects.filter(source="sends").count() == 2


def test_the_statements_do_not_grow_with_the_rows(client, django_assert_num_queries):
    for _ in range(4):
        channel = builders.channel()
        delivery(channel, State.QUEUED)
        log(channel, True)
        builders.member(channel.workspace, Role.ADMIN)
    tallies.count_up()

    with django_assert_num_queries(9):
        client.get("/metrics", headers={"authorization": "Bearer open"})


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Bearer", "Token open", "Bearer öpen"])
def test_a_wrong_token_is_refused(client, header):
    response = client.get("/metrics", headers={"authorization": header})

    assert response.status_code == 401
    assert b"omnichannel" not in response.content


def test_without_a_token_it_is_open_in_development_only(client, settings):
    settings.METRICS_TOKEN = ""
    settings.DEBUG = False
    assert client.get("/metrics").status_code == 404

    settings.DEBUG = True
    assert client.get("/metrics").status_code == 200
