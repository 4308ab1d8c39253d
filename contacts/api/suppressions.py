"""The API's suppression list."""

from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.serializers import StrictSerializer
from accounts.rest.views import WorkspaceViewSet
from accounts.roles import Ability
from contacts.suppressed import add_suppressed, find_suppressed, kind_of, remove_suppressed
from gateway.addresses import InvalidAddress, normalize
from gateway.models import Suppression


class SuppressionSerializer(StrictSerializer):
    """An address that gets no marketing on a medium, and why."""

    id = serializers.IntegerField(read_only=True)
    medium = serializers.CharField(max_length=16)
    address = serializers.CharField(max_length=320)
    reason = serializers.ChoiceField(choices=Suppression.Reason.choices)
    evidence = serializers.CharField(
        max_length=320, required=False, allow_blank=True, help_text="What was said, or by whom."
    )
    source = serializers.CharField(read_only=True)  # type: ignore[assignment]  # not Field.source
    created_at = serializers.DateTimeField(read_only=True)


class SuppressionQuery(serializers.Serializer[Suppression]):
    """Filters of the list."""

    medium = serializers.CharField(max_length=16, required=False)
    reason = serializers.ChoiceField(choices=Suppression.Reason.choices, required=False)
    address = serializers.CharField(
        max_length=320, required=False, help_text="The whole address; `medium` comes with it."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The address as it is kept."""
        if "address" not in attrs:
            return attrs
        try:
            kind = kind_of(attrs.get("medium", ""))
            return attrs | {"address": normalize(kind, attrs["address"])}
        except InvalidAddress as error:
            raise ValidationError({"address": str(error)}) from error


class SuppressionViewSet(WorkspaceViewSet):
    """Whom no campaign goes to. Opt-outs, complaints and bounces come here by themselves."""

    queryset = Suppression.objects.all()
    serializer_class = SuppressionSerializer
    query_serializer = SuppressionQuery
    read_ability = write_ability = Ability.CAMPAIGNS

    @extend_schema(parameters=[SuppressionQuery])
    def list(self, request: Request) -> Response:
        """The list, the newest first."""
        query = self.query()
        address = query.pop("address", None)
        rows = find_suppressed(self.workspace, **query)
        return self.page(rows.filter(address=address) if address else rows)

    def retrieve(self, request: Request, pk: int) -> Response:
        """One entry."""
        return Response(self.shown(self.get_object()))

    def create(self, request: Request) -> Response:
        """Send no more marketing there; an address that is on the list stays as it is."""
        fields = self.checked(SuppressionSerializer)
        row = add_suppressed(workspace=self.workspace, member=self.member, source="api", **fields)
        return Response(self.shown(row), status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Let marketing go there again; only when the person asked for it."""
        remove_suppressed(row=self.get_object(), member=self.member, source="api")
        return Response(status=status.HTTP_204_NO_CONTENT)
