"""The guard of the door out: no way into private networks, whatever somebody has typed.

Addresses are resolved, checked and then connected to as checked (no second look-up), for each
redirect again. Only origins that the settings name are exempt: our own bridges, and the simulator,
which exists only with DEBUG.
"""

import ipaddress
import socket
from functools import lru_cache
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.utils.translation import gettext as _
from yarl import URL

from gateway.errors import Unreachable

# NAT64 and 6to4: what lies behind is an IPv4 address, and may be one of a private network.
TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))


class Forbidden(Unreachable):
    """The address lies in a private network, or the URL is no http(s) URL."""

    retryable = False


def public_address(host: str) -> bool:
    """Whether an IP address is one of the public internet."""
    address = ipaddress.ip_address(host.split("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    if any(address in network for network in TRANSLATED):
        return False
    return address.is_global and not address.is_multicast


def private(host: str) -> str:
    """Why a host is not called, in words."""
    return _("%s is an address of a private network.") % host


def exempt(url: URL) -> bool:
    """Whether the URL is of an origin of our own."""
    return any(url.origin() == URL(own).origin() for own in _own_urls())


def _own_urls() -> list[str]:
    """The simulator and the bridges: processes of ours, named in the settings alone."""
    return [url for url in (settings.SIMULATOR_URL, *settings.GATEWAY_BRIDGES.values()) if url]


class PrivateName(OSError):
    """A name that leads into a private network."""


class GuardedResolver(AbstractResolver):
    """Resolves names and refuses those that point, even once, into private networks."""

    def __init__(self) -> None:
        self.inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Public addresses of a name; OSError when one of them is not public."""
        results = await self.inner.resolve(host, port, family)
        if _own(host, port) or all(public_address(r["host"]) for r in results):
            return results
        raise PrivateName(private(host))

    async def close(self) -> None:
        """Close the wrapped resolver."""
        await self.inner.close()


def _own(host: str, port: int) -> bool:
    return any((host, port) == (own.hostname, own.port) for own in map(urlsplit, _own_urls()))


# A channel's messages all go to one URL, and reading a setting takes as long as all the rest.
@lru_cache(maxsize=1024)
def check_url(url: str) -> URL:
    """The parsed URL if it may be called; Forbidden otherwise. Names are checked when resolved."""
    parsed = URL(url)
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise Forbidden(_("Only http and https addresses can be called."))
    if exempt(parsed):
        return parsed
    if parsed.scheme != "https" and not settings.DEBUG:
        raise Forbidden(_("Only https addresses can be called."))
    try:
        public = public_address(parsed.host)
    except ValueError:
        return parsed
    if not public:
        raise Forbidden(private(parsed.host))
    return parsed


def origin(url: str) -> str:
    """Scheme, host and port; empty for what ``check_url`` refuses."""
    try:
        return str(check_url(url).origin())
    except (ValueError, Forbidden):
        return ""


def find_host(url: str) -> None:
    """Look up a URL's host now. Forbidden as ``check_url``, or when its name leads into a private
    network; Unreachable when nobody knows the name.
    """
    parsed = check_url(url)
    host, port = parsed.host or "", parsed.port or 0
    if exempt(parsed):
        return
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unreachable(_("There is no host %s.") % host) from error
    if not all(public_address(str(address[0])) for *_about, address in found):
        raise Forbidden(private(host))


@receiver(setting_changed, dispatch_uid="transport")
def _check_anew(**about: object) -> None:
    """Settings change in tests only."""
    check_url.cache_clear()


def credentials(auth: tuple[str, str] | None) -> dict[str, str]:
    """The header that carries them; none without."""
    return {"Authorization": _basic(*auth)} if auth else {}


@lru_cache(maxsize=1024)
def _basic(name: str, password: str) -> str:
    return aiohttp.encode_basic_auth(name, password)
