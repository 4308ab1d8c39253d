"""The API's channels."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.pagination import CreatedCursorPagination
from accounts.rest.problems import Conflict
from accounts.rest.serializers import EmptySerializer
from accounts.roles import Ability
from gateway.api.prices import PricesSerializer, shown_prices
from gateway.api.serializers import (
    ChannelChange,
    ChannelQuery,
    ChannelSerializer,
    CheckSerializer,
)
from gateway.api.templates import Templates
from gateway.channels import (
    channel_health,
    check_channel,
    create_channel,
    delete_channel,
    update_channel,
)
from gateway.errors import SendError
from gateway.models import Channel
from gateway.prices.services import set_prices
from gateway.registry import adapters

# What a channel is given once it is there.
LATER = ("enabled", "fallback", "branding", "public_approval")
OWN_FIELDS = {
    *("kind", "name", "enabled", "rate_per_second"),
    *("fallback.channel", "fallback.after_s", "fallback.success"),
    *("branding.name", "branding.logo", "branding.color"),
}


class ChannelViewSet(Templates):
    """The configured accounts at providers."""

    queryset = Channel.objects.select_related("brand_logo")
    serializer_class = ChannelSerializer
    query_serializer = ChannelQuery
    pagination_class = CreatedCursorPagination
    lookup_value_converter = "uuid"
    write_ability = Ability.SETTINGS

    @extend_schema(parameters=[ChannelQuery])
    def list(self, request: Request) -> Response:
        """All channels, the newest first."""
        query = {name: value for name, value in self.query().items() if value is not None}
        return self.page(self.rows().filter(**query))

    def retrieve(self, request: Request, pk: str) -> Response:
        """One channel."""
        return Response(self.shown(self.get_object()))

    def create(self, request: Request) -> Response:
        """A new channel."""
        fields = self.checked(ChannelSerializer)
        later = {name: fields.pop(name) for name in LATER if name in fields}
        self._check_kind(fields["kind"])
        with transaction.atomic(), _config_errors():
            channel = create_channel(workspace=self.workspace, member=self.member, **fields)
            if later:
                channel = update_channel(channel=channel, member=self.member, **later)
        return Response(self.shown(channel), status=status.HTTP_201_CREATED)

    @extend_schema(request=ChannelChange)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the name, the settings, the rate, or switch it on or off."""
        channel = self.get_object()
        fields = self.checked(ChannelChange)
        with _config_errors():
            channel = update_channel(channel=channel, member=self.member, **fields)
        return Response(self.shown(channel))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a channel that was never used; 409 for one that was, which can be disabled."""
        try:
            delete_channel(channel=self.get_object(), member=self.member)
        except ValidationError as error:
            raise Conflict(" ".join(error.messages)) from error
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=EmptySerializer, responses=CheckSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: str) -> Response:
        """Ask the provider whether the credentials are good."""
        channel = self.get_object()
        self.checked(EmptySerializer)
        try:
            found = check_channel(channel)
        except SendError as error:
            problem = {"code": error.code or error.name, "text": error.text}
            return Response({"ok": False, "summary": "", "error": problem})
        return Response({"ok": True, "summary": found.summary, "error": None})

    @extend_schema(request=None, responses=PricesSerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def prices(self, request: Request, pk: str) -> Response:
        """What messages cost, by country."""
        return Response(shown_prices(self.get_object()))

    @extend_schema(request=PricesSerializer, responses=PricesSerializer)
    @prices.mapping.put
    def replace_prices(self, request: Request, pk: str) -> Response:
        """Replace all prices; an empty list forgets them."""
        channel = self.get_object()
        set_prices(channel=channel, member=self.member, **self.checked(PricesSerializer))
        return Response(shown_prices(channel))

    def shown(self, instance: Any, *, many: bool = False, **context: Any) -> Any:
        """With the health of all rows, looked up in one statement."""
        health = channel_health(instance if many else [instance])
        return super().shown(instance, many=many, health=health, **context)

    def _check_kind(self, kind: str) -> None:
        if kind not in adapters():
            message = _("“%(kind)s” is none of: %(kinds)s.")
            words = {"kind": kind, "kinds": ", ".join(adapters())}
            raise ValidationError({"kind": message % words})


@contextmanager
def _config_errors() -> Iterator[None]:
    """Puts errors of a kind's settings under ``config.``, where the caller wrote them."""
    try:
        yield
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            raise
        raise ValidationError(
            {
                name if name in OWN_FIELDS else f"config.{name}": messages
                for name, messages in error.error_dict.items()
            }
        ) from error
