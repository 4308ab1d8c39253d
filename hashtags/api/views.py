"""The API's hashtag chats."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.idempotency import idempotent
from accounts.rest.problems import Conflict
from accounts.rest.schema import KEY
from accounts.rest.serializers import EmptySerializer
from accounts.rest.views import WorkspaceViewSet
from accounts.roles import Ability
from hashtags import services
from hashtags.api.serializers import AnswerQuery, AnswerSerializer, HashtagChatSerializer
from hashtags.models import HashtagChat
from hashtags.selectors import conversations_of, list_chats
from hashtags.services import WrongPhase


class HashtagChatViewSet(WorkspaceViewSet):
    """Scheduled questions with a hashtag, and what people answer."""

    queryset = HashtagChat.objects.none()
    serializer_class = HashtagChatSerializer
    write_ability = Ability.CAMPAIGNS

    def get_queryset(self) -> Any:
        """With questions and numbers."""
        if getattr(self, "swagger_fake_view", False):
            return HashtagChat.objects.none()
        return list_chats(self.workspace).prefetch_related("questions")

    def list(self, request: Request) -> Response:
        """All chats, the newest first."""
        self.query()
        return self.page(self.rows())

    def retrieve(self, request: Request, pk: int) -> Response:
        """One chat with its questions."""
        return self._one(self.get_object())

    @extend_schema(parameters=[KEY])
    @idempotent
    def create(self, request: Request) -> Response:
        """Plan a chat; its questions go out by themselves."""
        fields = self.checked(HashtagChatSerializer)
        chat = services.create(workspace=self.workspace, member=self.member, **fields)
        return self._one(chat, status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: int) -> Response:
        """Change a chat, or what still waits of it; 409 when it is over."""
        chat = self.get_object()
        fields = self.checked(HashtagChatSerializer, partial=True)
        return self._one(self._try(services.update, chat, **fields))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Remove a chat of which nothing is public; 409 for all others."""
        self._try(services.delete, self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=EmptySerializer, responses=HashtagChatSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        """Ask and gather nothing more; 409 when it is over."""
        chat = self.get_object()
        self.checked(EmptySerializer)
        return self._one(self._try(services.cancel, chat))

    @extend_schema(parameters=[AnswerQuery], responses=AnswerSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], serializer_class=AnswerSerializer)
    def answers(self, request: Request, pk: int) -> Response:
        """Its answers, the newest first."""
        chat = self.get_object()
        wanted = self.query(AnswerQuery)
        number = wanted.pop("question", None)
        rows = chat.answers.filter(gone=False).select_related("question")
        if number is not None:
            rows = rows.filter(question__position=number)
        rows = rows.filter(**{name: value for name, value in wanted.items() if value is not None})
        found = self.paginate_queryset(rows) or []
        context = {"chat": chat, "conversations": conversations_of(chat, found)}
        return self.get_paginated_response(self.shown(found, many=True, **context))

    def _try(self, service: Callable[..., Any], chat: HashtagChat, **fields: Any) -> Any:
        try:
            return service(chat=chat, member=self.member, **fields)
        except WrongPhase as error:
            raise Conflict(" ".join(error.messages)) from error

    def _one(self, chat: HashtagChat, status_code: int = status.HTTP_200_OK) -> Response:
        fresh = self.get_queryset().get(pk=chat.pk)
        return Response(self.shown(fresh), status=status_code)
