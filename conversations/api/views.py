"""The API's conversations and messages."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.idempotency import idempotent, message_uid
from accounts.rest.schema import KEY
from accounts.rest.serializers import EmptySerializer
from accounts.rest.views import WorkspaceViewSet
from accounts.roles import Ability
from contacts.labels import resolve_labels
from conversations import services
from conversations.api.looks import LooksSerializer, PreviewSerializer, preview
from conversations.api.reach import reach
from conversations.api.serializers import (
    AssignSerializer,
    ConversationChange,
    ConversationQuery,
    ConversationSerializer,
    LeaseSerializer,
    LifeSerializer,
    MessageSerializer,
    ReactionSerializer,
    ReplySerializer,
    SendSerializer,
    SentSerializer,
    SnoozeSerializer,
)
from conversations.models import Conversation, Direction, Kind, Lease, Message, MessageMail
from conversations.reacting import react
from conversations.selectors.files import files_of
from conversations.selectors.life import exchanges_of, reports_of
from conversations.voice.lease import give_back, holder, take
from gateway.models import Delivery
from gateway.windows.looking import standings


class ConversationViewSet(WorkspaceViewSet):
    """Contacts on channels, and what was said."""

    queryset = Conversation.objects.select_related(
        "address", "channel", "answers_on"
    ).prefetch_related("labels")
    serializer_class = ConversationSerializer
    query_serializer = ConversationQuery
    write_ability = Ability.INBOX

    @extend_schema(parameters=[ConversationQuery])
    def list(self, request: Request) -> Response:
        """All conversations, the newest first."""
        return self.page(self.rows().filter(self._wanted(self.query())))

    def retrieve(self, request: Request, pk: int) -> Response:
        """One conversation."""
        return Response(self.shown(self.get_object()))

    @extend_schema(request=ConversationChange)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Set team, priority or labels."""
        conversation = self.get_object()
        fields = self.checked(ConversationChange)
        with transaction.atomic():
            if "team" in fields:
                services.set_team(conversation=conversation, team=fields["team"], by=self.member)
            if "priority" in fields:
                services.set_priority(
                    conversation=conversation, priority=fields["priority"], by=self.member
                )
            if "labels" in fields:
                self._set_labels(conversation, fields["labels"])
        return self._again()

    @extend_schema(request=AssignSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: int) -> Response:
        """Give it to a member, or back to the queue."""
        conversation = self.get_object()
        assignee = self.checked(AssignSerializer)["assignee"]
        services.assign(conversation=conversation, member=assignee, by=self.member)
        return self._again()

    @extend_schema(request=EmptySerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: int) -> Response:
        """Close it; the customer's next message opens it again."""
        return self._do(services.resolve)

    @extend_schema(request=EmptySerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: int) -> Response:
        """Open it again."""
        return self._do(services.reopen)

    @extend_schema(request=EmptySerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def pending(self, request: Request, pk: int) -> Response:
        """Set aside until somebody opens it or the customer writes."""
        return self._do(services.set_pending)

    @extend_schema(request=SnoozeSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, pk: int) -> Response:
        """Put aside until a time."""
        conversation = self.get_object()
        until = self.checked(SnoozeSerializer)["until"]
        services.snooze(conversation=conversation, until=until, by=self.member)
        return self._again()

    @extend_schema(responses=LeaseSerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def lease(self, request: Request, pk: int) -> Response:
        """Who owns the next answer in public."""
        return Response(_lease(holder(self.get_object())))

    @extend_schema(request=EmptySerializer, responses=LeaseSerializer)
    @lease.mapping.post
    def take_lease(self, request: Request, pk: int) -> Response:
        """Own it; 400 when a colleague does."""
        self.checked(EmptySerializer)
        return Response(_lease(take(conversation=self.get_object(), member=self.member)))

    @extend_schema(responses={204: None})
    @lease.mapping.delete
    def give_lease_back(self, request: Request, pk: int) -> Response:
        """Let colleagues answer."""
        give_back(conversation=self.get_object(), member=self.member)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="conversations_messages_list",
        responses=MessageSerializer(many=True),
        parameters=[OpenApiParameter("status", exclude=True)],
        filters=False,
    )
    @action(detail=True, methods=["get"], serializer_class=MessageSerializer)
    def messages(self, request: Request, pk: int) -> Response:
        """The thread, the newest first."""
        conversation = self.get_object()
        self.no_parameters()
        found = self.paginate_queryset(Message.objects.filter(conversation=conversation)) or []
        return self.get_paginated_response(show_messages(found, self.get_serializer_context()))

    @extend_schema(
        operation_id="conversations_messages_create",
        request=ReplySerializer,
        responses={201: MessageSerializer},
        parameters=[KEY],
    )
    @messages.mapping.post
    @idempotent
    def add_message(self, request: Request, pk: int) -> Response:
        """Answer the customer, or leave a private note."""
        conversation = self.get_object()
        fields = self.checked(ReplySerializer)
        kind = fields.pop("kind")
        add: Callable[..., Message] = (
            services.add_note if kind == Kind.NOTE else services.send_message
        )
        message = add(
            conversation=conversation, author=self.member, uid=message_uid(request), **fields
        )
        shown = show_messages([message], self.get_serializer_context())[0]
        return Response(shown, status=status.HTTP_201_CREATED)

    def shown(self, instance: Any, *, many: bool = False, **context: Any) -> Any:
        """With the reply windows of all rows, looked up in one statement."""
        rows: list[Conversation] = list(instance) if many else [instance]
        windows = standings(
            [(row.reply_channel, row.address.value) for row in rows if not row.public], person=True
        )
        return super().shown(rows if many else instance, many=many, windows=windows, **context)

    def _wanted(self, query: dict[str, Any]) -> Q:
        wanted = Q()
        for name in ("status", "channel", "contact"):
            if name in query:
                wanted &= Q(**{name: query[name]})
        if "label" in query:
            wanted &= Q(
                pk__in=Conversation.labels.through.objects.filter(
                    label__workspace=self.workspace.pk, label__name__iexact=query["label"]
                ).values("conversation_id")
            )
        assignee = query.get("assignee")
        if assignee == "none":
            wanted &= Q(assignee=None)
        elif assignee:
            wanted &= Q(assignee=self.member.pk if assignee == "me" else int(assignee))
        return wanted

    def _set_labels(self, conversation: Conversation, names: Sequence[str]) -> None:
        try:
            labels = resolve_labels(self.workspace, names)
        except ValidationError as error:
            raise ValidationError({"labels": error.messages}) from error
        services.set_labels(conversation=conversation, labels=labels, by=self.member)

    def _do(self, service: Callable[..., Conversation]) -> Response:
        conversation = self.get_object()
        self.checked(EmptySerializer)
        service(conversation=conversation, by=self.member)
        return self._again()

    def _again(self) -> Response:
        return Response(self.shown(self.get_object()))


def _lease(found: Lease | None) -> Any:
    nobody = {"member_id": None, "until": None}
    return LeaseSerializer(found or nobody).data


class MessageViewSet(WorkspaceViewSet):
    """Messages by themselves: reach anybody, and follow what became of it."""

    queryset = Message.objects.all()
    serializer_class = MessageSerializer
    write_ability = Ability.INBOX

    @extend_schema(responses=LifeSerializer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """A message's whole life: every attempt, every report, and why this channel."""
        message = self.get_object()
        context = self.get_serializer_context()
        shown = show_messages([message], context, life=True, serializer=LifeSerializer)
        return Response(shown[0])

    @extend_schema(request=SendSerializer, responses={202: SentSerializer}, parameters=[KEY])
    @idempotent
    def create(self, request: Request) -> Response:
        """Reach a person: on the channel named, or on the best one."""
        fields = self.checked(SendSerializer)
        message, choice = reach(member=self.member, uid=message_uid(request), **fields)
        context = {**self.get_serializer_context(), "reason": choice.reason}
        shown = show_messages([message], context, serializer=SentSerializer)[0]
        return Response(shown, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=ReactionSerializer, responses=MessageSerializer, parameters=[KEY])
    @action(detail=True, methods=["post"])
    @idempotent
    def reactions(self, request: Request, pk: int) -> Response:
        """Give a customer's message an emoji, in place of what it had of us."""
        message, emoji = self.get_object(), self.checked(ReactionSerializer)["emoji"]
        return self._reacted(react(message=message, by=self.member, emoji=emoji))

    @extend_schema(responses=MessageSerializer)
    @reactions.mapping.delete
    def take_reaction_back(self, request: Request, pk: int) -> Response:
        """Take our reaction back; without one nothing happens."""
        return self._reacted(react(message=self.get_object(), by=self.member, emoji=""))

    def _reacted(self, message: Message) -> Response:
        return Response(show_messages([message], self.get_serializer_context())[0])

    @extend_schema(request=PreviewSerializer, responses=LooksSerializer)
    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        """How a message would look on a channel and on its fallback; nothing is sent."""
        fields = self.checked(PreviewSerializer)
        found = preview(workspace_id=self.member.workspace_id, **fields)
        return Response(LooksSerializer({"looks": found}).data)


def show_messages(
    messages: Iterable[Message],
    context: Mapping[str, Any],
    *,
    life: bool = False,
    serializer: type[MessageSerializer] = MessageSerializer,
) -> Any:
    """Messages with deliveries and files, and with ``life`` every exchange and provider's report.

    One statement each for all deliveries, files, mails, exchanges and reports.
    """
    messages = list(messages)
    by_message: dict[UUID, list[Delivery]] = defaultdict(list)
    rows = Delivery.objects.filter(message_uid__in=[message.uid for message in messages])
    ours = {message.workspace_id for message in messages}
    for row in rows.filter(workspace__in=ours).order_by("-id"):
        by_message[row.message_uid].append(row)
    deliveries = [row for rows_ in by_message.values() for row in rows_]
    # What belongs to a customer's message is our reaction to it.
    theirs = {message.uid for message in messages if message.direction == Direction.INBOUND}
    reactions = {uid: by_message.pop(uid) for uid in theirs & by_message.keys()}
    mails = MessageMail.objects.filter(message__in=messages)
    found: dict[str, Any] = {
        "deliveries": by_message,
        "reactions": reactions,
        "files": files_of(messages),
        "mails": {row.message_id: row for row in mails},
    }
    if life:
        found |= {"statuses": reports_of(deliveries), "exchanges": exchanges_of(deliveries)}
    return serializer(messages, many=True, context={**context, **found}).data
