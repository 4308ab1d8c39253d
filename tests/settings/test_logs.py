"""Channel log, inbound trouble and audit log."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.audit import record
from accounts.models import AuditEntry
from gateway.models import ChannelLog, Delivery, InboundRequest, InboundState
from tests import builders

pytestmark = pytest.mark.django_db
LOG, INBOUND, AUDIT = (reverse(f"settings-{name}") for name in ("log", "inbound", "audit"))


def entry(channel, **fields):
    return ChannelLog.objects.create(
        **{
            "workspace": channel.workspace,
            "channel": channel,
            "kind": "send",
            "ok": True,
            "method": "POST",
            "url": "https://api.example/messages",
            "status": 201,
            "created_at": timezone.now(),
        }
        | fields
    )


def shown(client, **query):
    return [row.pk for row in client.get(LOG, query).context["slice"].rows]


def test_the_log_is_filtered_and_nonsense_is_ignored(client, admin):
    one, two = builders.channel(admin.workspace), builders.channel(admin.workspace)
    delivery = Delivery.objects.create(
        workspace=admin.workspace, channel=one, medium="sms", address="+14155550101",
        content={}, due_at=timezone.now(), created_at=timezone.now(),
    )  # fmt: skip
    a = entry(one, delivery=delivery).pk
    b = entry(one, ok=False, error="gone").pk
    c = entry(two, kind="check").pk

    assert shown(client) == [c, b, a]
    assert shown(client, channel=one.pk) == [b, a]
    assert shown(client, result="failed") == [b]
    assert shown(client, kind="check") == [c]
    assert shown(client, delivery=delivery.uid) == [a]
    assert shown(client, channel="x", result="y", kind="z", delivery="1", before="-1") == [c, b, a]


def test_old_entries_are_a_slice_away(client, admin, django_assert_max_num_queries):
    channel = builders.channel(admin.workspace)
    rows = [entry(channel).pk for _ in range(53)]

    with django_assert_max_num_queries(8):
        response = client.get(LOG)

    assert response.context["slice"].older == rows[3]
    assert shown(client, before=rows[3]) == [rows[2], rows[1], rows[0]]


def test_an_entry_is_shown_as_text(client, admin):
    row = entry(builders.channel(admin.workspace), response="<script>alert(1)</script>")

    page = client.get(reverse("settings-log-entry", args=[row.pk])).content.decode()

    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def inbound(channel, state=InboundState.FAILED, **fields):
    return InboundRequest.objects.create(
        **{
            "workspace": channel.workspace,
            "channel": channel,
            "shard": 3,
            "state": state,
            "method": "POST",
            "url": "https://inbox.example/webhooks/",
            "body": b"Body=<b>hi</b>&From=%2B1415",
            "error": "KeyError",
            "received_at": timezone.now(),
        }
        | fields
    )


def test_trouble_is_listed_and_its_body_is_only_text(client, admin):
    channel = builders.channel(admin.workspace)
    failed = inbound(channel)
    unknown = inbound(channel, InboundState.UNKNOWN, body=b"\xff\xfe\x00")
    inbound(channel, InboundState.DONE)

    rows = client.get(INBOUND).context["slice"].rows

    assert [row.pk for row in rows] == [unknown.pk, failed.pk]
    page = client.get(reverse("settings-inbound-entry", args=[failed.pk])).content.decode()
    assert "&lt;b&gt;hi&lt;/b&gt;" in page
    assert client.get(reverse("settings-inbound-entry", args=[unknown.pk])).status_code == 200


def test_one_or_all_are_processed_again(client, admin):
    channel, stranger = builders.channel(admin.workspace), builders.channel()
    rows = [inbound(channel), inbound(channel, InboundState.UNKNOWN), inbound(channel)]
    done, foreign = inbound(channel, InboundState.DONE), inbound(stranger)

    client.post(reverse("settings-inbound-replay", args=[rows[0].pk]))

    def states():
        return [InboundRequest.objects.get(pk=row.pk).state for row in (*rows, done, foreign)]

    assert states() == ["new", "unknown", "failed", "done", "failed"]
    client.post(reverse("settings-inbound-replay-all"))
    assert states() == ["new", "new", "new", "done", "failed"]
    entries = AuditEntry.objects.filter(action="inbound.replayed").order_by("id")
    assert [row.data for row in entries] == [{"count": 1}, {"count": 2}]


def test_what_was_erased_says_so_and_is_not_processed_again(client, admin):
    row = inbound(builders.channel(admin.workspace), body=b"", erased_at=timezone.now())

    assert list(client.get(INBOUND).context["slice"].rows) == []
    page = client.get(reverse("settings-inbound-entry", args=[row.pk])).content.decode()
    assert 'data-testid="erased"' in page
    client.post(reverse("settings-inbound-replay", args=[row.pk]))
    client.post(reverse("settings-inbound-replay-all"))

    row.refresh_from_db()
    assert row.state == InboundState.FAILED


def test_the_list_of_one_channel_and_its_replay(client, admin):
    one, two = builders.channel(admin.workspace), builders.channel(admin.workspace)
    mine, other = inbound(one), inbound(two)

    assert [row.pk for row in client.get(INBOUND, {"channel": one.pk}).context["slice"].rows] == [
        mine.pk
    ]
    assert len(client.get(INBOUND, {"channel": "nonsense"}).context["slice"].rows) == 2
    client.post(reverse("settings-inbound-replay-all"), {"channel": one.pk})

    states = dict(InboundRequest.objects.values_list("pk", "state"))
    assert states == {mine.pk: "new", other.pk: "failed"}


def test_the_audit_log_names_targets_within_few_statements(
    client, admin, django_assert_max_num_queries
):
    for _ in range(20):
        channel = builders.channel(admin.workspace)
        record(workspace=admin.workspace, member=admin, action="channel.paused", target=channel)
        colleague = builders.member(admin.workspace)
        record(workspace=admin.workspace, member=None, action="member.added", target=colleague)

    with django_assert_max_num_queries(10):
        page = client.get(AUDIT).content.decode()

    assert channel.name in page
    assert colleague.name in page
    assert "Channel paused" in page
    lines = client.get(AUDIT, {"area": "member"}).context["lines"]
    assert {line.action for line in lines} == {"Member added"}
    assert len(client.get(AUDIT, {"member": admin.pk}).context["lines"]) == 20
    assert len(client.get(AUDIT, {"member": "x", "area": "y"}).context["lines"]) == 40
