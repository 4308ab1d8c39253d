"""Connects to an SMSC: only where a person may send us to.

The host is typed by an admin of a workspace, so it may lie in no private network, unless whoever
runs the product has allowed that network (SMPP_NETWORKS; SMSCs are often reached through a VPN).
"""

import asyncio
import ipaddress
import socket
import ssl
from urllib.parse import urlsplit

from django.conf import settings

from channels_sms.smpp_account import Account
from gateway.guard import public_address

CONNECT_SECONDS = 5.0
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class NoWay(Exception):
    """No connection; the words are for people."""


async def connect(account: Account) -> Streams:
    """A connection to the account's SMSC, or in simulator mode to the look-alike; NoWay without."""
    if settings.SIMULATOR_URL:
        host = urlsplit(settings.SIMULATOR_URL).hostname or ""
        return await _open(host, settings.SMSC_PORT, None, host)
    secure = ssl.create_default_context() if account.tls else None
    problem = "No address found."
    for address in await _addresses(account):
        try:
            return await _open(address, account.port, secure, account.host)
        except NoWay as error:
            problem = str(error)
    raise NoWay(problem)


async def _addresses(account: Account) -> list[str]:
    """The host's addresses; NoWay when one of them is in a private network."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            found = await loop.getaddrinfo(account.host, account.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise NoWay(f"{account.host} is not found.") from error
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    for address in addresses:
        if not allowed(address):
            raise NoWay(f"{account.host} is an address of a private network.")
    return addresses


def allowed(address: str) -> bool:
    """Whether an IP address is public, or in a network that the operator allows."""
    if public_address(address):
        return True
    parsed = ipaddress.ip_address(address.split("%")[0])
    return any(parsed in ipaddress.ip_network(network) for network in settings.SMPP_NETWORKS)


async def _open(address: str, port: int, secure: ssl.SSLContext | None, host: str) -> Streams:
    name = host if secure else None
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await asyncio.open_connection(address, port, ssl=secure, server_hostname=name)
    except ssl.SSLError as error:
        raise NoWay(f"TLS with {host} failed: {error.reason}") from error
    except (OSError, TimeoutError) as error:
        raise NoWay(f"No connection to {host}:{port}.") from error
