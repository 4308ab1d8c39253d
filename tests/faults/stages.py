"""Lets a worker process stand still at an exact place, so that a test can kill it there.

Loaded as an app by ``tests.faults.settings`` in the product's processes; the product knows nothing
of it. ``FAULT_STAGE`` names a place: ``before`` or ``after`` a function, or the ``commit`` of the
transaction in which the function returned. The first process that comes there leaves its pid in the
file ``FAULT_REACHED`` and stays until it is killed; all others, and all later ones, pass.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.faults import clock


class Faults(AppConfig):
    """Installs what the environment asks for once every model is loaded."""

    name = "tests.faults"

    def ready(self) -> None:
        """Wrap the place to stand at, and shift the clock."""
        if stage := os.environ.get("FAULT_STAGE"):
            when, path = stage.split()
            _install(when, path, _stand_at(os.environ["FAULT_REACHED"]))
        if shift := os.environ.get("FAULT_CLOCK"):
            clock.install(shift)


def _stand_at(mark: str) -> Callable[[], None]:
    def stand() -> None:
        try:
            descriptor = os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            return
        os.write(descriptor, str(os.getpid()).encode())
        os.close(descriptor)
        while True:
            time.sleep(60)

    return stand


def _install(when: str, path: str, stand: Callable[[], None]) -> None:
    if when == "before":
        _wrap(path, before=stand)
    elif when == "after":
        _wrap(path, after=stand)
    elif when == "commit":
        _stand_at_commit(path, stand)
    else:
        raise ValueError(f"No such place: {when} {path}")


def _stand_at_commit(path: str, stand: Callable[[], None]) -> None:
    """At the commit that would make durable what the function wrote, on its own connection."""
    came_by = threading.local()
    commit = BaseDatabaseWrapper.commit

    def arm() -> None:
        came_by.thread = True

    def standing(self: BaseDatabaseWrapper) -> None:
        if getattr(came_by, "thread", False):
            stand()
        commit(self)

    _wrap(path, after=arm)
    BaseDatabaseWrapper.commit = standing  # type: ignore[method-assign]


def _wrap(
    path: str, *, before: Callable[[], None] | None = None, after: Callable[[], None] | None = None
) -> None:
    owner, name = _find(path)
    function = getattr(owner, name)

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before:
            before()
        result = function(*args, **kwargs)
        if after:
            after()
        return result

    setattr(owner, name, wrapped)
    # Modules that imported it by name hold it too.
    for module in list(sys.modules.values()):
        if getattr(module, name, None) is function:
            setattr(module, name, wrapped)


def _find(path: str) -> tuple[Any, str]:
    """The module or class that holds the function, and the function's name there."""
    parent, _, name = path.rpartition(".")
    try:
        return import_module(parent), name
    except ModuleNotFoundError:
        module, _, cls = parent.rpartition(".")
        return getattr(import_module(module), cls), name
