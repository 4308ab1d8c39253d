"""Campaigns with rich content: written once for each person, as one message of the channel."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns import expansion, services
from campaigns.ledger import Ledger
from campaigns.models import Campaign, line_uid
from contacts.attributes import create_definition, delete_definition
from contacts.models import Contact
from gateway.media.cleaning import sweep_unused
from gateway.media.links import Expired, link, open_token
from gateway.media.models import HeldFile, StoredFile
from gateway.media.storing import store
from gateway.models import Channel, Delivery
from gateway.outbox.prepare import as_message
from gateway.outbox.row import Row
from tests import builders as make
from tests.campaigns import build
from tests.campaigns.rich import ROOMS, pair
from tests.gateway.media.shelf import PNG
from tests.gateway.media.test_serving import upload_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def rcs() -> Channel:
    """An agent with SMS behind it."""
    return pair()[0]


def rich(channel: Channel, content: Any = None, **fields: Any) -> Campaign:
    """A launched campaign with content."""
    return build.launched(
        channel.workspace, channel=channel, text="", content=content or ROOMS, **fields
    )


def contents(campaign: Campaign) -> list[Any]:
    return [row.content for row in build.deliveries(campaign).order_by("uid")]


def person(channel: Channel, value: str | None = None, **fields: Any) -> Contact:
    made = make.contact(channel.workspace, **fields)
    make.address(made, value)
    return made


def test_each_person_gets_the_content_with_their_values(rcs: Channel) -> None:
    person(rcs, name="Ana Núñez & Co")
    campaign = rich(rcs)
    assert expansion.expand(campaign.pk) == 1
    (row,) = build.deliveries(campaign)
    (entry,) = Ledger(Campaign.objects.get(pk=campaign.pk))
    assert row.uid == line_uid(campaign, entry.recipient.pk)
    sea, garden = row.content["cards"]
    assert sea["title"] == "Sea for Ana"
    assert sea["suggestions"] == [
        {"type": "reply", "text": "Sea", "payload": "sea-Ana Núñez & Co"},
        {
            "type": "open_url",
            "text": "Look",
            # A value stays one value, whatever it is made of.
            "url": "https://example.org/?who=Ana%20N%C3%BA%C3%B1ez%20%26%20Co",
        },
    ]
    assert garden == ROOMS["cards"][1]
    assert as_message(Row.of_delivery(row), "https://x/").rich.cards[0].title == "Sea for Ana"


def test_who_cannot_be_told_is_skipped_with_the_reason(rcs: Channel) -> None:
    ws = rcs.workspace
    for key in ("link", "tier"):
        create_definition(workspace=ws, member=None, key=key, name=key, type="text")
    good = {"link": "https://example.org/a?b=c", "tier": "gold"}
    fine, nothing, long, bad = (
        person(rcs, name=name, attributes=attributes)
        for name, attributes in [
            ("Fine", good),
            ("Nothing", {"link": good["link"]}),
            ("Long", good | {"tier": "x" * 201}),
            ("Bad", good | {"link": "javascript:alert(1)"}),
        ]
    )
    content = {
        "cards": [
            {
                "title": "{{ attributes.tier }}",
                "suggestions": [{"type": "open_url", "text": "Go", "url": "{{ attributes.link }}"}],
            }
        ]
    }
    campaign = rich(rcs, content)
    assert expansion.expand(campaign.pk) == 4
    reasons = dict(campaign.recipients.values_list("contact__name", "reason"))
    assert reasons == {
        fine.name: "",
        nothing.name: "no_text",
        long.name: "too_long",
        bad.name: "bad_value",
    }
    (only,) = contents(campaign)
    assert only["cards"][0]["suggestions"][0]["url"] == "https://example.org/a?b=c"
    assert build.counted(campaign).skipped == {"no_text": 1, "too_long": 1, "bad_value": 1}


def test_on_a_channel_that_shows_only_words_options_are_kept_with_the_message() -> None:
    channel = make.channel()
    person(channel, "+34600123456", name="Ana")
    campaign = rich(channel)
    expansion.expand(campaign.pk)
    (content,) = contents(campaign)
    assert content["text"] == (
        "Sea for Ana\n1. Sea\nLook: https://example.org/?who=Ana\n\nGarden\n2. Garden"
    )
    assert content["options"] == [
        {"number": 1, "text": "Sea", "payload": "sea-Ana"},
        {"number": 2, "text": "Garden", "payload": "g"},
    ]
    assert content.keys() == {"text", "options"}
    sent = as_message(Row.of_delivery(Delivery.objects.get()), "https://x/")
    assert (sent.text, sent.rich.text, sent.media) == (content["text"], content["text"], ())


def pictures(count: int) -> dict[str, Any]:
    one = {"url": "https://example.org/a.png", "content_type": "image/png"}
    return {"cards": [{"title": f"Card {n}", "media": one} for n in range(count)]}


def test_what_takes_several_messages_is_refused_at_the_launch() -> None:
    # North American numbers get pictures: three messages.
    channel = make.channel(config={"mms": "yes"})
    person(channel, "+14155550123")
    draft = build.draft(channel.workspace, channel=channel, text="", content=pictures(3))
    with pytest.raises(ValidationError) as caught:
        services.launch(campaign=draft, member=None)
    (words,) = caught.value.message_dict["content"]
    assert words.startswith("On this channel this takes 3 messages; a campaign sends one")
    assert not Delivery.objects.exists()
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_who_would_need_several_messages_gets_it_in_words(monkeypatch: Any) -> None:
    channel = make.channel(config={"mms": "yes"})
    person(channel, "+34600123456")
    draft = build.draft(channel.workspace, channel=channel, text="", content=pictures(2))
    monkeypatch.setattr("campaigns.fitting.SAMPLE", 1)
    person(channel, "+14155550123")
    services.launch(campaign=draft, member=None)
    expansion.expand(draft.pk)
    draft.refresh_from_db()
    texts = {content["text"] for content in contents(draft)}
    assert texts == {"Card 0\n\nhttps://example.org/a.png\n\nCard 1\n\nhttps://example.org/a.png"}
    assert len(contents(draft)) == 2


@pytest.mark.parametrize("content", [ROOMS, pictures(2)])
def test_the_statements_do_not_grow_with_the_batch(content: Any) -> None:
    def count(size: int) -> int:
        channel = pair()[0]
        build.people(channel.workspace, size)
        campaign = rich(channel, content)
        with CaptureQueriesContext(connection) as statements:
            assert expansion.expand_batch(campaign.pk) == size
        return len(statements)

    assert count(1) == count(50)


def test_rich_content_costs_no_statement_more_than_a_text() -> None:
    def count(**fields: Any) -> int:
        channel = pair()[0]
        build.people(channel.workspace, 3)
        campaign = build.launched(channel.workspace, channel=channel, **fields)
        with CaptureQueriesContext(connection) as statements:
            expansion.expand_batch(campaign.pk)
        return len(statements)

    assert count(text="", content=ROOMS) == count(text="Hello")


def test_killed_and_taken_again_everybody_is_queued_once(rcs: Channel, monkeypatch: Any) -> None:
    build.people(rcs.workspace, 5)
    campaign = rich(rcs)

    def killed(*args: Any, **kwargs: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(expansion, "campaign_changed", killed)
        with pytest.raises(SystemExit):
            expansion.expand_batch(campaign.pk)
    assert not Delivery.objects.exists()
    assert expansion.expand(campaign.pk) == 5
    Campaign.objects.filter(pk=campaign.pk).update(handed_to=0, handed=0)
    assert expansion.expand(campaign.pk) == 5
    assert build.deliveries(campaign).count() == 5
    assert build.counted(campaign).states == {"queued": 5}


def test_an_attribute_deleted_meanwhile_skips_instead_of_failing(rcs: Channel) -> None:
    tier = create_definition(
        workspace=rcs.workspace, member=None, key="tier", name="Tier", type="text"
    )
    build.people(rcs.workspace, 2)
    content = {"cards": [{"title": "{{ attributes.tier|x }}"}]}
    campaign = rich(rcs, content)
    delete_definition(definition=tier, member=None)
    expansion.expand(campaign.pk)
    assert build.counted(campaign).skipped == {"no_text": 2}
    assert campaign.headline == "{{ attributes.tier|x }}"


def test_a_file_of_our_own_is_held_and_its_link_fresh_when_it_leaves(rcs: Channel) -> None:
    ws = rcs.workspace
    build.people(ws, 2)
    row = store(workspace_id=ws.pk, content=upload_of(PNG), name="room.png")
    content = {"media": [{"file": str(row.uid)}]}
    draft = build.draft(ws, channel=rcs, text="", content=content)
    assert draft.content == content
    assert draft.headline == ""
    assert HeldFile.objects.get().holder == draft.seed
    assert sweep_unused(timezone.now()) == 0
    services.launch(campaign=draft, member=None)
    expansion.expand(draft.pk)
    draft.refresh_from_db()
    first = contents(draft)[0]["media"][0]
    assert (first["file"], first["content_type"], first["size"]) == (
        str(row.uid),
        "image/png",
        len(PNG),
    )
    # It waited for days: the link that leaves is another.
    delivery = build.deliveries(draft).first()
    stale = delivery.content["media"][0]["url"] = link(row.pk, days=-2)
    fresh = as_message(Row.of_delivery(delivery), "https://x/").rich.media[0].url
    with pytest.raises(Expired):
        open_token(stale.rstrip("/").rpartition("/")[2])
    assert open_token(fresh.rstrip("/").rpartition("/")[2]) == row.pk


def test_a_file_is_given_up_with_the_draft_or_its_content(rcs: Channel) -> None:
    ws = rcs.workspace
    rows = [store(workspace_id=ws.pk, content=upload_of(PNG), name="a.png") for _ in range(3)]
    drafts = [
        build.draft(ws, channel=rcs, text="", content={"media": [{"file": str(row.uid)}]})
        for row in rows
    ]
    services.delete_draft(campaign=drafts[0], member=None)
    services.update(campaign=drafts[1], member=None, text="Hello")
    assert list(HeldFile.objects.values_list("file", flat=True)) == [rows[2].pk]
    assert sweep_unused(timezone.now()) == 2
    assert StoredFile.objects.get() == rows[2]


def test_a_file_of_another_workspace_does_not_exist(rcs: Channel) -> None:
    theirs = store(workspace_id=make.workspace().pk, content=upload_of(PNG), name="a.png")
    with pytest.raises(ValidationError) as caught:
        build.draft(
            rcs.workspace,
            channel=rcs,
            text="",
            content={"cards": [{"title": "A", "media": {"file": str(theirs.uid)}}]},
        )
    assert list(caught.value.message_dict) == ["content.cards.0.media.file"]
    assert not Campaign.objects.exists()
    assert not HeldFile.objects.exists()


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({}, "content.text"),
        ([], "content"),
        ({"text": "{{ nobody }}"}, "content.text"),
        ({"text": "{{ name"}, "content.text"),
        ({"cards": [{"title": "{{ attributes.tier }}"}]}, "content.cards.0.title"),
        ({"cards": [{"title": "x" * 201}]}, "content.cards.0.title"),
        (
            {"text": "A", "suggestions": [{"type": "reply", "text": "{{ name }}" + "x" * 80}]},
            "content.suggestions.0.text",
        ),
        (
            {"text": "A", "suggestions": [{"type": "open_url", "text": "B", "url": "ftp://x"}]},
            "content.suggestions.0.url",
        ),
        (
            {"text": "A", "suggestions": [{"type": "dial", "text": "B", "phone": "{{ name }}"}]},
            "content.suggestions.0.phone",
        ),
        ({"media": [{"file": "{{ name }}"}]}, "content.media.0.file"),
        ({"text": "A", "more": 1}, "content.more"),
        ({"text": "A\x00"}, "content.text"),
        ({"text": "A", "options": []}, "content.options"),
    ],
)
def test_content_that_can_never_be_sent_is_refused_by_path(content: Any, path: str) -> None:
    with pytest.raises(ValidationError) as caught:
        build.draft(make.workspace(), text="", content=content)
    assert list(caught.value.message_dict) == [path]
    assert not Campaign.objects.exists()


def test_a_text_and_content_take_each_others_place(rcs: Channel) -> None:
    draft = build.draft(rcs.workspace, channel=rcs, text="Hello")
    draft = services.update(campaign=draft, member=None, content={"text": "Rich {{ name }}"})
    assert (draft.text, draft.content) == ("", {"text": "Rich {{ name }}"})
    draft = services.update(campaign=draft, member=None, text="", name="Other")
    assert draft.content == {"text": "Rich {{ name }}"}
    draft = services.update(campaign=draft, member=None, text="Plain")
    assert (draft.text, draft.content) == ("Plain", None)
    with pytest.raises(ValidationError) as caught:
        services.update(campaign=draft, member=None, text="A", content={"text": "B"})
    assert list(caught.value.message_dict) == ["text"]
