"""Who may call the API."""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import Member


class IsMember(BasePermission):
    """The request carries a token of an active member (``request.user`` is that Member)."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Only members."""
        return isinstance(request.user, Member)
