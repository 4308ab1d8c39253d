"""The exhibit of every registered kind, by convention ``tests/payloads/<provider>/exhibit.py``.

A kind that is not its provider's only one may have a folder of its own.
"""

from importlib import import_module
from importlib.util import find_spec

from gateway.registry import adapters
from tests.payloads.exhibit import Exhibit


def exhibit(kind: str) -> Exhibit:
    """The exhibit of a kind; each provider's module keeps its kinds in ``EXHIBITS``."""
    own = find_spec(f"tests.payloads.{kind}") is not None
    module = import_module(f"tests.payloads.{kind if own else adapters()[kind].provider}.exhibit")
    found: Exhibit = module.EXHIBITS[kind]()
    return found
