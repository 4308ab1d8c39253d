"""The limit of sending: aiohttp alone posts the forms and reads the answers; no queue, no log.

``best_at_once`` tries some numbers of requests at once in a process of its own each; ``rate`` gives
the messages a second that aiohttp reached with such a number.
"""

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import aiohttp

ROOT = Path(__file__).parent.parent
SID, TOKEN, NUMBER = "AC" + "b" * 32, "b" * 32, "+14155550199"
TRIAL = 6_000


def best_at_once(url: str, numbers: tuple[int, ...]) -> int:
    """The number of requests at once at which aiohttp is quickest."""
    return max(numbers, key=lambda number: rate(url, number, TRIAL))


def best_rate(url: str, *, at_once: tuple[int, ...], count: int) -> float:
    """Messages a second at the best of the numbers ``at_once``, with ``count`` messages."""
    best = best_at_once(url, at_once)
    return max(rate(url, best, count) for _ in range(2))


def rate(url: str, at_once: int, count: int) -> float:
    """Messages a second of one process that keeps ``at_once`` requests under way."""
    command = [sys.executable, "-m", "benches.bare_sender", url, str(at_once), str(count)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return float(done.stdout)


async def send(url: str, at_once: int, count: int) -> float:
    """Post ``count`` messages; messages a second."""
    connector = aiohttp.TCPConnector(limit=0)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as session:
        # Connecting is not what is measured.
        await _all(session, url, at_once, at_once)
        started = monotonic()
        await _all(session, url, at_once, count)
        return count / (monotonic() - started)


async def _all(session: aiohttp.ClientSession, url: str, at_once: int, count: int) -> None:
    numbers = iter(range(count))
    await asyncio.gather(*(_post_each(session, url, numbers) for _ in range(at_once)))


async def _post_each(session: aiohttp.ClientSession, url: str, numbers: Iterator[int]) -> None:
    headers = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)}
    address = f"{url}/twilio/2010-04-01/Accounts/{SID}/Messages.json"
    for number in numbers:
        form = {
            "To": f"+1415{number:07d}",
            "Body": f"A bulk message of the usual length to customer number {number}",
            "From": NUMBER,
            "StatusCallback": "http://127.0.0.1:8000/webhooks/6a3a6bf8-42f0-4a1c-a9b4-4a1ea9d6a0d1/"
            f"?delivery=6a3a6bf8-42f0-4a1c-a9b4-{number:012x}",
        }
        async with session.post(address, data=form, headers=headers) as response:
            answer = await response.json()
            assert answer["sid"]


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("at_once", type=int)
    parser.add_argument("count", type=int)
    options = parser.parse_args()
    print(asyncio.run(send(options.url, options.at_once, options.count)))


if __name__ == "__main__":
    _main()
