"""Keeps what customers wrote, and secrets, out of the logs: also where errors quote them.

An exception's words are not ours: a database error quotes the row it refused, a parser the text it
could not read, a client the URL with its token. So a traceback is written with the place of every
frame and the type of every error, and with words only where these cannot hold anybody's data.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from typing import Any

from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import Error, InterfaceError, OperationalError

from gateway.errors import SendError

HIDDEN = "•••"
# Names that a value of a log line must not have: whatever it holds, it is not for a log.
SECRET_NAMES = re.compile(
    r"token|secret|password|authorization|api_?key|signature|cookie|^(body|text|content|message)$",
    re.IGNORECASE,
)
# One-time links carry their key in the path.
LINK_KEY = re.compile(r"(/key/)[^/\s]+")
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,60}")
# Programming errors name code; these of Django name settings and fields.
ABOUT_CODE = (
    AttributeError,
    FieldError,
    ImportError,
    ImproperlyConfigured,
    NameError,
    NotImplementedError,
    RecursionError,
    SyntaxError,
)
Line = MutableMapping[str, Any]


def safe_words(error: BaseException) -> str:
    """An error in one line: its type, and its words where they hold nobody's data."""
    words = _words(error)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _words(error: BaseException) -> str:
    if isinstance(error, Error) or hasattr(error, "pgcode"):
        return _database_words(error)
    if isinstance(error, OSError):
        return f"{error.errno} {error.strerror}" if error.errno and error.strerror else ""
    if isinstance(error, ABOUT_CODE):
        return str(error)
    if isinstance(error, KeyError) and error.args and IDENTIFIER.fullmatch(str(error.args[0])):
        return repr(error.args[0])
    return error.code if isinstance(error, SendError) else ""


def _database_words(error: BaseException) -> str:
    """The server's code and what it is about; the words only when no row can be in them."""
    driver = error if hasattr(error, "pgcode") else error.__cause__
    code = getattr(driver, "pgcode", None)
    if code is None:
        # Not from the server: no connection, or it broke.
        lost = isinstance(error, OperationalError | InterfaceError)
        return str(error).partition("\n")[0] if lost else ""
    diagnosis = getattr(driver, "diag", None)
    about = (getattr(diagnosis, f"{name}_name", None) for name in ("table", "column", "constraint"))
    return " ".join([str(code), *(name for name in about if name)])


def safe_traceback(error: BaseException) -> str:
    """Where an error came from and what caused it, the cause first, with safe words only."""
    parts = []
    for one in _chain(error):
        frames = "".join(traceback.format_tb(one.__traceback__))
        parts.append(f"{frames}{safe_words(one)}")
    return "\n\n".join(parts)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error's causes, the first one first, then the error and what a group is made of."""
    seen: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in seen:
        seen.append(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    yield from reversed(seen)
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _chain(part)


def write_exceptions(logger: Any, name: str, line: Line) -> Line:
    """A structlog processor: ``exc_info`` becomes a safe traceback, errors become safe words."""
    given = line.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        line["exception"] = safe_traceback(error)
    for key, value in line.items():
        if isinstance(value, BaseException):
            line[key] = safe_words(value)
    return line


def hide_secrets(logger: Any, name: str, line: Line) -> Line:
    """A structlog processor: values whose name says that they are secret or somebody's words."""
    for key, value in line.items():
        if value and SECRET_NAMES.search(key):
            line[key] = HIDDEN
    event = line.get("event")
    if isinstance(event, str):
        line["event"] = LINK_KEY.sub(rf"\g<1>{HIDDEN}", event)
    return line


class SafeArguments(logging.Filter):
    """For other packages' lines, which put errors into the text itself.

    asyncio writes the representation of a failed task below its first line, Celery the error of a
    task, its arguments and its traceback into it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true; the record is changed."""
        if record.name == "asyncio":
            record.msg, record.args = record.getMessage().partition("\n")[0], None
        elif isinstance(record.args, dict):
            error = record.exc_info[1] if record.exc_info else None
            record.args = {
                name: _argument(name, value, error) for name, value in record.args.items()
            }
        elif isinstance(record.args, tuple):
            record.args = tuple(_argument("", value, None) for value in record.args)
        return True


def _argument(name: str, value: object, error: BaseException | None) -> object:
    if isinstance(value, BaseException):
        return safe_words(value)
    if name == "exc":
        return safe_words(error) if error else HIDDEN
    return HIDDEN if name in {"args", "kwargs", "traceback"} else value
