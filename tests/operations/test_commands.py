"""``manage.py inbound`` and ``manage.py outbox``: what they touch, what they say, and refuse."""

import io
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from accounts.models import AuditEntry
from campaigns.models import Campaign
from gateway.models import Batch, BatchState, Channel, Delivery, InboundRequest
from gateway.operating import batches
from gateway.operating.outbox import Selection, requeue
from gateway.states import State
from operations.arguments import moment
from operations.progress import Progress
from tests import builders

pytestmark = pytest.mark.django_db


def delivery(channel: Channel, state: State = State.FAILED, **fields: Any) -> Delivery:
    now = timezone.now()
    known = {"attempts": 3, "error_class": "Rejected", "due_at": now, "created_at": now}
    return Delivery.objects.create(
        workspace=channel.workspace, channel=channel, medium="sms", address=builders.phone(),
        content={"text": "x"}, state=state, **known | fields,
    )  # fmt: skip


def inbound(channel: Channel, state: str = "failed", **fields: Any) -> InboundRequest:
    known = {"error": "KeyError: 'From'", "received_at": timezone.now()}
    return InboundRequest.objects.create(
        workspace=channel.workspace, channel=channel, shard=0, method="POST", url="x", body=b"x",
        state=state, **known | fields,
    )  # fmt: skip


def run(*arguments: str) -> str:
    out, err = io.StringIO(), io.StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    return out.getvalue() + err.getvalue()


def state(row: Delivery | InboundRequest) -> str:
    row.refresh_from_db()
    return str(row.state)


# --- requeue --------------------------------------------------------------------------------------


def test_failed_deliveries_are_queued_again_as_by_a_persons_retry() -> None:
    channel = builders.channel()
    failed = delivery(channel, external_id="SM1", failed_at=timezone.now(), error_code="21211")
    unclear, sent = delivery(channel, State.UNKNOWN), delivery(channel, State.SENT)
    uid = failed.uid

    said = run("outbox", "requeue", "--channel", str(channel.pk))

    assert "1 will be sent again." in said
    assert state(failed) == "queued"
    assert (failed.uid, failed.attempts, failed.external_id) == (uid, 0, None)
    assert (failed.error_class, failed.error_code, failed.failed_at) == ("", "", None)
    assert (state(unclear), state(sent)) == ("unknown", "sent")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.data, entry.member) == ("outbox.requeued", {"count": 1}, None)


def test_unclear_ones_need_to_be_named_and_warn() -> None:
    channel = builders.channel()
    failed, unclear = delivery(channel), delivery(channel, State.UNKNOWN, ask_at=timezone.now())

    with pytest.raises(CommandError, match="--include-unknown"):
        run("outbox", "requeue", "--all", "--state", "unknown")
    assert state(unclear) == "unknown"

    said = run("outbox", "requeue", "--all", "--state", "unknown", "--include-unknown")

    assert "a second time" in said
    assert (state(unclear), state(failed)) == ("queued", "failed")
    assert unclear.ask_at is None


def test_what_was_cancelled_with_its_campaign_stays() -> None:
    channel = builders.channel()
    batch = Batch.objects.create(workspace=channel.workspace, state=BatchState.CANCELLED)
    row = delivery(channel, batch=batch)

    assert "0 will be sent again" in run("outbox", "requeue", "--all")
    assert state(row) == "failed"


@pytest.mark.parametrize("name", ["workspace", "channel", "error", "since", "until", "id", "batch"])
def test_each_filter_narrows(name: str) -> None:
    old, new = timezone.now() - timedelta(hours=3), timezone.now()
    channel, other = builders.channel(), builders.channel()
    batch = Batch.objects.create(workspace=channel.workspace)
    meant = delivery(channel, error_class="Throttled", created_at=old, batch=batch)
    left = delivery(other, created_at=new)
    arguments = {
        "workspace": ("--workspace", channel.workspace.slug),
        "channel": ("--channel", str(channel.pk)),
        "error": ("--error-class", "Throttled"),
        "since": ("--since", "4h", "--until", "2h"),
        "until": ("--until", "2h"),
        "id": ("--id", str(meant.uid)),
        "batch": ("--batch", str(batch.pk)),
    }[name]

    run("outbox", "requeue", *arguments)

    assert (state(meant), state(left)) == ("queued", "failed")


# --- cancel ---------------------------------------------------------------------------------------


def test_only_what_has_not_left_is_cancelled() -> None:
    channel = builders.channel()
    segment = builders.segment(channel.workspace)
    batch = Batch.objects.create(workspace=channel.workspace)
    campaign = Campaign.objects.create(
        workspace=channel.workspace, channel=channel, segment=segment, batch=batch, name="Spring"
    )
    rows = [
        delivery(channel, one, batch=batch) for one in (State.QUEUED, State.SENDING, State.SENT)
    ]
    reply = delivery(channel, State.QUEUED)

    said = run("outbox", "cancel", "--campaign", str(campaign.pk))

    assert "1 cancelled." in said
    assert [state(row) for row in rows] == ["cancelled", "sending", "sent"]
    assert state(reply) == "queued"


# --- inbound --------------------------------------------------------------------------------------


def test_requests_are_replayed_by_filter() -> None:
    channel, other = builders.channel(), builders.channel()
    rows = [inbound(channel), inbound(channel, "unknown", error="typing"), inbound(channel, "done")]
    foreign = inbound(other)

    said = run("inbound", "replay", "--workspace", channel.workspace.slug)

    assert "2 are taken in again." in said
    assert [state(row) for row in (*rows, foreign)] == ["new", "new", "done", "failed"]
    assert AuditEntry.objects.get().data == {"count": 2}


@pytest.mark.parametrize(
    "arguments",
    [("--state", "failed"), ("--error-class", "KeyError"), ("--since", "1h"), ("--id",)],
)
def test_each_filter_of_requests_narrows(arguments: tuple[str, ...]) -> None:
    channel = builders.channel()
    meant = inbound(channel)
    old = timezone.now() - timedelta(hours=2)
    left = inbound(channel, "unknown", error="typing", received_at=old)
    if arguments == ("--id",):
        arguments = ("--id", str(meant.pk))

    run("inbound", "replay", *arguments)

    assert (state(meant), state(left)) == ("new", "unknown")


# --- How they go about it -------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["requeue", "cancel"])
def test_a_dry_run_says_what_would_happen_and_does_nothing(action: str) -> None:
    channel = builders.channel(name="Main line")
    rows = [delivery(channel), delivery(channel), delivery(channel, State.QUEUED, error_class="")]

    said = run("outbox", action, "--dry-run")

    assert "Main line" in said
    count, verb = (2, "sent again") if action == "requeue" else (1, "cancelled")
    assert f"{count} would be {verb}. Nothing was changed." in said
    assert [state(row) for row in rows] == ["failed", "failed", "queued"]
    assert not AuditEntry.objects.exists()


def test_a_dry_run_of_a_replay_changes_nothing() -> None:
    row = inbound(builders.channel(name="Main line"))

    said = run("inbound", "replay", "--dry-run")

    assert "1  failed    Main line" in said
    assert "1 would be taken in again." in said
    assert state(row) == "failed"


def test_stopped_in_the_middle_it_can_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH", 2)
    channel = builders.channel()
    for _ in range(5):
        delivery(channel)
    seen: list[int] = []

    def stop(count: int) -> None:
        seen.append(count)
        if len(seen) == 2:
            raise KeyboardInterrupt

    everything = Selection(states=[State.FAILED])
    with pytest.raises(KeyboardInterrupt):
        requeue(everything, report=stop)
    assert Delivery.objects.filter(state=State.QUEUED).count() == 4
    assert AuditEntry.objects.get().data == {"count": 4}

    assert requeue(everything, report=seen.append) == 1
    assert seen == [2, 2, 1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("outbox", "requeue"), "give one, or --all"),
        (("outbox", "cancel", "--workspace", "nowhere"), "--workspace: there is no workspace"),
        (("outbox", "cancel", "--channel", "x"), "--channel: there is no channel “x”"),
        (("outbox", "cancel", "--channel", str(uuid.uuid4())), "--channel: there is no channel"),
        (("outbox", "requeue", "--error-class", "Oops"), "--error-class: “Oops” is none of:"),
        (("outbox", "requeue", "--id", "12"), "--id: “12” is no id"),
        (("outbox", "cancel", "--campaign", "999999"), "--campaign: there is no campaign"),
        (("outbox", "cancel", "--since", "soon"), "argument --since: “soon” is no time"),
        (("inbound", "replay", "--state", "done"), "argument --state: invalid choice"),
        (("inbound", "replay", "--id", "x"), "argument --id"),
        (("inbound",), "required"),
    ],
)
def test_errors_name_the_argument(arguments: tuple[str, ...], words: str) -> None:
    row = delivery(builders.channel(), State.QUEUED)
    with pytest.raises(CommandError, match=words):
        run(*arguments)
    assert state(row) == "queued"


def test_another_workspaces_channel_is_refused() -> None:
    channel, other = builders.channel(), builders.channel()
    with pytest.raises(CommandError, match="--channel: there is no channel"):
        run("outbox", "cancel", "--workspace", other.workspace.slug, "--channel", str(channel.pk))


def test_times_are_iso_or_ago() -> None:
    assert moment("2026-03-29") == datetime(2026, 3, 29, tzinfo=UTC)
    assert moment("2026-03-29T14:00+02:00") == datetime(2026, 3, 29, 12, tzinfo=UTC)
    before = timezone.now()
    assert before <= moment("90s") + timedelta(seconds=90) <= timezone.now()


def test_the_bar_is_for_terminals_only() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    piped, shown = io.StringIO(), Terminal()
    pipe, terminal = Progress(piped, 4), Progress(shown, 4)
    for progress in (pipe, terminal):
        progress.step(1)
        progress.end()
    assert piped.getvalue() == ""
    assert "1 of 4" in shown.getvalue()
    assert terminal.line(2.0) == "██████░░░░░░░░░░░░░░░░░░ 1 of 4 · 0/s · 6 s left"
