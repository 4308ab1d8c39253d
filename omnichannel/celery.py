"""The Celery application. Tasks only wake work up; due times are rows in PostgreSQL."""

import os
from typing import Any

from celery import Celery
from celery.signals import task_prerun

from omnichannel import task_logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omnichannel.settings")

app = Celery("omnichannel")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
task_logs.connect()


@task_prerun.connect
def check_connections(task: Any, **kwargs: Any) -> None:
    """Let a task begin with a working connection; Celery itself would close it after every task.

    A task that runs in place (tests) shares its caller's connection and transaction.
    """
    from django.db import close_old_connections

    if not task.request.is_eager:
        close_old_connections()
