"""System checks: every registered adapter keeps the contract, every receiver can be imported."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from gateway.addresses import KINDS
from gateway.contract import Adapter

DECLARED = (
    "kind",
    "label",
    "medium",
    "address_kind",
    "provider",
    "provider_url",
    "capabilities",
    "fields",
)


@register()
def check_adapters(**kwargs: Any) -> list[CheckMessage]:
    """Adapters are complete, and no kind is registered twice."""
    problems: list[CheckMessage] = []
    kinds: set[str] = set()
    for path in settings.GATEWAY_ADAPTERS:
        try:
            cls = import_string(path)
        except ImportError as error:
            problems.append(Error(f"GATEWAY_ADAPTERS: {error}", id="gateway.E001"))
            continue
        problems += _contract_problems(path, cls)
        kind = getattr(cls, "kind", None)
        if kind in kinds:
            problems.append(Error(f"{path}: kind {kind!r} is taken.", id="gateway.E002"))
        kinds.add(str(kind))
    return problems


def _contract_problems(path: str, cls: Any) -> list[CheckMessage]:
    if not (isinstance(cls, type) and issubclass(cls, Adapter)):
        return [Error(f"{path} is no gateway.contract.Adapter.", id="gateway.E003")]
    missing = [name for name in DECLARED if not hasattr(cls, name)]
    missing += sorted(getattr(cls, "__abstractmethods__", ()))
    if missing:
        return [Error(f"{path} lacks {', '.join(missing)}.", id="gateway.E004")]
    if cls.address_kind not in KINDS:
        return [Error(f"{path}: unknown address kind {cls.address_kind!r}.", id="gateway.E005")]
    if not cls.provider_url.startswith("https://"):
        return [Error(f"{path}: provider_url must be https.", id="gateway.E006")]
    return []


@register()
def check_receivers(**kwargs: Any) -> list[CheckMessage]:
    """Every receiver named in GATEWAY_RECEIVERS exists."""
    problems: list[CheckMessage] = []
    for name, paths in settings.GATEWAY_RECEIVERS.items():
        for path in paths:
            try:
                import_string(path)
            except ImportError as error:
                problems.append(Error(f"GATEWAY_RECEIVERS[{name}]: {error}", id="gateway.E007"))
    return problems
