"""The logs of Celery's processes: the same lines as everywhere, with the task in each."""

import logging.config
from typing import Any

import structlog
from celery.signals import setup_logging, task_postrun, task_prerun

BOUND = ("task", "task_id")


def connect() -> None:
    """Follow Celery's signals; once a process."""
    setup_logging.connect(use_our_logging)
    task_prerun.connect(bind_task)
    task_postrun.connect(unbind_task)


def use_our_logging(**kwargs: Any) -> None:
    """Keep Celery from setting levels and handlers of its own."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


def bind_task(task_id: str, task: Any, **kwargs: Any) -> None:
    """Name the task in every line from here on; one that runs in place is its caller's work."""
    if not task.request.is_eager:
        structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)


def unbind_task(task: Any, **kwargs: Any) -> None:
    """The worker does something else now."""
    if not task.request.is_eager:
        structlog.contextvars.unbind_contextvars(*BOUND)
