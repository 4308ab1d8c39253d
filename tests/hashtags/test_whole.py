"""A hashtag chat over real HTTP: the simulator is a process of its own."""

import pytest
from django.utils import timezone

from accounts.models import Member
from conversations.models import Conversation, Direction, Message
from gateway.drain import drain
from gateway.duties.doing import do_due
from gateway.duties.model import ChannelDuty
from gateway.models import ChannelLog, Delivery, InboundRequest
from gateway.states import State
from hashtags import answers
from hashtags.models import HashtagAnswer, HashtagChat, QuestionState
from hashtags.tasks import sweep
from tests.channels_social.test_x_whole import Net, agent, answer, made, net, run_outbox
from tests.hashtags import build
from tests.processes import until

__all__ = ["agent", "net"]  # fixtures
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def look() -> None:
    """X is asked now for all that is to be asked, and what it answers is taken in."""
    ChannelDuty.objects.exclude(due_at=None).update(due_at=timezone.now())
    while do_due():
        pass
    assert set(ChannelDuty.objects.values_list("error", flat=True)) <= {""}
    drain()


def asked(chat: HashtagChat) -> str:
    """The first question went out; the id of its post."""
    sweep()
    run_outbox()
    question = build.question(chat, 1)
    assert question.state == QuestionState.ASKED
    return question.post_id


def test_a_question_goes_out_and_answers_come_together(net: Net, agent: Member) -> None:
    channel = made(agent)
    until(lambda: net.knows("@acme"), "the simulator does not know the channel")
    chat = build.chat(channel, agent)
    post = asked(chat)
    sweep()
    run_outbox()
    [sent] = net.sent()
    assert (sent["sid"], sent["body"]) == (post, "Question 1? #BrandChat")
    assert sent["content"]["reply_to"] == ""

    to_all = net.write("A1 black #BrandChat", public=True)
    early = net.write("A2 is next #brandchat", public=True)
    mention = net.write("@acme with milk #BrandChat", public=True)
    below = net.write("@acme with sugar", public=True, reply_to=post)
    other = net.write("@acme where is my order?", public=True)
    look()
    look()
    found = {
        row.post_id: row.question and row.question.position for row in HashtagAnswer.objects.all()
    }
    assert found == {to_all: 1, early: 2, mention: 1, below: 1}
    inbox = set(Message.objects.filter(kind="text").values_list("external_id", flat=True))
    assert inbox == {mention, below, other}

    # An answer to who has not written to us is a post below theirs.
    row = HashtagAnswer.objects.get(post_id=to_all)
    conversation = answers.open_conversation(answer=row, member=agent)
    answer(conversation, agent, "Good choice!")
    assert net.sent()[-1]["content"] == {
        "text": "Good choice!",
        "public": True,
        "reply_to": to_all,
    }
    assert conversation.messages.filter(direction=Direction.INBOUND).count() == 1
    assert Conversation.objects.filter(contact=conversation.contact, public=True).count() == 4

    # The place is kept: what was read is not brought again.
    stored = InboundRequest.objects.count()
    look()
    assert InboundRequest.objects.count() == stored
    assert HashtagAnswer.objects.count() == 4
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}


def test_what_x_refuses_is_said_with_the_question(net: Net, agent: Member) -> None:
    both = [{"text": "Tea? #BrandChat #Other", "minute": 0}]
    first = build.chat(made(agent), questions=both)
    until(lambda: net.knows("@acme"), "the simulator does not know the channel")
    asked(first)
    # The same text again, which X does not take.
    second = build.chat(first.channel, hashtag="Other", questions=both)
    sweep()
    run_outbox()
    question = build.question(second, 1)
    assert question.state == QuestionState.FAILED
    assert "same text" in question.problem


def test_while_x_limits_searches_nothing_is_lost(net: Net, agent: Member) -> None:
    chat = build.chat(made(agent))
    until(lambda: net.knows("@acme"), "the simulator does not know the channel")
    asked(chat)
    net.ask("/faults", provider="x", rate_429=1)
    net.write("A1 black #BrandChat", public=True)
    ChannelDuty.objects.exclude(due_at=None).update(due_at=timezone.now())
    do_due()
    assert ChannelDuty.objects.exclude(error="").exists()
    assert ChannelLog.objects.filter(kind="search").exists()
    net.ask("/faults", provider="x", rate_429=0)
    look()
    assert HashtagAnswer.objects.get().question == build.question(chat, 1)
