"""How somebody's word about marketing came to us, in words for people."""

from django.utils.translation import gettext_lazy as _

SOURCES = {
    "agent": _("noted by hand"),
    "api": _("through the API"),
    "keyword": _("by a keyword"),
    "provider": _("the provider says so"),
    "one_click": _("unsubscribed in the mail program"),
    "unsubscribe_page": _("on the unsubscribe page of a mail"),
}


def source_words(source: str) -> str:
    """The words for a source; one nobody knows stays as it is."""
    return str(SOURCES.get(source, source))
