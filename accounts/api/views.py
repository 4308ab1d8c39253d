"""The API's members and teams."""

from typing import Any

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.api.serializers import MemberQuery, MemberSerializer, TeamSerializer
from accounts.members import active_members
from accounts.models import Member, Team
from accounts.rest.views import WorkspaceViewSet
from accounts.roles import Ability


class MemberViewSet(WorkspaceViewSet):
    """The people of the workspace."""

    queryset = Member.objects.none()
    serializer_class = MemberSerializer
    query_serializer = MemberQuery

    def get_queryset(self) -> Any:
        """Members with access."""
        return active_members()

    @extend_schema(parameters=[MemberQuery])
    def list(self, request: Request) -> Response:
        """All members, the newest first."""
        return self.page(self.rows().filter(**self.query()))

    def retrieve(self, request: Request, pk: int) -> Response:
        """One member."""
        return Response(self.shown(self.get_object()))


class TeamViewSet(WorkspaceViewSet):
    """Groups of members."""

    queryset = Team.objects.prefetch_related(Prefetch("members", Member.objects.only("pk")))
    serializer_class = TeamSerializer
    write_ability = Ability.SETTINGS

    def list(self, request: Request) -> Response:
        """All teams, the newest first."""
        self.query()
        return self.page(self.rows())

    def retrieve(self, request: Request, pk: int) -> Response:
        """One team."""
        return Response(self.shown(self.get_object()))

    def create(self, request: Request) -> Response:
        """A new team."""
        fields = self.checked(TeamSerializer)
        team = services.create_team(workspace=self.workspace, by=self.member, **fields)
        return Response(self.shown(team), status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: int) -> Response:
        """Rename a team or replace its members."""
        team = self.get_object()
        fields = self.checked(TeamSerializer, partial=True)
        services.update_team(team=team, by=self.member, **fields)
        return Response(self.shown(self.get_object()))

    def destroy(self, request: Request, pk: int) -> Response:
        """Remove a team; its members and conversations stay."""
        services.delete_team(team=self.get_object(), by=self.member)
        return Response(status=status.HTTP_204_NO_CONTENT)
