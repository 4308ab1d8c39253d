"""The API's agents."""

from typing import Any

from django.db import transaction
from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.members import active_members
from accounts.models import Member
from accounts.rest.views import WorkspaceViewSet
from accounts.roles import Ability, may
from conversations.models import Conversation, Status
from routing.api.serializers import AgentChange, AgentQuery, AgentSerializer
from routing.models import Presence
from routing.presence import set_capacity, set_manual


class AgentViewSet(WorkspaceViewSet):
    """The members as people who answer."""

    queryset = Member.objects.none()
    serializer_class = AgentSerializer
    query_serializer = AgentQuery
    write_ability = Ability.INBOX

    def get_queryset(self) -> Any:
        """Members with access, their agent rows and loads."""
        open_ones = (
            Conversation.objects.filter(assignee=OuterRef("pk"), status=Status.OPEN)
            .order_by()
            .values("assignee")
            .annotate(count=Count("pk"))
            .values("count")
        )
        load = Coalesce(Subquery(open_ones, output_field=IntegerField()), 0)
        return active_members().select_related("user", "workspace", "agent").annotate(load=load)

    @extend_schema(parameters=[AgentQuery])
    def list(self, request: Request) -> Response:
        """All agents, the newest first."""
        status = self.query().get("status")
        wanted = Q(agent__status=status) if status else Q()
        if status == Presence.OFFLINE:
            wanted |= Q(agent=None)
        return self.page(self.rows().filter(wanted))

    def retrieve(self, request: Request, pk: int) -> Response:
        """One agent."""
        return Response(self.shown(self.get_object()))

    @extend_schema(request=AgentChange)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Set the status (one's own, or as an admin anybody's) or the capacity (admins)."""
        member = self.get_object()
        fields = self.checked(AgentChange)
        self._check_allowed(member, fields)
        with transaction.atomic():
            if "status" in fields:
                set_manual(member=member, presence=fields["status"] or "")
            if "capacity" in fields:
                set_capacity(member=member, capacity=fields["capacity"], by=self.member)
        return Response(self.shown(self.get_object()))

    def _check_allowed(self, member: Member, fields: dict[str, Any]) -> None:
        if may(self.member.role, Ability.SETTINGS):
            return
        if member.pk != self.member.pk:
            raise PermissionDenied(_("Only an admin changes other people's status."))
        if "capacity" in fields:
            raise PermissionDenied(_("Only an admin changes a capacity."))
