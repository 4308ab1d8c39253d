"""Campaigns by mail as the API shows them: what they say, what came of it, saved mails."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.serializers import EmptySerializer, StrictSerializer
from accounts.rest.views import WorkspaceViewSet
from accounts.roles import Ability
from campaigns.mail import saved
from campaigns.mail.draft import LIMITS
from campaigns.mail.model import MailTemplate
from campaigns.mail.tracking import Done, MailNumbers

MAIL = {
    "nullable": True,
    "type": "object",
    "properties": {name: {"type": "string", "maxLength": limit} for name, limit in LIMITS.items()},
}


@extend_schema_field(MAIL)
class MailField(serializers.JSONField):
    """A mail with variables; the services say what is wrong with it, by ``mail.html`` and so on."""


class DoneSerializer(serializers.Serializer[Done]):
    """How many people did it, and how often in all."""

    people = serializers.IntegerField(read_only=True)
    times = serializers.IntegerField(read_only=True)


class LinkSerializer(serializers.Serializer[Any]):
    """A link of a mail, as it was typed."""

    url = serializers.CharField(read_only=True)
    people = serializers.IntegerField(read_only=True)
    times = serializers.IntegerField(read_only=True)


class MailNumbersSerializer(serializers.Serializer[MailNumbers]):
    """What people did with a campaign's mail; nothing is counted where it does not track."""

    opened = DoneSerializer(read_only=True)
    clicked = DoneSerializer(read_only=True)
    unsubscribed = serializers.IntegerField(read_only=True)
    links = serializers.SerializerMethodField()

    @extend_schema_field(LinkSerializer(many=True))
    def get_links(self, numbers: MailNumbers) -> Any:
        """In their order in the mail."""
        return [
            {"url": url, "people": done.people, "times": done.times} for url, done in numbers.links
        ]


class MailTemplateSerializer(StrictSerializer):
    """A saved mail to begin campaigns with."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=200)
    mail = MailField(required=False)
    archived = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def get_archived(self, row: MailTemplate) -> bool:
        """Whether it is put away."""
        return row.archived_at is not None


class MailTemplateQuery(serializers.Serializer[MailTemplate]):
    """Filters of the list of saved mails."""

    archived = serializers.BooleanField(required=False, default=False)


class MailTemplateViewSet(WorkspaceViewSet):
    """Saved mails that campaigns begin with; a change leaves campaigns as they are."""

    queryset = MailTemplate.objects.select_related("workspace")
    serializer_class = MailTemplateSerializer
    query_serializer = MailTemplateQuery
    read_ability = write_ability = Ability.CAMPAIGNS

    @extend_schema(parameters=[MailTemplateQuery])
    def list(self, request: Request) -> Response:
        """Those in use, or those in the archive; the newest first."""
        archived = self.query().get("archived", False)
        return self.page(self.rows().filter(archived_at__isnull=not archived))

    def retrieve(self, request: Request, pk: int) -> Response:
        """One of them."""
        return Response(self.shown(self.get_object()))

    def create(self, request: Request) -> Response:
        """A new one."""
        fields = {"mail": {}} | self.checked(MailTemplateSerializer)
        row = saved.save_template(workspace=self.workspace, member=self.member, **fields)
        return Response(self.shown(row), status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: int) -> Response:
        """Rename or write anew."""
        row = self.get_object()
        fields = {"name": row.name, "mail": row.mail}
        fields |= self.checked(MailTemplateSerializer, partial=True)
        row = saved.save_template(
            workspace=self.workspace, member=self.member, template=row, **fields
        )
        return Response(self.shown(row))

    @extend_schema(request=EmptySerializer, responses=MailTemplateSerializer)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: int) -> Response:
        """Put it away."""
        return self._archive(archived=True)

    @extend_schema(request=EmptySerializer, responses=MailTemplateSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: int) -> Response:
        """Take it out of the archive."""
        return self._archive(archived=False)

    def _archive(self, *, archived: bool) -> Response:
        row = self.get_object()
        self.checked(EmptySerializer)
        saved.archive(template=row, member=self.member, archived=archived)
        return Response(self.shown(row))
