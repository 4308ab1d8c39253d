"""A channel's templates in the API."""

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.problems import Unprocessable
from accounts.rest.serializers import EmptySerializer, StrictSerializer
from accounts.rest.views import WorkspaceViewSet
from accounts.scoping import get_scoped
from gateway.content.templates import (
    ButtonKind,
    TemplateButton,
    TemplateDraft,
    TemplateHeader,
    TemplateStatus,
)
from gateway.errors import SendError
from gateway.models import Channel, StoredTemplate
from gateway.templates.filling import FILES, LOCATION, TEXT, needs
from gateway.templates.keeping import (
    create_template,
    delete_template,
    fetch_templates,
    has_templates,
)

FORMATS = (TEXT, *FILES, LOCATION)
MOST_BUTTONS = 10


class HeaderSerializer(StrictSerializer):
    """What stands above the text."""

    format = serializers.ChoiceField(choices=FORMATS)
    text = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class ButtonSerializer(StrictSerializer):
    """A button. ``value``: the URL, which may end in a parameter, or the number."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in ButtonKind])
    text = serializers.CharField(max_length=80, allow_blank=True)
    value = serializers.CharField(max_length=2_000, required=False, allow_blank=True, default="")


class TemplateSerializer(StrictSerializer):
    """A template as the provider has it, or one to hand in for approval."""

    id = serializers.IntegerField(read_only=True)
    external_id = serializers.CharField(read_only=True, help_text="The provider's own id.")
    name = serializers.CharField(max_length=512, allow_blank=True)
    language = serializers.CharField(
        max_length=35, allow_blank=True, help_text="In the provider's form, as in `en_US`."
    )
    category = serializers.CharField(max_length=64, allow_blank=True)
    previous_category = serializers.CharField(
        read_only=True, help_text="Before the provider changed it; empty: it never did."
    )
    status = serializers.ChoiceField(choices=[one.value for one in TemplateStatus], read_only=True)
    reason = serializers.CharField(read_only=True, help_text="Why it was rejected or paused.")
    header = HeaderSerializer(required=False, allow_null=True, default=None)
    body = serializers.CharField(
        max_length=4_096, allow_blank=True, help_text="Parameters: `{{1}}` or `{{name}}`."
    )
    footer = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    buttons: Any = serializers.ListSerializer(
        child=ButtonSerializer(), required=False, default=list, max_length=MOST_BUTTONS
    )
    examples = serializers.DictField(
        child=serializers.CharField(max_length=1_000, allow_blank=True),
        required=False,
        default=dict,
        write_only=True,
        help_text="A value for each parameter, for the review.",
    )
    parameters = serializers.SerializerMethodField(
        help_text="What `content.template` has to give, by its path, as in `body.1`."
    )
    updated_at = serializers.DateTimeField(read_only=True)

    def get_parameters(self, row: StoredTemplate) -> list[str]:
        """Without those that may be left out."""
        return [need.path for need in needs(row.given) if not need.optional]

    def validate(self, attrs: dict[str, Any]) -> Any:
        """As the services take it."""
        header = attrs["header"]
        return TemplateDraft(
            name=attrs["name"],
            language=attrs["language"],
            category=attrs["category"],
            body=attrs["body"],
            header=TemplateHeader(**header) if header else None,
            footer=attrs["footer"],
            buttons=tuple(
                TemplateButton(ButtonKind(one["kind"]), one["text"], one["value"])
                for one in attrs["buttons"]
            ),
            examples=tuple(attrs["examples"].items()),
        )


class Templates(WorkspaceViewSet):
    """What the channels' addresses have about templates."""

    @extend_schema(request=None, responses=TemplateSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def templates(self, request: Request, pk: str) -> Response:
        """All templates of the channel, by name; those that are gone there are marked deleted."""
        self.no_parameters()
        return Response(self._all(self._able()))

    @extend_schema(request=TemplateSerializer, responses={201: TemplateSerializer})
    @templates.mapping.post
    def create_template(self, request: Request, pk: str) -> Response:
        """Hand a template in for approval."""
        channel = self._able()
        draft: Any = self.checked(TemplateSerializer)
        try:
            row = create_template(channel=channel, member=self.member, draft=draft)
        except SendError as error:
            raise _refused(error) from error
        shown = TemplateSerializer(row).data
        return Response(shown, status=status.HTTP_201_CREATED)

    @extend_schema(request=EmptySerializer, responses=TemplateSerializer(many=True))
    @action(detail=True, methods=["post"], url_path="templates/sync", pagination_class=None)
    def sync_templates(self, request: Request, pk: str) -> Response:
        """Fetch all templates from the provider now."""
        channel = self._able()
        self.checked(EmptySerializer)
        try:
            fetch_templates(channel)
        except SendError as error:
            raise _refused(error) from error
        return Response(self._all(channel))

    @extend_schema(responses={204: None})
    @action(detail=True, methods=["delete"], url_path="templates/<int:template_id>")
    def delete_template(self, request: Request, pk: str, template_id: int) -> Response:
        """Remove it at the provider; here it stays in the list, marked deleted."""
        channel = self._able()
        rows = StoredTemplate.objects.select_related("channel").filter(channel=channel)
        row = get_scoped(rows, self.workspace, pk=template_id)
        try:
            delete_template(template=row, member=self.member)
        except SendError as error:
            raise _refused(error) from error
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _able(self) -> Channel:
        channel: Channel = self.get_object()
        if not has_templates(channel):
            raise Http404
        return channel

    def _all(self, channel: Channel) -> Any:
        rows = StoredTemplate.objects.filter(channel=channel).order_by("name", "language", "id")
        return TemplateSerializer(rows, many=True).data


def _refused(error: SendError) -> Unprocessable:
    words = _("The provider refused: %(reason)s") % {"reason": error.text}
    return Unprocessable({"provider": [words]})
