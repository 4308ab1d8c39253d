"""The exhibit of every registered kind, by convention ``tests/payloads/<provider>/exhibit.py``."""

from importlib import import_module

from gateway.registry import adapters
from tests.payloads.exhibit import Exhibit


def exhibit(kind: str) -> Exhibit:
    """The exhibit of a kind; each provider's module keeps its kinds in ``EXHIBITS``."""
    module = import_module(f"tests.payloads.{adapters()[kind].provider}.exhibit")
    found: Exhibit = module.EXHIBITS[kind]()
    return found
