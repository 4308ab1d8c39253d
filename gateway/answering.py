"""What a delivery answers, as it is kept beside its content."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from gateway.content.reading import ABOUT
from gateway.events import NOTHING, About
from gateway.mail import Mailbox, OutboundMail


def with_about(content: dict[str, Any], about: About) -> dict[str, Any]:
    """Stored content with what it answers beside it."""
    return content if about == NOTHING else {**content, ABOUT: _written(about)}


def about_of(content: Mapping[str, Any]) -> About:
    """What stored content answers."""
    found = content.get(ABOUT)
    if not found:
        return NOTHING
    mail = found.get("mail")
    return About(**{**found, "mail": _mail(mail) if mail else None})


def _written(about: About) -> dict[str, Any]:
    found = {key: value for key, value in dataclasses.asdict(about).items() if value}
    if about.mail is not None:
        found["mail"] = {key: value for key, value in found["mail"].items() if value}
    return found


def _mail(found: Mapping[str, Any]) -> OutboundMail:
    people = {name: _people(found.get(name, ())) for name in ("to", "cc")}
    return OutboundMail(**{**found, **people, "references": tuple(found.get("references", ()))})


def _people(found: Any) -> tuple[Mailbox, ...]:
    return tuple(Mailbox(**one) for one in found)
