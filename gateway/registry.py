"""Which adapters exist (settings.GATEWAY_ADAPTERS) and the adapter of a channel."""

from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

from gateway.contract import Adapter, Capabilities
from gateway.secrets import Undecryptable, unseal

if TYPE_CHECKING:
    from gateway.models import Channel


class UnknownKind(LookupError):
    """No registered adapter has this kind."""


@lru_cache(maxsize=1)
def adapters() -> dict[str, type[Adapter]]:
    """Every registered adapter class by its kind, in the order of the settings."""
    classes: list[type[Adapter]] = [import_string(path) for path in settings.GATEWAY_ADAPTERS]
    return {adapter.kind: adapter for adapter in classes}


def adapter_class(kind: str) -> type[Adapter]:
    """The adapter class of a kind; UnknownKind when none is registered."""
    try:
        return adapters()[kind]
    except KeyError as error:
        raise UnknownKind(kind) from error


def adapter_for(channel: "Channel") -> Adapter:
    """The channel's adapter with its decrypted config, aimed at the provider or the simulator."""
    cls = adapter_class(channel.kind)
    return cls(unseal(channel.config), base_url=base_url(cls))


def capabilities_of(channel: "Channel") -> Capabilities:
    """What this channel can do; what its kind can when its config cannot be read.

    Raises UnknownKind.
    """
    try:
        return adapter_for(channel).capabilities
    except Undecryptable:
        return adapter_class(channel.kind).capabilities


def base_url(cls: type[Adapter]) -> str:
    """Our own bridge to the provider, where there is one (settings.GATEWAY_BRIDGES); else the
    provider's host, in simulator mode the look-alike's address. Never typed by a person.
    """
    bridge = settings.GATEWAY_BRIDGES.get(cls.provider)
    if bridge:
        return str(bridge)
    if settings.SIMULATOR_URL:
        return f"{settings.SIMULATOR_URL}/{cls.provider}"
    return cls.provider_url
