"""Links to our own files in stored content run out; whoever sends or reads it on has new ones."""

from collections.abc import Mapping
from typing import Any

from gateway.media.links import renewed


def with_fresh_links(content: Mapping[str, Any]) -> dict[str, Any]:
    """Content as ``Delivery.content`` has it, all its files with new links."""
    fresh = dict(content)
    if "media" in content:
        fresh["media"] = [_fresh(one) for one in content["media"]]
    if "cards" in content:
        fresh["cards"] = [_card(one) for one in content["cards"]]
    if "header" in content.get("template", {}):
        use = content["template"]
        fresh["template"] = {**use, "header": _fresh(use["header"])}
    return fresh


def _card(card: Mapping[str, Any]) -> dict[str, Any]:
    return {**card, "media": _fresh(card["media"])} if "media" in card else dict(card)


def _fresh(media: Mapping[str, Any]) -> dict[str, Any]:
    return {**media, "url": renewed(media["url"])} if media.get("file") else dict(media)
