"""Cursor pagination by id, newest first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView


class IdCursorPagination(CursorPagination):
    """``{"next", "previous", "results"}``; ``?cursor=`` and ``?page_size=`` (at most 200).

    Ordered by id, which never changes, so that a walk through all pages misses and doubles nothing.
    """

    ordering: str | tuple[str, ...] = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def paginate_queryset(
        self,
        queryset: QuerySet[Any, Any] | Sequence[Any],
        request: Request,
        view: "APIView | None" = None,
    ) -> list[Any] | None:
        """The rows of the page; ValidationError for a cursor that no page of ours gave."""
        self._check_size(request)
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValueError, DjangoValidationError) as error:
            raise ValidationError({"cursor": [_("This is no cursor of this list.")]}) from error

    def _check_size(self, request: Request) -> None:
        raw = request.query_params.get("page_size", "1")
        if not raw.isascii() or not raw.isdigit() or not 1 <= int(raw[:9]) <= self.max_page_size:
            message = _("Must be a number from 1 to %(most)s.") % {"most": self.max_page_size}
            raise ValidationError({"page_size": [message]})


class CreatedCursorPagination(IdCursorPagination):
    """For rows whose id is random."""

    ordering = ("-created_at", "-id")
