"""Cursor pagination by id, newest first."""

from rest_framework.pagination import CursorPagination


class IdCursorPagination(CursorPagination):
    """``{"next", "previous", "results"}``; ``?cursor=`` and ``?page_size=`` (at most 200)."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
