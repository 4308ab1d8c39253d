"""The API's segments."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet, Value
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Workspace
from accounts.rest.problems import Conflict
from accounts.rest.views import WorkspaceViewSet
from accounts.roles import Ability
from contacts.api.serializers import SegmentChange, SegmentSerializer
from contacts.models import Segment
from contacts.segments import catalogue, contacts_matching
from contacts.segments.services import create_segment, delete_segment, update_segment


class SegmentViewSet(WorkspaceViewSet):
    """Named filters over contacts."""

    queryset = Segment.objects.all()
    serializer_class = SegmentSerializer
    read_ability = write_ability = Ability.CAMPAIGNS

    def list(self, request: Request) -> Response:
        """All segments with their counts, the newest first."""
        self.query()
        return self.page(self.rows())

    def retrieve(self, request: Request, pk: int) -> Response:
        """One segment."""
        return Response(self.shown(self.get_object()))

    def create(self, request: Request) -> Response:
        """A new segment."""
        fields = self.checked(SegmentSerializer)
        segment = create_segment(workspace=self.workspace, member=self.member, **fields)
        return Response(self.shown(segment), status=status.HTTP_201_CREATED)

    @extend_schema(request=SegmentChange)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Rename or redefine; launched campaigns keep their audience."""
        segment = self.get_object()
        fields = {"name": segment.name, "filter": segment.filter} | self.checked(SegmentChange)
        return Response(self.shown(update_segment(segment=segment, member=self.member, **fields)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a segment; 409 while campaigns use it."""
        try:
            delete_segment(segment=self.get_object(), member=self.member)
        except ValidationError as error:
            raise Conflict(" ".join(error.messages)) from error
        return Response(status=status.HTTP_204_NO_CONTENT)

    def shown(self, instance: Any, *, many: bool = False, **context: Any) -> Any:
        """With the counts of all rows."""
        segments = instance if many else [instance]
        counts = count_segments(self.workspace, segments)
        return super().shown(instance, many=many, counts=counts, **context)


def count_segments(workspace: Workspace, segments: Sequence[Segment]) -> dict[int, int]:
    """How many contacts each segment selects, in one statement; broken ones are left out."""
    known = catalogue(workspace)
    parts: dict[int, QuerySet[Any, Any]] = {}
    for segment in segments:
        try:
            matching = contacts_matching(workspace, segment.filter, known=known)
        except ValidationError:
            continue
        numbered = matching.order_by().values(segment=Value(segment.pk))
        parts[segment.pk] = numbered.annotate(count=Count("pk")).values_list("segment", "count")
    if not parts:
        return {}
    first, *others = parts.values()
    found: dict[int, int] = dict(first.union(*others, all=True) if others else first)
    return {pk: found.get(pk, 0) for pk in parts}
