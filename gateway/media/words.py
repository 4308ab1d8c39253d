"""Files in words: kinds, sizes, and why one is not there."""

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.media.kinds import family

REASONS = {
    "empty": gettext_lazy("The file is empty."),
    "wrong_type": gettext_lazy("This type of file is not accepted."),
    "gone": gettext_lazy("The provider no longer has this file."),
    "host": gettext_lazy("The file lies on a server that this provider does not use."),
    "private": gettext_lazy("The file lies at an address that must not be called."),
    "redirects": gettext_lazy("The file was moved too many times."),
    "denied": gettext_lazy("The provider did not let us fetch this file."),
    "unreachable": gettext_lazy("The file could not be fetched."),
    "answer": gettext_lazy("The provider gave no file."),
    "channel": gettext_lazy("The channel could not be used to fetch this file."),
}


def reason(code: str) -> str:
    """Why a file was refused or could not be fetched; empty for no reason."""
    if code == "too_large":
        return _("The file is larger than %(size)s.") % {"size": size(settings.MEDIA_MAX_BYTES)}
    return str(REASONS.get(code, REASONS["unreachable"])) if code else ""


def size(count: int | None) -> str:
    """Bytes as people say them, in the reader's language; empty when nobody knows."""
    return "" if count is None else filesizeformat(count).replace("\xa0", " ")


def kind(content_type: str) -> str:
    """What people call such a file."""
    names = {
        "image": _("Picture"),
        "video": _("Video"),
        "audio": _("Audio"),
        "text/vcard": _("Contact card"),
        "text/x-vcard": _("Contact card"),
        "application/pdf": _("PDF"),
    }
    return names.get(content_type) or names.get(family(content_type)) or _("File")
