"""What a campaign offers by number counts as the tap when the person answers with it."""

from typing import Any

import pytest

from accounts.models import Member
from campaigns import expansion
from campaigns.models import Campaign, Recipient
from conversations.models import Conversation, Message, Status
from conversations.presenters.conversation import present
from gateway.content.reading import read_stored, write
from gateway.content.words import headline
from gateway.errors import NotCapable
from gateway.media.storing import store
from gateway.models import Channel, Delivery
from tests import builders as make
from tests.campaigns import build
from tests.campaigns.rich import ROOMS, pair
from tests.conversations.test_fallback import leave
from tests.gateway import twilio
from tests.gateway.media.shelf import PNG
from tests.gateway.media.test_serving import upload_of
from tests.gateway.test_door import drain_all

pytestmark = pytest.mark.django_db

NUMBER = "+34600123456"


def sent(channel: Channel, content: Any = None) -> Campaign:
    """A campaign to one person, Ana."""
    person = make.contact(channel.workspace, name="Ana")
    make.address(person, NUMBER)
    return build.expanded(
        channel.workspace, channel=channel, text="", content=ROOMS if content is None else content
    )


def answer(channel: Channel, text: str) -> Message:
    """What comes of it."""
    twilio.post(channel, twilio.inbound_fields(channel, NUMBER, text))
    drain_all()
    return Message.objects.filter(direction="inbound").latest("id")


def shown(message: Message, member: Member) -> Any:
    return present([message], member)[0]


@pytest.mark.parametrize("words", ["2", "garden", " 2. "])
def test_by_number_or_label_on_the_campaigns_own_channel(words: str) -> None:
    sms = make.channel()
    campaign = sent(sms)
    leave()
    came = answer(sms, words)
    message = Message.objects.get(kind="campaign")
    assert message.conversation_id == came.conversation_id
    assert message.created_at < came.created_at
    assert came.data["tap"] == {"text": "Garden", "payload": "g", "message": str(message.uid)}
    assert message.text.startswith("Sea for Ana\n1. Sea")
    assert message.data == {
        "campaign": campaign.name,
        "options": [
            {"number": 1, "text": "Sea", "payload": "sea-Ana"},
            {"number": 2, "text": "Garden", "payload": "g"},
        ],
    }
    assert Recipient.objects.get().replied_at is not None


def test_other_words_are_just_words() -> None:
    sms = make.channel()
    sent(sms)
    leave()
    assert "tap" not in answer(sms, "Two, please").data
    assert "tap" not in answer(sms, "3").data
    assert answer(sms, "2").data["tap"]["payload"] == "g"


def test_where_sms_took_over_and_the_thread_shows_the_cards() -> None:
    rcs, sms = pair()
    sent(rcs)
    leave(NotCapable("No RCS", code="404"))
    leave()
    came = answer(sms, "2")
    message = Message.objects.get(kind="campaign")
    assert came.data["tap"] == {"text": "Garden", "payload": "g", "message": str(message.uid)}
    assert came.conversation_id == message.conversation_id
    assert Conversation.objects.get().channel_id == rcs.pk
    assert message.text == "Sea for Ana · Garden"
    bubble = shown(message, make.member(rcs.workspace))
    assert [card.title for card in bubble.content.cards] == ["Sea for Ana", "Garden"]
    numbers = [button.number for card in bubble.content.cards for button in card.buttons]
    assert numbers == [1, 0, 2]
    assert (bubble.fate.state, bubble.fate.story) == (
        "sent",
        "This phone takes no RCS; sent as SMS.",
    )
    assert Recipient.objects.get().replied_at is not None


def test_in_an_open_thread_it_is_shown_when_it_leaves() -> None:
    rcs, sms = pair()
    person = make.contact(rcs.workspace, name="Ana")
    make.address(person, NUMBER)
    thread = make.conversation(rcs, person)
    build.expanded(rcs.workspace, channel=rcs, text="", content=ROOMS)
    leave(NotCapable("No RCS", code="404"))
    assert not Message.objects.exists()
    leave()
    message = Message.objects.get()
    assert (message.conversation_id, message.kind) == (thread.pk, "campaign")
    assert [option["payload"] for option in message.data["options"]] == ["sea-Ana", "g"]
    assert answer(sms, "1").data["tap"]["payload"] == "sea-Ana"


def test_in_an_open_thread_on_the_other_channel() -> None:
    rcs, sms = pair()
    person = make.contact(rcs.workspace, name="Ana")
    make.address(person, NUMBER)
    thread = make.conversation(sms, person)
    build.expanded(rcs.workspace, channel=rcs, text="", content=ROOMS)
    leave(NotCapable("No RCS", code="404"))
    leave()
    came = answer(sms, "2")
    assert came.conversation_id == thread.pk
    assert came.data["tap"]["payload"] == "g"
    (message,) = Message.objects.filter(kind="campaign")
    assert (message.conversation_id, message.channel_id) == (thread.pk, sms.pk)
    assert message.data["content"]["cards"][1]["title"] == "Garden"
    assert Recipient.objects.get().replied_at is not None


def test_by_rcs_nothing_is_numbered_and_the_cards_are_shown() -> None:
    rcs, _sms = pair()
    thread = make.conversation(rcs)
    build.expanded(rcs.workspace, channel=rcs, text="", content=ROOMS)
    leave()
    message = Message.objects.get()
    assert message.conversation_id == thread.pk
    assert "options" not in message.data
    assert message.data["content"]["cards"][1]["title"] == "Garden"


def test_after_it_was_resolved_the_answer_opens_it_with_the_tap() -> None:
    sms = make.channel()
    sent(sms)
    leave()
    answer(sms, "Hello")
    Conversation.objects.update(status=Status.RESOLVED)
    assert answer(sms, "1").data["tap"]["payload"] == "sea-Ana"


def test_a_file_of_our_own_is_shown_where_members_see_it() -> None:
    rcs, _sms = pair()
    row = store(workspace_id=rcs.workspace_id, content=upload_of(PNG), name="room.png")
    own = {"file": str(row.uid)}
    make.conversation(rcs)
    content = {"cards": [{"title": "Sea", "media": own}, {"title": "Garden", "media": own}]}
    build.expanded(rcs.workspace, channel=rcs, text="", content=content)
    build.expanded(rcs.workspace, channel=rcs, text="", content={"media": [own]})
    leave()
    cards, file = Message.objects.order_by("id")
    kept = {"file": str(row.uid), "content_type": "image/png", "name": "room.png", "size": len(PNG)}
    assert [card["media"] for card in cards.data["content"]["cards"]] == [kept, kept]
    assert (file.text, file.data["content"]) == ("room.png", {"media": [kept]})
    member = make.member(rcs.workspace)
    assert str(row.uid) in shown(file, member).content.media[0].url
    assert str(row.uid) in shown(cards, member).content.cards[0].media.url


@pytest.mark.parametrize(
    "content",
    [
        {"text": "Hello", "suggestions": [{"type": "reply", "text": "Yes"}]},
        {"cards": [{"text": "Only words"}]},
        {"cards": [{"title": "A"}, {"text": "B"}]},
        {"location": {"latitude": 1, "longitude": 2}},
        {"location": {"latitude": 1, "longitude": 2, "label": "Here"}},
        {"media": [{"url": "https://example.org/a.png", "content_type": "image/png"}]},
        {
            "media": [
                {"url": "https://example.org/a.png", "content_type": "image/png", "name": "A pic"}
            ]
        },
    ],
)
def test_the_thread_has_the_headline_of_the_content(content: Any) -> None:
    rcs, _sms = pair()
    make.conversation(rcs)
    build.expanded(rcs.workspace, channel=rcs, text="", content=content)
    leave()
    message = Message.objects.get()
    stored = read_stored(Delivery.objects.get().content)
    assert message.text == headline(stored)
    assert message.data.get("content", {"text": message.text}) == write(stored)


def test_many_answers_cost_as_many_statements_as_one(django_assert_max_num_queries: Any) -> None:
    counts = []
    for size in (1, 8):
        sms = make.channel()
        build.people(sms.workspace, size)
        campaign = build.launched(sms.workspace, channel=sms, text="", content=ROOMS)
        expansion.expand(campaign.pk)
        leave()
        for row in build.deliveries(campaign):
            twilio.post(sms, twilio.inbound_fields(sms, row.address, "2"))
        with django_assert_max_num_queries(200) as statements:
            drain_all()
        counts.append(len(statements))
        taps = Message.objects.filter(direction="inbound", conversation__channel=sms)
        assert [one.data["tap"]["payload"] for one in taps] == ["g"] * size
    assert counts[0] == counts[1]
