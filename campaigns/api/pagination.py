"""Pages of a ledger, by the ids of its lines."""

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor
from rest_framework.request import Request

from accounts.rest.pagination import IdCursorPagination
from campaigns.ledger import Entry, Ledger
from campaigns.models import ID_BITS

HIGHEST = 1 << ID_BITS


class LedgerPagination(IdCursorPagination):
    """As IdCursorPagination, from the beginning, over what is no queryset (``lines``)."""

    ordering = "id"
    found: list[Entry]

    def lines(self, ledger: Ledger, request: Request) -> list[Entry]:
        """The lines of the page; ValidationError for a cursor that no page of ours gave."""
        self._check_size(request)
        size = self.get_page_size(request) or self.page_size
        backwards, position = self._start(request)
        self.base_url = request.build_absolute_uri()
        if backwards:
            found = ledger.page(size + 1, before=position)
            self.found, self.has_next = found[-size:], True
            self.has_previous = len(found) > size
        else:
            found = ledger.page(size + 1, after=position)
            self.found, self.has_next = found[:size], len(found) > size
            self.has_previous = position > 0
        return self.found

    def get_next_link(self) -> str | None:
        """Where the lines above begin."""
        return self._link(-1, reverse=False) if self.has_next and self.found else None

    def get_previous_link(self) -> str | None:
        """Where the lines below end."""
        return self._link(0, reverse=True) if self.has_previous and self.found else None

    def _link(self, place: int, *, reverse: bool) -> str:
        position = self.found[place].recipient.pk
        return str(self.encode_cursor(Cursor(offset=0, reverse=reverse, position=position)))

    def _start(self, request: Request) -> tuple[bool, int]:
        """Whether to read backwards, and from which id."""
        try:
            cursor = self.decode_cursor(request)
            position = int(cursor.position or 0) if cursor else 0
        except (NotFound, ValueError) as error:
            raise _no_cursor() from error
        if not 0 <= position < HIGHEST:
            raise _no_cursor()
        return bool(cursor and cursor.reverse), position


def _no_cursor() -> ValidationError:
    return ValidationError({"cursor": [_("This is no cursor of this list.")]})
