"""Questions go out once, in their time, and say why when they do not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from gateway.answering import about_of
from gateway.events import About
from gateway.models import Channel, Delivery
from gateway.outbox.changes import announce
from gateway.states import State
from hashtags import asking, services
from hashtags.asking import ask_due
from hashtags.models import HashtagAnswer, HashtagChat, QuestionState
from tests.hashtags import build

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel() -> Channel:
    return build.channel()


def states(chat: HashtagChat) -> list[str]:
    return list(chat.questions.values_list("state", flat=True))


def report(state: State, **fields: object) -> None:
    """What became of the newest delivery."""
    row = Delivery.objects.latest("id")
    for name, value in {"state": state, **fields}.items():
        setattr(row, name, value)
    row.save()
    announce([row])


def test_a_question_goes_out_once_with_its_hashtag(channel: Channel) -> None:
    chat = build.chat(channel)
    assert (ask_due(), ask_due()) == (1, 0)
    row = Delivery.objects.get()
    question = build.question(chat, 1)
    assert (row.message_uid, row.address, row.marketing) == (question.uid, "@acme", False)
    assert row.content["text"] == "Question 1? #BrandChat"
    assert about_of(row.content) == About(public=True, person=True)
    assert row.expires_at == question.due_at + asking.GRACE
    assert states(chat) == ["leaving", "waiting", "waiting"]

    report(State.SENT, external_id="777", sent_at=timezone.now())
    question.refresh_from_db()
    assert (question.state, question.post_id) == (QuestionState.ASKED, "777")
    assert question.asked_at is not None


def test_answers_that_were_faster_than_the_news_stand_below_it(channel: Channel) -> None:
    chat = build.chat(channel)
    ask_due()
    answer = HashtagAnswer.objects.create(
        workspace=chat.workspace,
        chat=chat,
        post_id="5",
        author="2",
        reply_to="777",
        posted_at=timezone.now(),
    )
    report(State.SENT, external_id="777", sent_at=timezone.now())
    answer.refresh_from_db()
    assert answer.question == build.question(chat, 1)


@pytest.mark.parametrize(
    ("state", "fields", "became", "problem"),
    [
        (State.FAILED, {"error_text": "X says no."}, QuestionState.FAILED, "X says no."),
        (State.EXPIRED, {}, QuestionState.MISSED, asking.NOT_LEFT),
        (State.UNKNOWN, {}, QuestionState.UNKNOWN, asking.UNCLEAR),
        (State.CANCELLED, {}, QuestionState.FAILED, asking.STOPPED),
    ],
)
def test_what_did_not_go_out_says_why(
    channel: Channel, state: State, fields: dict[str, str], became: str, problem: str
) -> None:
    chat = build.chat(channel)
    ask_due()
    report(state, **fields)
    question = build.question(chat, 1)
    assert (question.state, question.problem, question.asked_at) == (became, problem, None)


def test_after_an_outage_nothing_goes_out_in_a_bunch(channel: Channel) -> None:
    chat = build.chat(channel)
    build.shift(chat, minutes=12)
    assert ask_due() == 1
    assert states(chat) == ["missed", "leaving", "waiting"]
    assert build.question(chat, 1).problem == asking.OVERTAKEN
    assert Delivery.objects.count() == 1


def test_what_is_late_is_missed(channel: Channel) -> None:
    chat = build.chat(channel)
    build.shift(chat, minutes=5, seconds=1)
    assert ask_due() == 1
    assert states(chat) == ["missed", "waiting", "waiting"]
    assert build.question(chat, 1).problem == asking.LATE
    assert not Delivery.objects.exists()


def test_a_cancelled_chat_asks_nothing(channel: Channel) -> None:
    chat = build.chat(channel)
    services.cancel(chat=chat, member=None)
    assert ask_due() == 0
    assert not Delivery.objects.exists()


def test_what_failed_can_be_asked_again_as_another_message(channel: Channel) -> None:
    chat = build.chat(channel)
    ask_due()
    report(State.FAILED, error_text="X says no.")
    first = build.question(chat, 1)
    services.ask_now(question=first, member=None)
    assert ask_due() == 1
    second = build.question(chat, 1)
    assert (second.state, second.problem) == (QuestionState.LEAVING, "")
    assert second.uid != first.uid
    with pytest.raises(services.WrongPhase):
        services.ask_now(question=second, member=None)
    assert Delivery.objects.count() == 2


def test_a_broken_channel_stops_no_other_chat(channel: Channel) -> None:
    broken, good = build.chat(channel), build.chat(build.channel(own="5"))
    Channel.objects.filter(pk=channel.pk).update(config=b"nonsense")
    assert ask_due() == 2
    assert states(broken)[0] == QuestionState.FAILED
    assert build.question(broken, 1).problem == asking.BROKEN
    assert states(good)[0] == QuestionState.LEAVING


def test_not_before_its_time(channel: Channel) -> None:
    build.chat(channel, starts_at=timezone.now() + timedelta(minutes=1))
    assert ask_due() == 0
