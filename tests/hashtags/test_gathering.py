"""Answers: once each, under their question, and in the inbox only where they are to us."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.ingest import receive_messages
from conversations.models import Conversation, Message
from gateway.duties.model import ChannelDuty, Duty
from gateway.events import InboundMessage, Unsent
from gateway.models import Channel
from hashtags import answers, gathering, services
from hashtags.models import HashtagAnswer
from hashtags.watching import watch
from tests import builders
from tests.hashtags import build

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel() -> Channel:
    return build.channel()


def take_in(channel: Channel, *mentions: InboundMessage) -> None:
    batch = [build.received(channel, one) for one in mentions]
    receive_messages(batch)
    gathering.receive_messages(batch)


def test_found_posts_are_answers_and_no_conversations(channel: Channel) -> None:
    chat = build.chat(channel)
    first = build.asked(chat, 1)
    posts = [build.post("Black #BrandChat"), build.post("A1 tea #brandchat", sender="3333")]
    for _again in range(2):
        gathering.receive_tagged(build.found(channel, *posts))
    rows = HashtagAnswer.objects.order_by("post_id")
    assert [(row.question, row.text, row.author) for row in rows] == [
        (first, "Black #BrandChat", "2222"),
        (first, "A1 tea #brandchat", "3333"),
    ]
    assert not Conversation.objects.exists()


def test_a_mention_with_the_hashtag_is_one_message_and_one_answer(channel: Channel) -> None:
    chat = build.chat(channel)
    build.asked(chat, 1)
    mention = build.post("@acme A1 black #BrandChat")
    take_in(channel, mention)
    gathering.receive_tagged(build.found(channel, mention))
    answer = HashtagAnswer.objects.get()
    assert Message.objects.get().external_id == answer.post_id
    assert answers.conversation_of(answer) == Conversation.objects.get()


def test_replies_to_a_question_count_without_the_hashtag(channel: Channel) -> None:
    chat = build.chat(channel)
    question = build.asked(chat, 2)
    reply = build.post("@acme black", reply_to=question.post_id, thread=question.post_id)
    take_in(channel, reply, build.post("@acme where is my order?"))
    assert HashtagAnswer.objects.get().question == question
    assert Conversation.objects.count() == 2


def test_other_channels_and_workspaces_get_nothing(channel: Channel) -> None:
    build.chat(channel)
    gathering.receive_tagged(build.found(build.channel(own="7"), build.post("#BrandChat")))
    gathering.receive_tagged(build.found(build.channel(channel.workspace), build.post("#Other")))
    assert not HashtagAnswer.objects.exists()


def test_the_statements_do_not_grow_with_the_batch(
    channel: Channel, django_assert_num_queries: object
) -> None:
    build.chat(channel)
    for count in (1, 50):
        posts = [build.post("Hello #BrandChat") for _n in range(count)]
        with django_assert_num_queries(4):  # type: ignore[operator]
            gathering.receive_tagged(build.found(channel, *posts))
    assert HashtagAnswer.objects.count() == 51


def test_what_was_deleted_is_not_kept(channel: Channel) -> None:
    build.chat(channel)
    mine, other = build.post("secret #BrandChat"), build.post("kept #BrandChat")
    gathering.receive_tagged(build.found(channel, mine, other))
    stranger = Unsent(other.external_id, "9999", erase=True)
    gone = Unsent(mine.external_id, mine.sender, erase=True)
    gathering.receive_unsent([build.received(channel, one) for one in (gone, stranger)])
    rows = HashtagAnswer.objects.order_by("id").values_list("text", "author_name", "gone")
    assert list(rows) == [("", "", True), ("kept #BrandChat", "Bob (@bob)", False)]


def test_an_answer_becomes_a_conversation_when_somebody_opens_it(channel: Channel) -> None:
    build.chat(channel)
    agent = builders.member(channel.workspace)
    found = build.post("A1 black #BrandChat")
    gathering.receive_tagged(build.found(channel, found))
    answer = HashtagAnswer.objects.get()
    conversation = answers.open_conversation(answer=answer, member=agent)
    assert answers.open_conversation(answer=answer, member=agent) == conversation
    assert (conversation.public, conversation.thread) == (True, found.external_id)
    assert conversation.assignee == agent
    message = Message.objects.get(kind="text")
    assert (message.external_id, message.text) == (found.external_id, found.text)
    # That it comes as a mention as well, a minute later, changes nothing.
    take_in(channel, found)
    assert Message.objects.filter(kind="text").count() == 1


def test_what_people_do_with_answers(channel: Channel) -> None:
    chat = build.chat(channel)
    build.asked(chat, 1)
    gathering.receive_tagged(build.found(channel, build.post("Black #BrandChat")))
    answer = HashtagAnswer.objects.get()
    second = build.question(chat, 2)
    answers.move(answer=answer, question=second)
    answers.star(answer=answer, on=True)
    answers.hide(answer=answer, on=True)
    answer.refresh_from_db()
    assert (answer.question, answer.moved, answer.starred, answer.hidden) == (
        second,
        True,
        True,
        True,
    )
    other = build.chat(build.channel(own="8"))
    with pytest.raises(ValueError, match="another"):
        answers.move(answer=answer, question=build.question(other, 1))


# --- Looking for hashtags -------------------------------------------------------------------------


def test_a_channel_looks_for_what_its_chats_need(channel: Channel) -> None:
    running = build.chat(channel)
    later = timezone.now() + timedelta(minutes=30)
    build.chat(channel, hashtag="Later", starts_at=later)
    watch()
    duty = ChannelDuty.objects.get(duty=Duty.SEARCH)
    assert duty.sought == {"brandchat": running.gathers_from.isoformat()}
    assert duty.due_at is not None
    due = duty.due_at

    watch()
    duty.refresh_from_db()
    assert duty.due_at == due

    services.cancel(chat=running, member=None)
    watch()
    duty.refresh_from_db()
    assert duty.sought == {}
    assert duty.due_at is None


def test_it_looks_for_a_while_after_the_end(channel: Channel) -> None:
    chat = build.chat(channel)
    build.shift(chat, minutes=179)
    watch()
    assert ChannelDuty.objects.filter(duty=Duty.SEARCH, due_at__isnull=False).exists()
    build.shift(chat, minutes=2)
    watch()
    assert not ChannelDuty.objects.filter(duty=Duty.SEARCH, due_at__isnull=False).exists()
