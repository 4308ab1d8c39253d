"""Carries signed webhooks to the product, again and again while it is away.

A real provider tries little (Twilio gives up after about 15 seconds and has a fallback URL).
This one tries for two minutes, so that a restart of the product in a demo or a test loses
nothing.
"""

import asyncio
import random
import uuid
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp
import structlog
from twilio.request_validator import RequestValidator
from yarl import URL

from simulator import http_words
from simulator.faults import Faults, happens

logger = structlog.get_logger(__name__)

TIMEOUT = aiohttp.ClientTimeout(total=15)
CONCURRENT = 64
# Seconds between tries; two minutes in all.
BACK_OFF = (0.25, 0.5, 1, 2, 4, 8, 15, 30, 60)

# A webhook's body and headers, made anew for each try as the provider makes them.
Letter = Callable[[], tuple[bytes, dict[str, str]]]


def twilio_letter(url: str, fields: Mapping[str, str], token: str) -> Letter:
    """A form as Twilio signs it."""

    def write() -> tuple[bytes, dict[str, str]]:
        return urlencode(fields).encode(), {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": RequestValidator(token).compute_signature(url, fields),
            "I-Twilio-Idempotency-Token": str(uuid.uuid4()),
            "User-Agent": "TwilioProxy/1.1",
        }

    return write


def http_letter(url: str, fields: Mapping[str, str], token: str) -> Letter:
    """JSON as the made-up provider signs it."""
    return lambda: http_words.seal(url, fields, token)


class Postman:
    """Posts webhooks; keeps the tasks that are under way."""

    def __init__(self) -> None:
        self.session: aiohttp.ClientSession | None = None
        self.room = asyncio.Semaphore(CONCURRENT)
        self.tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Do something in the background; it ends with the simulator at the latest."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def deliver(self, url: str, letter: Letter, faults: Faults) -> int | None:
        """Post until it is taken or two minutes have passed; the last HTTP status, if any."""
        status = await self.post_once(url, letter, faults)
        for pause in BACK_OFF:
            if not worth_another_try(status):
                break
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))
            status = await self._post(url, letter)
        if status is None or status >= 300:
            logger.warning("webhook not taken", url=url, status=status)
        return status

    async def post_once(self, url: str, letter: Letter, faults: Faults) -> int | None:
        """One try; with the duplicate knob on, two: twins at one moment or one after the other."""
        if not happens(faults.duplicate):
            return await self._post(url, letter)
        if happens(0.5):
            first, _second = await asyncio.gather(self._post(url, letter), self._post(url, letter))
            return first
        await self._post(url, letter)
        return await self._post(url, letter)

    async def _post(self, url: str, letter: Letter) -> int | None:
        body, headers = letter()
        try:
            async with (
                self.room,
                self._session().post(
                    URL(url, encoded=True),
                    data=body,
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                await response.read()
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            logger.info("webhook not delivered", url=url, reason=type(error).__name__)
            return None

    def _session(self) -> aiohttp.ClientSession:
        if self.session is None:
            self.session = aiohttp.ClientSession(
                timeout=TIMEOUT,
                connector=aiohttp.TCPConnector(limit=CONCURRENT),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self.session

    async def close(self) -> None:
        """Stop what is under way."""
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.session:
            await self.session.close()


def worth_another_try(status: int | None) -> bool:
    """Whether the product was away or overloaded, rather than of another opinion."""
    return status is None or status == 429 or status >= 500
