"""The pages of hashtag chats: list, editor, live view, export."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Member, Role
from conversations.models import Conversation
from gateway.models import Channel
from hashtags import answers, gathering
from hashtags.models import HashtagAnswer, HashtagChat
from hashtags.pages.forms import WHEN
from hashtags.selectors import NEWEST
from tests import builders
from tests.hashtags import build

pytestmark = pytest.mark.django_db


@pytest.fixture
def marketer() -> Member:
    return builders.member(role=Role.MARKETER)


@pytest.fixture
def channel(marketer: Member) -> Channel:
    return build.channel(marketer.workspace)


@pytest.fixture
def page(client: Client, marketer: Member) -> Client:
    client.force_login(marketer.user)
    return client


def form(channel: Channel, **fields: Any) -> dict[str, Any]:
    """What the editor posts."""
    start = timezone.now() + timedelta(hours=1)
    usual = {
        "title": "Coffee hour",
        "channel": str(channel.pk),
        "hashtag": "#BrandChat",
        "starts_at": start.strftime(WHEN),
        "minutes": "60",
        "zone": "UTC",
        "question_text": ["How?", "Why?"],
        "question_minute": ["0", "10"],
    }
    return usual | fields


def found(channel: Channel, *texts: str) -> list[HashtagAnswer]:
    """Answers that were found with the hashtag, in this order."""
    start = timezone.now()
    posts = [
        build.post(text, occurred_at=start + timedelta(seconds=n)) for n, text in enumerate(texts)
    ]
    gathering.receive_tagged(build.found(channel, *posts))
    return list(HashtagAnswer.objects.order_by("posted_at"))


def test_the_menu_has_it_only_with_an_account_for_it(page: Client, marketer: Member) -> None:
    assert b'href="/hashtag-chats/"' not in page.get("/contacts/").content
    assert page.get("/hashtag-chats/new/")["Location"] == "/hashtag-chats/"
    assert b"No account for hashtag chats" in page.get("/hashtag-chats/").content
    build.channel(marketer.workspace)
    assert b'href="/hashtag-chats/"' in page.get("/contacts/").content
    assert b"No hashtag chats yet" in page.get("/hashtag-chats/").content


def test_planning_a_chat(page: Client, channel: Channel) -> None:
    assert page.get("/hashtag-chats/new/").status_code == 200
    answer = page.post("/hashtag-chats/new/", form(channel, zone="Europe/Madrid"))
    chat = HashtagChat.objects.get()
    assert answer["Location"] == f"/hashtag-chats/{chat.pk}/"
    assert (chat.title, chat.hashtag, chat.tag, chat.minutes) == (
        "Coffee hour",
        "BrandChat",
        "brandchat",
        60,
    )
    assert f"{chat.local_start:{WHEN}}" == form(channel)["starts_at"]
    rows = chat.questions.values_list("position", "text", "due_at")
    assert list(rows) == [
        (1, "How?", chat.starts_at),
        (2, "Why?", chat.starts_at + timedelta(minutes=10)),
    ]
    assert b"Coffee hour" in page.get("/hashtag-chats/").content


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": " "}, "Give the chat a title."),
        ({"channel": ""}, "Choose a channel"),
        ({"hashtag": "#1"}, "at least a letter"),
        ({"hashtag": "a b"}, "at least a letter"),
        ({"starts_at": "soon"}, "Say when it begins."),
        ({"starts_at": "2020-01-01T10:00"}, "This time is over."),
        ({"minutes": "4"}, "From 5 minutes"),
        ({"minutes": ""}, "From 5 minutes"),
        ({"zone": ""}, "Choose one of the list."),
        ({"question_text": [], "question_minute": []}, "Ask at least one question."),
        ({"question_text": ["", "Why?"]}, "Write the question"),
        ({"question_text": ["a" * 270, "Why?"]}, "counts 281 characters; a post takes 280"),
        ({"question_text": ["a" * 270 + " #brandchat", ""]}, "counts 281"),
        ({"question_minute": ["5", "5"]}, "Another question goes out"),
        ({"question_minute": ["0", "60"]}, "over by then"),
        ({"question_minute": ["0", "x"]}, "how many minutes"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    page: Client, channel: Channel, fields: dict[str, Any], words: str
) -> None:
    answer = page.post("/hashtag-chats/new/", form(channel) | fields)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert words in text
    if "question_text" not in fields:
        assert "Why?" in text
    assert not HashtagChat.objects.exists()


def test_two_chats_cannot_share_a_hashtag_at_a_time(page: Client, channel: Channel) -> None:
    page.post("/hashtag-chats/new/", form(channel))
    again = page.post("/hashtag-chats/new/", form(channel, hashtag="brandCHAT"))
    assert "“Coffee hour” has this hashtag at that time." in again.content.decode()
    assert page.post("/hashtag-chats/new/", form(channel, hashtag="x")).status_code == 302


def test_once_it_has_begun_only_what_waits_changes(page: Client, channel: Channel) -> None:
    chat = build.chat(channel)
    build.asked(chat, 1)
    url = f"/hashtag-chats/{chat.pk}/edit/"
    shown = page.get(url).content.decode()
    assert "The chat has begun" in shown
    body = form(channel, title="Tea", hashtag="#Other", starts_at="2020-01-01T10:00")
    body |= {"question_text": ["New?"], "question_minute": ["30"]}
    assert page.post(url, body).status_code == 302
    chat.refresh_from_db()
    assert (chat.title, chat.hashtag) == ("Tea", "BrandChat")
    rows = chat.questions.values_list("position", "text", "state")
    assert list(rows) == [(1, "Question 1?", "asked"), (2, "New?", "waiting")]


def test_a_chat_can_be_repeated_a_week_later(page: Client, channel: Channel) -> None:
    chat = build.chat(channel)
    text = page.get(f"/hashtag-chats/new/?from={chat.pk}").content.decode()
    later = f"{chat.local_start + timedelta(days=7):{WHEN}}"
    assert later in text
    assert "Question 3?" in text
    other = build.chat(build.channel(own="9"))
    assert page.get(f"/hashtag-chats/new/?from={other.pk}").status_code == 404


def test_a_question_is_weighed_as_the_account_counts(page: Client, channel: Channel) -> None:
    body = {"channel": str(channel.pk), "hashtag": "#Café", "question_text": "日本?"}
    answer = page.post("/hashtag-chats/weigh/", body)
    assert "11 of 280" in answer.content.decode()


def test_answers_stand_under_their_question(page: Client, channel: Channel) -> None:
    chat = build.chat(channel)
    build.asked(chat, 1, timezone.now() - timedelta(minutes=1))
    found(channel, "A1 <b>black</b> #BrandChat", "A2 early #BrandChat")
    text = page.get(f"/hashtag-chats/{chat.pk}/").content.decode()
    assert "&lt;b&gt;black&lt;/b&gt;" in text
    only = page.get(f"/hashtag-chats/{chat.pk}/live/?show=2").content.decode()
    assert "early" in only
    assert "black" not in only


def test_the_statements_do_not_grow_with_the_answers(
    page: Client, channel: Channel, django_assert_max_num_queries: Any
) -> None:
    chat = build.chat(channel)
    for count in (1, NEWEST + 5):
        found(channel, *[f"A{n % 3 + 1} {n} #BrandChat" for n in range(count)])
        with django_assert_max_num_queries(16):
            page.get(f"/hashtag-chats/{chat.pk}/live/")


def test_moderating(page: Client, channel: Channel) -> None:
    chat = build.chat(channel)
    [answer] = found(channel, "Black #BrandChat")
    url = f"/hashtag-chats/{chat.pk}/answers/{answer.pk}"
    second = build.question(chat, 2)
    done = page.post(f"{url}/move/", {"question": second.pk}, headers={"HX-Request": "true"})
    assert (done.status_code, done["HX-Trigger"]) == (204, "chat:changed")
    assert page.post(f"{url}/star/").status_code == 302
    assert page.post(f"{url}/hide/").status_code == 302
    answer.refresh_from_db()
    assert (answer.question, answer.starred, answer.hidden) == (second, True, True)
    assert "Black" not in page.get(f"/hashtag-chats/{chat.pk}/").content.decode()
    assert "Black" in page.get(f"/hashtag-chats/{chat.pk}/?show=hidden").content.decode()
    page.post(f"{url}/show/")
    page.post(f"{url}/unstar/")
    page.post(f"{url}/move/", {"question": ""})
    answer.refresh_from_db()
    assert (answer.question, answer.starred, answer.hidden) == (None, False, False)


def test_agents_look_and_answer_and_change_nothing(page: Client, channel: Channel) -> None:
    chat = build.chat(channel)
    [answer] = found(channel, "Black #BrandChat")
    agent = builders.member(channel.workspace)
    page.force_login(agent.user)
    base = f"/hashtag-chats/{chat.pk}/"
    text = page.get(base).content.decode()
    assert "Black" in text
    assert "answer-star" not in text
    question = build.question(chat, 1)
    for path in (
        "/hashtag-chats/new/",
        f"{base}edit/",
        f"{base}cancel/",
        f"{base}delete/",
        f"{base}questions/{question.pk}/ask/",
        f"{base}answers/{answer.pk}/star/",
        f"{base}answers/{answer.pk}/move/",
    ):
        assert page.post(path).status_code == 403, path
    done = page.post(f"{base}answers/{answer.pk}/open/")
    conversation = Conversation.objects.get()
    assert done["Location"] == f"/conversations/{conversation.pk}/"
    assert conversation.assignee == agent
    assert done["Location"] in page.get(base).content.decode()


def test_the_export_is_text_and_no_formulas(page: Client, channel: Channel) -> None:
    chat = build.chat(channel)
    rows = found(channel, "=1+1 #BrandChat", "A2 tea #BrandChat")
    answers.star(answer=rows[1], on=True)
    answer: Any = page.get(f"/hashtag-chats/{chat.pk}/export/")
    text = b"".join(answer.streaming_content).decode()
    table = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row[2] for row in table] == ["Text", "'=1+1 #BrandChat", "A2 tea #BrandChat"]
    assert [row[4] for row in table[1:]] == ["", "yes"]
    assert table[2][0] == "2"
    assert table[1][6] == f"https://x.com/i/status/{rows[0].post_id}"


def test_cancelling_and_deleting(page: Client, channel: Channel) -> None:
    later = build.chat(channel, starts_at=timezone.now() + timedelta(days=1))
    assert page.post(f"/hashtag-chats/{later.pk}/delete/")["Location"] == "/hashtag-chats/"
    assert not HashtagChat.objects.exists()
    chat = build.chat(channel)
    found(channel, "Black #BrandChat")
    page.post(f"/hashtag-chats/{chat.pk}/delete/")
    page.post(f"/hashtag-chats/{chat.pk}/cancel/")
    chat.refresh_from_db()
    assert chat.cancelled_at is not None
    assert page.get(f"/hashtag-chats/{chat.pk}/edit/").status_code == 302
