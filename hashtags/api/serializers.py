"""Hashtag chats as the API shows them."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.rest.serializers import ScopedField, StrictSerializer
from gateway.models import Channel
from hashtags.kinds import post_url
from hashtags.models import HashtagAnswer, HashtagChat, HashtagQuestion, Phase, QuestionState


class QuestionSerializer(StrictSerializer):
    """A question; ``minute`` after the beginning."""

    position = serializers.IntegerField(read_only=True)
    text = serializers.CharField(allow_blank=True, trim_whitespace=False)
    minute = serializers.IntegerField()
    due_at = serializers.DateTimeField(read_only=True)
    state = serializers.ChoiceField(choices=QuestionState.choices, read_only=True)
    asked_at = serializers.DateTimeField(read_only=True, allow_null=True)
    post = serializers.CharField(
        source="post_id", read_only=True, help_text="The channel's id of the post."
    )
    problem = serializers.SerializerMethodField(help_text="Why it was not asked, in words.")

    def get_problem(self, question: HashtagQuestion) -> str:
        """In the reader's language; the provider's own words as they are."""
        return _(question.problem) if question.problem else ""


class HashtagChatSerializer(StrictSerializer):
    """Questions that go out with a hashtag at their times, on a channel that knows hashtags.

    When it has begun, ``questions`` that are given take the place of those that still wait; what
    has gone out stays.
    """

    id = serializers.IntegerField(read_only=True)
    title = serializers.CharField(max_length=200)
    channel = ScopedField(Channel)
    hashtag = serializers.CharField(max_length=101)
    starts_at = serializers.DateTimeField()
    minutes = serializers.IntegerField(default=60)
    zone = serializers.CharField(
        max_length=64, required=False, help_text="IANA; in which its times are shown."
    )
    questions = QuestionSerializer(many=True)
    phase = serializers.ChoiceField(choices=Phase.choices, read_only=True)
    ends_at = serializers.DateTimeField(read_only=True)
    cancelled_at = serializers.DateTimeField(read_only=True, allow_null=True)
    answers = serializers.IntegerField(
        source="answer_count", read_only=True, help_text="How many, without those hidden."
    )
    created_by = serializers.IntegerField(source="created_by_id", read_only=True, allow_null=True)
    created_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: HashtagChat) -> Any:
        """Questions know when their chat begins."""
        for question in instance.questions.all():
            question.chat = instance
        return super().to_representation(instance)


class AnswerSerializer(serializers.Serializer[HashtagAnswer]):
    """A post that belongs to a chat; ``conversation``: where it is a message of the inbox."""

    id = serializers.IntegerField(read_only=True)
    question = serializers.IntegerField(
        source="question.position", read_only=True, default=None, allow_null=True
    )
    post = serializers.CharField(source="post_id", read_only=True)
    url = serializers.SerializerMethodField()
    author = serializers.CharField(read_only=True, help_text="Their address on the channel.")
    author_name = serializers.CharField(read_only=True)
    text = serializers.CharField(read_only=True)
    posted_at = serializers.DateTimeField(read_only=True)
    starred = serializers.BooleanField(read_only=True)
    hidden = serializers.BooleanField(read_only=True)
    conversation = serializers.SerializerMethodField()

    def get_url(self, answer: HashtagAnswer) -> str:
        """Where everybody can read it."""
        return post_url(self.context["chat"], answer.post_id)

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_conversation(self, answer: HashtagAnswer) -> int | None:
        """Looked up by the view for all rows."""
        found: int | None = self.context["conversations"].get(answer.post_id)
        return found


class AnswerQuery(serializers.Serializer[HashtagAnswer]):
    """Filters of the answers."""

    question = serializers.IntegerField(required=False, help_text="Its position, from 1.")
    starred = serializers.BooleanField(required=False, allow_null=True, default=None)
    hidden = serializers.BooleanField(required=False, allow_null=True, default=None)
