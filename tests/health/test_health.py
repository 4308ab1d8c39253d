"""The three probes, on the real database and the real Redis."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from gateway.models import Heartbeat
from operations.tasks import heartbeat


@pytest.fixture
def workers():
    for queue in settings.WORKER_QUEUES:
        heartbeat(queue)


def test_alive_asks_nobody(client):
    # Without the django_db mark, any statement would raise.
    response = client.get("/healthz", headers={"host": "10.0.0.7"})

    assert response.status_code == 200
    assert response.content == b"ok\n"
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_ready_when_all_parts_answer(client, workers, django_assert_num_queries):
    with django_assert_num_queries(2):
        response = client.get("/readyz", headers={"host": "10.0.0.7"})

    assert response.status_code == 200
    body = response.json()
    assert body["ready"] is True
    assert body["parts"]["database"] == {"ok": True}
    assert body["parts"]["redis"] == {"ok": True}
    assert body["parts"]["workers"]["queues"].keys() == set(settings.WORKER_QUEUES)


@pytest.mark.django_db
def test_not_ready_when_a_queue_has_no_worker(client, workers):
    stale = timezone.now() - timedelta(minutes=2)
    Heartbeat.objects.filter(name="worker:outbound").update(beat_at=stale)
    Heartbeat.objects.filter(name="worker:routing").delete()

    response = client.get("/readyz")

    assert response.status_code == 503
    workers = response.json()["parts"]["workers"]
    assert workers["ok"] is False
    assert workers["queues"]["outbound"] > 60
    assert workers["queues"]["routing"] is None
    assert workers["queues"]["inbound"] < 60


@pytest.mark.django_db
def test_not_ready_without_redis_and_nothing_secret_is_shown(client, workers, settings):
    settings.REDIS_URL = "redis://:hush@127.0.0.1:1/0"

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"]["redis"] == {"ok": False, "error": "ConnectionError"}
    assert b"hush" not in response.content


def test_probes_take_no_posts(client):
    assert client.post("/healthz").status_code == 405
