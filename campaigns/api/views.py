"""The API's campaigns."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.idempotency import idempotent
from accounts.rest.problems import Conflict
from accounts.rest.schema import KEY
from accounts.rest.serializers import EmptySerializer
from accounts.rest.views import WorkspaceViewSet
from accounts.roles import Ability
from campaigns import services
from campaigns.api.mail import MailNumbersSerializer
from campaigns.api.pagination import LedgerPagination
from campaigns.api.serializers import (
    CampaignQuery,
    CampaignSerializer,
    CostSerializer,
    ForecastSerializer,
    LineQuery,
    LineSerializer,
)
from campaigns.ledger import Ledger
from campaigns.mail.tracking import mail_numbers
from campaigns.models import Campaign, CampaignStatus
from campaigns.preview import foresee
from campaigns.selectors import costs_so_far, progress_of
from campaigns.services import WrongStatus
from gateway.quiet.places import Rule


class CampaignViewSet(WorkspaceViewSet):
    """One message to a segment of contacts, and the ledger of what became of each."""

    queryset = Campaign.objects.select_related("fallback_channel")
    serializer_class = CampaignSerializer
    query_serializer = CampaignQuery
    read_ability = write_ability = Ability.CAMPAIGNS

    @extend_schema(parameters=[CampaignQuery])
    def list(self, request: Request) -> Response:
        """All campaigns, the newest first."""
        return self.page(self.rows().filter(**self.query()))

    def retrieve(self, request: Request, pk: int) -> Response:
        """One campaign with its numbers."""
        return self._one(self.get_object())

    def create(self, request: Request) -> Response:
        """A new draft."""
        fields = self.checked(CampaignSerializer)
        campaign = services.create(workspace=self.workspace, member=self.member, **fields)
        return self._one(campaign, status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: int) -> Response:
        """Change a draft; 409 for what is launched."""
        campaign = self.get_object()
        fields = self.checked(CampaignSerializer, partial=True)
        return self._one(self._try(services.update, campaign, **fields))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Throw a draft away; 409 for what is launched."""
        self._try(services.delete_draft, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=EmptySerializer, responses=CampaignSerializer, parameters=[KEY])
    @action(detail=True, methods=["post"])
    @idempotent
    def launch(self, request: Request, pk: int) -> Response:
        """Freeze the audience and begin to send."""
        return self._move(services.launch)

    @extend_schema(request=EmptySerializer, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: int) -> Response:
        """Stop sending for now."""
        return self._move(services.pause)

    @extend_schema(request=EmptySerializer, responses=CampaignSerializer, parameters=[KEY])
    @action(detail=True, methods=["post"])
    @idempotent
    def resume(self, request: Request, pk: int) -> Response:
        """Go on where it stopped."""
        return self._move(services.resume)

    @extend_schema(request=EmptySerializer, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        """Stop for good."""
        return self._move(services.cancel)

    @extend_schema(responses=ForecastSerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def forecast(self, request: Request, pk: int) -> Response:
        """Whom a launch right now would reach and what it would cost; 409 for what is launched."""
        campaign = self.get_object()
        if campaign.status != CampaignStatus.DRAFT:
            raise Conflict(_("The campaign is launched; its cost tells what has been sent."))
        found = foresee(campaign)
        if found.problem:
            raise ValidationError({"segment": found.problem})
        return Response(ForecastSerializer(found).data)

    @extend_schema(responses=CostSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def cost(self, request: Request, pk: int) -> Response:
        """What was sent so far costs, by currency; at most a minute old, empty without prices."""
        return Response(CostSerializer(costs_so_far(self.get_object()), many=True).data)

    @extend_schema(responses=MailNumbersSerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def mail(self, request: Request, pk: int) -> Response:
        """Who opened, clicked and unsubscribed, in numbers; 404 for what is no launched mail."""
        campaign = self.get_object()
        if campaign.made is None:
            raise NotFound
        return Response(MailNumbersSerializer(mail_numbers(campaign)).data)

    @extend_schema(parameters=[LineQuery], responses=LineSerializer(many=True), filters=False)
    @action(
        detail=True,
        methods=["get"],
        serializer_class=LineSerializer,
        pagination_class=LedgerPagination,
    )
    def recipients(self, request: Request, pk: int) -> Response:
        """The ledger, in the order of the audience."""
        campaign = self.get_object()
        query = self.query(LineQuery)
        wanted = Ledger(campaign, query.get("state", ""), query.get("reason", ""))
        pages = LedgerPagination()
        found: Any = pages.lines(wanted, request)
        context = {"rule": Rule.of(campaign.workspace)}
        return pages.get_paginated_response(LineSerializer(found, many=True, context=context).data)

    def shown(self, instance: Any, *, many: bool = False, **context: Any) -> Any:
        """With the progress of all rows."""
        progress = progress_of(instance if many else [instance])
        return super().shown(instance, many=many, progress=progress, **context)

    def _move(self, service: Callable[..., Any]) -> Response:
        campaign = self.get_object()
        self.checked(EmptySerializer)
        return self._one(self._try(service, campaign))

    def _try(self, service: Callable[..., Any], campaign: Campaign, **fields: Any) -> Any:
        try:
            return service(campaign=campaign, member=self.member, **fields)
        except WrongStatus as error:
            raise Conflict(" ".join(error.messages)) from error

    def _one(self, campaign: Campaign, status_code: int = status.HTTP_200_OK) -> Response:
        return Response(self.shown(campaign), status=status_code)
