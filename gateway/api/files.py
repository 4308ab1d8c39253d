"""The API's files: uploaded to be sent, and fetched by members' programs."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.problems import TooLarge
from accounts.rest.views import WorkspaceViewSet
from accounts.roles import Ability
from accounts.scoping import get_scoped
from gateway.media.models import StoredFile
from gateway.media.responses import file_response
from gateway.media.uploads import take_upload
from gateway.media.words import reason


def content_url(uid: UUID) -> str:
    """Where a program fetches a file, with its token."""
    return f"{settings.PUBLIC_URL}{reverse('api-file-content', args=[uid])}"


class FileSerializer(serializers.Serializer[Any]):
    """A file. ``url`` is fetched with the same token; ``content_type`` is what its bytes say."""

    id = serializers.UUIDField(source="uid", read_only=True)
    url = serializers.SerializerMethodField()
    content_type = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    size = serializers.IntegerField(read_only=True, help_text="Bytes.")
    sha256 = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)

    def get_url(self, row: StoredFile) -> str:
        """Its bytes."""
        return content_url(row.uid)


class UploadSerializer(serializers.Serializer[Any]):
    """A multipart form with one file."""

    file = serializers.FileField()


class AnyRenderer(BaseRenderer):
    """Lets a caller ask for whatever type a file may have."""

    media_type = "*/*"
    format = "file"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        """Never used: a file is its own answer, an error has its own renderer."""
        raise TypeError("A file is not rendered.")


class FileViewSet(WorkspaceViewSet):
    """Files of the workspace. One that is not sent within a day is removed."""

    queryset = StoredFile.objects.all()
    serializer_class = FileSerializer
    lookup_value_converter = "uuid"
    write_ability = Ability.INBOX
    parser_classes = [MultiPartParser]

    def get_object(self) -> StoredFile:
        """By its public id."""
        return get_scoped(StoredFile, self.member.workspace_id, uid=self.kwargs["pk"])

    @extend_schema(
        request={"multipart/form-data": UploadSerializer}, responses={201: FileSerializer}
    )
    def create(self, request: Request) -> Response:
        """Upload a file, to be sent as `{"file": id}` among the media of content."""
        form: HttpRequest = request._request
        try:
            row = take_upload(form, workspace_id=self.workspace.pk)
        except ValidationError:
            if getattr(form, "upload_too_large", False):
                raise TooLarge(reason("too_large")) from None
            raise
        return Response(self.shown(row), status=status.HTTP_201_CREATED)

    def retrieve(self, request: Request, pk: UUID) -> Response:
        """What is known of a file."""
        return Response(self.shown(self.get_object()))

    @extend_schema(responses={(200, "*/*"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], renderer_classes=[JSONRenderer, AnyRenderer])
    def content(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The bytes."""
        return file_response(self.get_object(), download=True)
