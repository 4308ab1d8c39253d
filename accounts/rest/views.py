"""What every view of the API shares: scope, abilities, strict query parameters."""

from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from accounts.models import Member, Workspace
from accounts.rest.permissions import HasAbility, caller
from accounts.rest.serializers import EmptySerializer
from accounts.roles import Ability
from accounts.scoping import get_scoped

M = TypeVar("M", bound=Model)
PAGING = {"cursor", "page_size"}


class WorkspaceViewSet(GenericViewSet[Any]):
    """Rows of the caller's workspace. ``query_serializer`` names the list's query parameters."""

    permission_classes = [HasAbility]
    read_ability: ClassVar[Ability] = Ability.INBOX
    write_ability: ClassVar[Ability] = Ability.SETTINGS
    lookup_value_converter = "int"
    query_serializer: ClassVar[type[serializers.Serializer[Any]]] = EmptySerializer

    @property
    def member(self) -> Member:
        """Who calls."""
        return caller(self.request)

    @property
    def workspace(self) -> Workspace:
        """The caller's workspace."""
        return self.member.workspace

    def rows(self) -> QuerySet[Any]:
        """The view's rows of the caller's workspace; the schema generator has no caller."""
        queryset: QuerySet[Any] = self.get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return queryset.none()
        return queryset.filter(workspace=self.member.workspace_id)

    def get_object(self) -> Any:
        """The row of the caller's workspace that the URL names, else 404."""
        return get_scoped(self.get_queryset(), self.member.workspace_id, pk=self.kwargs["pk"])

    def query(self, serializer: type[serializers.Serializer[Any]] | None = None) -> dict[str, Any]:
        """The checked query parameters; ValidationError by parameter, unknown ones too."""
        given = self.request.query_params.dict()
        own = {name: value for name, value in given.items() if name not in PAGING}
        bound = (serializer or self.query_serializer)(
            data=own, context=self.get_serializer_context()
        )
        self.no_parameters(*bound.fields)
        bound.is_valid(raise_exception=True)
        return dict(bound.validated_data)

    def no_parameters(self, *but: str) -> None:
        """ValidationError for parameters other than these and paging: a typo selects nothing."""
        unknown = set(self.request.query_params) - {*but} - PAGING
        if unknown:
            message = _("There is no such parameter.")
            raise ValidationError({name: [message] for name in sorted(unknown)})

    def checked(self, serializer: type[serializers.Serializer[Any]], **kwargs: Any) -> Any:
        """The checked body as a dict; ValidationError by field."""
        bound = serializer(data=self.request.data, context=self.get_serializer_context(), **kwargs)
        bound.is_valid(raise_exception=True)
        return bound.validated_data

    def page(self, rows: QuerySet[Any], **context: Any) -> Response:
        """A page of ``rows`` through the view's serializer."""
        found = self.paginate_queryset(rows) or []
        return self.get_paginated_response(self.shown(found, many=True, **context))

    def shown(self, instance: Any, *, many: bool = False, **context: Any) -> Any:
        """The view's answer for a row or rows."""
        serializer_class = self.get_serializer_class()
        context = {**self.get_serializer_context(), **context}
        return serializer_class(instance, many=many, context=context).data


class NoSuchRoute(APIView):
    """Any other address under the API."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """404 for every method."""
        if not request.path.endswith("/"):
            raise NotFound(_("Nothing is here. Addresses of the API end with a slash."))
        raise NotFound(_("Nothing is here; /api/v1/docs/ lists what there is."))

    def get(self, request: Request, path: str = "") -> Response:
        """Never reached."""
        raise NotFound
