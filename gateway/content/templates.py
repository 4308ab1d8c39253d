"""Templates that a provider has to approve: what it has, and what is handed in.

One in use is a part of the content (``gateway.content.model.TemplateUse``).
"""

from dataclasses import dataclass
from enum import StrEnum


class TemplateStatus(StrEnum):
    """Where a template stands at the provider. Only ``APPROVED`` can be sent."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    PAUSED = "paused"
    DISABLED = "disabled"
    DELETED = "deleted"


class ButtonKind(StrEnum):
    """What a template's button does; ``OTHER`` ones need nothing from us."""

    REPLY = "reply"
    URL = "url"
    PHONE = "phone"
    CODE = "code"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class TemplateButton:
    """A button. ``value`` is the URL (which may end in a parameter) or the number."""

    kind: ButtonKind
    text: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class TemplateHeader:
    """What stands above: ``text``, or a file of a family (``image``, ``video``, ``document``), or
    a ``location``.
    """

    format: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class ProviderTemplate:
    """A template as the provider has it. Its texts have parameters: ``{{1}}`` or ``{{name}}``.

    ``category`` in the provider's lower-case word; ``reason`` why it was rejected or paused;
    ``language`` in the provider's form (``en_US``).
    """

    external_id: str
    name: str
    language: str
    category: str
    status: TemplateStatus
    body: str
    header: TemplateHeader | None = None
    footer: str = ""
    buttons: tuple[TemplateButton, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TemplateDraft:
    """A template to hand in. ``examples`` are values for its parameters, by name or number."""

    name: str
    language: str
    category: str
    body: str
    header: TemplateHeader | None = None
    footer: str = ""
    buttons: tuple[TemplateButton, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
