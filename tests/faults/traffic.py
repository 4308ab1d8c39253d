"""Customers who go on writing and agents who go on replying while something breaks."""

import threading
import time
from collections import Counter
from types import TracebackType
from typing import Self

from gateway.models import Channel
from tests.faults.door import Fields, Poster
from tests.gateway import twilio

PAUSE_SECONDS = 0.05


class Customers:
    """Write one message after the other, in a thread; what the door refuses is sent again.

    So do providers: the same request, a little later. ``answers`` counts the door's answers,
    ``written`` holds what it has taken.
    """

    def __init__(self, url: str, channel: Channel) -> None:
        self.url, self.channel = url, channel
        self.answers: Counter[int] = Counter()
        self.written: list[Fields] = []
        self.enough = threading.Event()
        self.thread = threading.Thread(target=self._write)
        self.trouble: BaseException | None = None

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.enough.set()
        self.thread.join(120)
        assert not self.thread.is_alive(), "a customer hangs at the door"
        if self.trouble and not error:
            raise self.trouble

    def _write(self) -> None:
        try:
            with Poster(self.url, self.channel.pk) as poster:
                while not self.enough.is_set():
                    n = len(self.written)
                    fields = twilio.inbound_fields(
                        self.channel, f"+1415559{n % 30:04d}", f"Message {n}"
                    )
                    self._insist(poster, fields)
                    self.written.append(fields)
                    time.sleep(PAUSE_SECONDS)
        except BaseException as trouble:
            self.trouble = trouble

    def _insist(self, poster: Poster, fields: Fields) -> None:
        """Until the door has it; any answer but "yes" and "try again" is wrong."""
        while True:
            status = poster.post(fields)
            self.answers[status] += 1
            assert status in {200, 503}, status
            if status == 200:
                return
            time.sleep(PAUSE_SECONDS)
