"""Which mail servers may be called: only where a person may send us to.

The host is typed by an admin of a workspace, so it may lie in no private network, unless whoever
runs the product has allowed that network (MAIL_NETWORKS).
"""

import ipaddress
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from channels_email.account import IMAP, PLAIN, Account, Server
from gateway.errors import Unreachable
from gateway.guard import public_address

CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Way:
    """A server and the addresses it has, which have been looked at and may be called."""

    server: Server
    addresses: tuple[str, ...]


def way(server: Server) -> Way:
    """Where to connect to. Unreachable when nobody knows the host, or when one of its addresses
    lies in a private network. Looks up names, so it is called in a thread.
    """
    if simulated():
        return Way(server, (server.host,))
    try:
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{server.host} is not found.") from error
    addresses = tuple(dict.fromkeys(str(info[4][0]) for info in found))
    if not all(map(allowed, addresses)):
        raise Unreachable(f"{server.host} is an address of a private network.")
    return Way(server, addresses)


def allowed(address: str) -> bool:
    """Whether an IP address is public, in a network that the operator allows, or in development
    this machine.
    """
    if public_address(address):
        return True
    parsed = ipaddress.ip_address(address.split("%")[0])
    if settings.DEBUG and parsed.is_loopback:
        return True
    return any(parsed in ipaddress.ip_network(network) for network in settings.MAIL_NETWORKS)


def simulated() -> bool:
    """Whether every server is the simulator's."""
    return bool(settings.SIMULATOR_URL)


def smtp_server(account: Account) -> Server:
    """The server that mail leaves by: the channel's, or in simulator mode the look-alike."""
    if not simulated():
        return account.smtp
    user = account.smtp.user or account.address
    password = account.smtp.password or account.provider.key
    return _look_alike(settings.SIMULATOR_SMTP_PORT, user, password)


def imap_server(account: Account) -> Server:
    """The server that mail comes in from: the channel's, or in simulator mode the look-alike."""
    if not simulated() or account.receiving != IMAP:
        return account.imap
    return _look_alike(settings.SIMULATOR_IMAP_PORT, account.imap.user, account.imap.password)


def _look_alike(port: int, user: str, password: str) -> Server:
    host = urlsplit(settings.SIMULATOR_URL).hostname or ""
    return Server(host, port, PLAIN, user, password)


def context() -> ssl.SSLContext:
    """How servers are trusted: certificates that are valid for their host."""
    return ssl.create_default_context()
