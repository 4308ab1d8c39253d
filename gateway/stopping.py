"""Whether this worker was asked to stop, as its child processes can see it.

Celery tells only its main process about a SIGTERM; the children, who do the work, are merely given
no more of it. A page of memory that all of them share says it to those in the middle of something.
"""

import mmap

_page = mmap.mmap(-1, 1)


def asked() -> bool:
    """Whether the worker stops: take nothing new, and end what is under way within seconds."""
    return _page[0] == 1


def ask() -> None:
    """The worker stops."""
    _page[0] = 1


def forget() -> None:
    """As if nobody had asked (tests)."""
    _page[0] = 0
