"""The health page: what it says of channels and processes, to whom, and at what cost."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from gateway.models import Bucket, Channel, Delivery, Heartbeat, InboundRequest
from gateway.outbox.settle import BREAKER_AFTER
from gateway.vitals import Vitals
from operations.charts import area_path, line_path, rate, share, span
from operations.models import Sample
from operations.sampling import HOUR
from operations.verdicts import judge
from tests import builders

pytestmark = pytest.mark.django_db
BOARD = reverse("settings-health")
NOW = timezone.now()


def ago(seconds):
    return NOW - timedelta(seconds=seconds)


def samples(channel, count=60):
    newest = HOUR.starts(timezone.now())[-1]
    Sample.objects.bulk_create(
        Sample(
            workspace=channel.workspace, channel=channel, at=newest - timedelta(minutes=n),
            depth=n, oldest_seconds=n, inbound=0, sent=6_000 - 60 * n, failed=0,
        )
        for n in range(count)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("channel", "row", "errors", "word", "why"),
    [
        ({}, Vitals(), 0, "Working", ""),
        ({"enabled": False}, Vitals(failures=BREAKER_AFTER), 1, "Switched off", "Nothing is sent"),
        (
            {"paused_at": NOW, "paused_reason": "20003: Authenticate"},
            Vitals(),
            1,
            "Paused",
            "20003",
        ),
        (
            {},
            Vitals(failures=BREAKER_AFTER, rests_until=ago(-40), oldest_at=ago(900)),
            1,
            "Provider unreachable",
            "Tries again in 40 sec.",
        ),
        ({}, Vitals(failures=BREAKER_AFTER), 1, "Provider unreachable", "Tries again now."),
        ({}, Vitals(rests_until=ago(-12)), 0, "Slowed down", "goes on in 12 sec."),
        ({}, Vitals(oldest_at=ago(59)), 0.1, "Working", ""),
        ({}, Vitals(oldest_at=ago(300)), 0.5, "Many errors", "50% of the latest requests failed."),
        ({}, Vitals(oldest_at=ago(300)), 0, "Behind", "has waited for 5 min."),
        ({}, Vitals(inbound_oldest_at=ago(300)), 0, "Behind", "messages have waited for 5 min."),
        ({}, Vitals(inbound_failed=2, unclear=1), 0, "Inbound trouble", "2 requests"),
        ({}, Vitals(unclear=1), 0, "Unclear sends", "Of 1 message"),
    ],
)
def test_a_verdict_is_the_worst_that_is_to_be_said(channel, row, errors, word, why):
    with translation.override("en"):
        verdict = judge(Channel(**channel), row, errors, NOW)

    assert verdict.word == word
    assert why in verdict.why
    assert verdict.well is (word in {"Working", "Switched off"})


def test_the_page_says_what_is_wrong_and_where(client, admin):
    well, broken = (builders.channel(admin.workspace, name=name) for name in ("Well", "Broken"))
    until = timezone.now() + timedelta(seconds=40)
    Bucket.objects.filter(pk=broken.pk).update(failures=BREAKER_AFTER, refilled_at=until)
    samples(well)
    Heartbeat.objects.create(name="worker:inbound", beat_at=timezone.now())
    InboundRequest.objects.create(
        workspace=admin.workspace, channel=well, shard=0, state="unknown", method="POST", url="x",
        body=b"", received_at=timezone.now(),
    )  # fmt: skip

    response = client.get(BOARD)

    page = response.content.decode()
    assert [card.channel.name for card in response.context["troubled"]] == ["Broken"]
    assert "1 of 2 channels needs attention" in page
    assert "Tries again in" in page
    assert "Waiting: now 0, at most 59." in page
    assert "1/s" in page
    assert f"{reverse('settings-inbound')}?channel={well.pk}" in page
    assert "0 failed, 1 of unknown kind" in page
    assert {row.name: row.alive for row in response.context["processes"]} == {
        "Scheduler": False, "Receiving": True, "Sending": False, "Routing": False,
        "Campaigns": False, "Files": False, "Maintenance": False,
    }  # fmt: skip
    assert "style=" not in page
    assert "<script>" not in page


def test_htmx_gets_the_moving_part_alone(client, admin):
    builders.channel(admin.workspace)

    response = client.get(BOARD, {"range": "day"}, headers={"HX-Request": "true"})

    page = response.content.decode()
    assert page.startswith('<div class="stack stack-l" id="board">')
    assert "<html" not in page
    assert "HX-Request" in response["Vary"]


def test_nothing_to_show_says_what_to_do_next(client, admin):
    page = client.get(BOARD).content.decode()
    assert "No channels yet" in page
    assert reverse("settings-channel-new") in page

    channel = builders.channel(admin.workspace)
    page = client.get(reverse("settings-health-channel", args=[channel.pk])).content.decode()
    assert "No figures yet" in page


def test_the_charts_figures_are_a_table_too(client, admin):
    channel = builders.channel(admin.workspace)
    samples(channel, 3)

    response = client.get(reverse("settings-health-channel", args=[channel.pk]))

    assert [point.depth for point in response.context["points"]] == [0, 1, 2]
    assert response.content.decode().count('<th scope="row"') == 3


def test_the_page_is_in_spanish_too(client, admin):
    admin.user.language = "es"
    admin.user.save()
    channel = builders.channel(admin.workspace)
    Delivery.objects.create(
        workspace=admin.workspace, channel=channel, medium="sms", address=builders.phone(),
        content={}, state="unknown", due_at=NOW, created_at=NOW,
    )  # fmt: skip

    page = client.get(BOARD).content.decode()

    for english in ("Unclear sends", "Background processes", "Waiting", "Last hour", "Health"):
        assert english not in page


def test_fifty_channels_take_no_more_statements_than_one(
    client, admin, django_assert_max_num_queries
):
    for _ in range(50):
        samples(builders.channel(admin.workspace, name="N" * 100), 5)

    with django_assert_max_num_queries(12):
        response = client.get(BOARD)

    assert len(response.context["cards"]) == 50


def test_a_line_has_gaps_where_nothing_is_known():
    assert line_path([0, 10, None, 5], 10) == "M0 46L100 2 M300 24h0.1"
    assert area_path([0, 10, None, 5], 10) == "M0 46L100 2V48H0Z"
    assert line_path([None], 1) == ""
    assert line_path([7], 0) == "M0 46h0.1"


def test_figures_are_short_and_never_hide_a_little():
    with translation.override("en"):
        assert [rate(x) for x in (0, 0.05, 3.25, 1234.5)] == ["0/s", "0.05/s", "3.2/s", "1,234/s"]
        assert [share(x) for x in (0, 0.004, 0.5)] == ["0%", "0.4%", "50%"]
        assert [span(x) for x in (0, 42, 90, 7200, 200_000)] == ["0s", "42s", "1m", "2h", "2d"]
