"""A message's life is found by index, however many reports a channel has."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.selectors.life import reports_of
from gateway.models import DeliveryStatus
from tests import builders

pytestmark = pytest.mark.django_db


def test_the_reports_of_a_message_are_found_by_index() -> None:
    conversation = builders.conversation(builders.channel())
    message = builders.message(conversation, direction="outbound")
    delivery = builders.delivery(message, external_id="SM1")
    now = timezone.now()
    DeliveryStatus.objects.bulk_create(
        DeliveryStatus(
            workspace=delivery.workspace,
            channel=delivery.channel,
            external_id=f"SM{n}",
            delivery_uid=delivery.uid if n == 1 else None,
            state="sent",
            provider_word="sent",
            occurred_at=now,
            received_at=now,
            applied_at=now,
        )
        for n in range(5_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE gateway_deliverystatus")
    with CaptureQueriesContext(connection) as captured:
        assert len(reports_of([delivery])[delivery.pk]) == 1
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {captured[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "status_of_delivery" in plan
    assert "Seq Scan" not in plan
