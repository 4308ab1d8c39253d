"""What a campaign's mail is made of, as it is typed and kept."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from contacts.fields import clean_text

LONGEST_LINE = 250
# Gmail clips what is beyond 102 kB of HTML; this is where nobody reads on.
LONGEST_HTML, LONGEST_TEXT = 400_000, 100_000
CLIPPED_AT = 102_000
LIMITS = {
    "subject": LONGEST_LINE,
    "preheader": LONGEST_LINE,
    "html": LONGEST_HTML,
    "text": LONGEST_TEXT,
}


@dataclass(frozen=True, slots=True)
class MailDraft:
    """A mail with its variables in place. An empty ``text`` is made from ``html``, and the mail is
    text alone without ``html``. ``preheader``: what lists show beside the subject.
    """

    subject: str = ""
    preheader: str = ""
    html: str = ""
    text: str = ""

    @classmethod
    def of(cls, found: Mapping[str, Any] | None) -> Self:
        """As it is kept."""
        return cls(**{name: str((found or {}).get(name, "")) for name in LIMITS})

    def written(self) -> dict[str, str]:
        """To be kept, without what is empty."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def is_blank(self) -> bool:
        """Nothing has been put into it."""
        return not self.written()


def read_mail(value: Any) -> MailDraft:
    """A mail from outside; ValidationError by ``mail.subject`` and so on."""
    if not isinstance(value, Mapping):
        raise ValidationError({"mail": _("An object is expected here.")})
    errors: dict[str, str] = {
        f"mail.{name}": _("Unknown field.") for name in value if name not in LIMITS
    }
    said: dict[str, str] = {}
    for name, limit in LIMITS.items():
        try:
            said[name] = _cleaned(name, value.get(name, ""), limit)
        except ValidationError as error:
            errors[f"mail.{name}"] = " ".join(error.messages)
    if errors:
        raise ValidationError(errors)
    return MailDraft(**said)


def _cleaned(name: str, value: Any, limit: int) -> str:
    if not isinstance(value, str):
        raise ValidationError(_("Text is expected here."))
    text = clean_text(value, limit)
    # A head is one line.
    return " ".join(text.split()) if name in {"subject", "preheader"} else text
