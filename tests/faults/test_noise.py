"""One noisy workspace and one hanging provider: everybody else is served as if they were not there.

The promise is a second (``make bench`` measures it); here the bound is what a busy machine keeps.
"""

import pytest
from django.db import connection

from gateway.models import Batch, Delivery
from gateway.states import State
from tests import builders
from tests.faults.provider import never_answer
from tests.faults.stack import Stack, queue
from tests.processes import until

pytestmark = pytest.mark.slow

NOISE = 100_000
# Far fewer of the noisy workspace's may leave before the others' than are queued.
BOUND_SECONDS = 15.0

QUEUE_NOISE = """
INSERT INTO gateway_delivery (uid, workspace_id, channel_id, message_uid, batch_id, medium, address,
    content, cost, priority, marketing, state, due_at, attempts, asks, error_class, error_code,
    error_text, created_at)
SELECT gen_random_uuid(), %s, %s, gen_random_uuid(), %s, 'sms', '+1415' || 2000000 + n,
    '{"text": "Noise"}', 1, 50, true, 'queued', now() - interval '1 hour', 0, 0, '', '', '', now()
FROM generate_series(1, %s) AS n
"""


def test_others_are_served_beside_noise_and_a_hanging_provider(stack: Stack) -> None:
    noisy, hanging = builders.channel(rate_per_second=500.0), builders.channel()
    others = [builders.channel() for _ in range(5)]
    stack.provider.habit[hanging.address] = never_answer(accepting=False)
    batch = Batch.objects.create(workspace=noisy.workspace)
    with connection.cursor() as cursor:
        cursor.execute(QUEUE_NOISE, [noisy.workspace_id, noisy.pk, batch.pk, NOISE])
    queue(hanging, 200)
    stack.outbound()
    until(
        lambda: len(stack.provider.sends_of(hanging.address)) > 50, "the hanging one is not tried"
    )
    until(lambda: len(stack.provider.accepted_of(noisy.address)) > 200, "the noise does not leave")
    for round_number in range(3):
        for channel in [*others, noisy]:
            queue(channel, 1, f"Round {round_number}")
        urgent = Delivery.objects.filter(priority=0).exclude(channel=hanging)
        until(
            lambda: not urgent.exclude(state=State.SENT).exists(),  # noqa: B023
            "others wait for the noise",
            BOUND_SECONDS,
        )
    still_queued = Delivery.objects.filter(batch=batch, state=State.QUEUED).count()
    assert still_queued > NOISE / 2
    accepted = stack.provider.accepted()
    assert set(accepted.values()) == {1}
