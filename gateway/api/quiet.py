"""The API's quiet hours: one for the workspace."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.serializers import StrictSerializer
from accounts.rest.views import WorkspaceViewSet
from accounts.roles import Ability
from gateway.models import QuietHours
from gateway.quiet.setting import quiet_hours_of, set_quiet_hours

CLOCK = "%H:%M"


class QuietHoursSerializer(StrictSerializer):
    """Campaigns do not leave from ``starts`` until ``ends``, by the recipient's clock."""

    enabled = serializers.BooleanField()
    starts = serializers.TimeField(format=CLOCK, input_formats=[CLOCK], help_text="Like 21:00.")
    ends = serializers.TimeField(
        format=CLOCK, input_formats=[CLOCK], help_text="Like 08:00; earlier means the next day."
    )


class QuietHoursViewSet(WorkspaceViewSet):
    """When marketing waits for the morning; replies never do."""

    queryset = QuietHours.objects.all()
    serializer_class = QuietHoursSerializer
    pagination_class = None
    write_ability = Ability.SETTINGS

    @extend_schema(responses=QuietHoursSerializer)
    def retrieve(self, request: Request) -> Response:
        """As they are; ``enabled`` is false until somebody switches them on."""
        self.no_parameters()
        return Response(self.shown(quiet_hours_of(self.workspace)))

    @extend_schema(request=QuietHoursSerializer, responses=QuietHoursSerializer)
    def update(self, request: Request) -> Response:
        """Change them; what waits already waits by these from now on."""
        fields: dict[str, Any] = self.checked(QuietHoursSerializer)
        row = set_quiet_hours(workspace=self.workspace, member=self.member, **fields)
        return Response(self.shown(row))
