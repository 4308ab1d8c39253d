"""Every line says what it belongs to: a request, a task, a command."""

import io
import json
import logging
import re
import subprocess
import sys

import pytest
import structlog
from celery.signals import setup_logging, task_postrun, task_prerun
from django.test import Client

from omnichannel import task_logs


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.django_db
@pytest.mark.parametrize("log", ["production"], indirect=True)
def test_a_request_has_an_id_in_log_and_answer(log: io.StringIO) -> None:
    response = Client().get("/nowhere/", headers={"X-Request-Id": "from-the-proxy-1"})

    assert response["X-Request-Id"] == "from-the-proxy-1"
    (line,) = [row for row in lines(log) if "Not Found" in str(row["event"])]
    assert (line["request_id"], line["level"]) == ("from-the-proxy-1", "warning")
    assert re.fullmatch(r"[0-9a-f]{32}", Client().get("/nowhere/")["X-Request-Id"])


class FakeRequest:
    is_eager = False


class FakeTask:
    name = "gateway.tasks.deliver"
    request = FakeRequest()


@pytest.mark.parametrize("log", ["production"], indirect=True)
def test_a_line_of_a_task_names_it_until_the_task_is_over(log: io.StringIO) -> None:
    task = FakeTask()
    task_logs.bind_task(task_id="1-2-3", task=task)
    structlog.get_logger("x").info("during")
    logging.getLogger("other").info("during too")
    task_logs.unbind_task(task=task)
    structlog.get_logger("x").info("after")

    during, too, after = lines(log)
    for line in (during, too):
        assert (line["task"], line["task_id"]) == ("gateway.tasks.deliver", "1-2-3")
    assert "task" not in after


def test_celery_leaves_the_logging_to_us() -> None:
    receivers = {
        signal: [ref() for _key, ref in signal.receivers]
        for signal in (setup_logging, task_prerun, task_postrun)
    }
    assert task_logs.use_our_logging in receivers[setup_logging]
    assert task_logs.bind_task in receivers[task_prerun]
    assert task_logs.unbind_task in receivers[task_postrun]


def test_a_commands_lines_name_it() -> None:
    code = (
        "import sys, structlog; sys.argv = ['manage.py', 'version']; import manage; manage.main();"
        "print(structlog.contextvars.get_contextvars())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "{'command': 'version'}" in done.stdout
