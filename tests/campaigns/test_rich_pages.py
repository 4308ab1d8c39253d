"""The editor with rich content, what takes over, and how it looks on each channel."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Role
from campaigns.models import Behind, Campaign
from gateway.media.models import StoredFile
from gateway.models import Delivery, Priority
from tests import builders as make
from tests.campaigns import build
from tests.campaigns.rich import ROOMS, pair
from tests.gateway.media.shelf import PNG

pytestmark = pytest.mark.django_db


@pytest.fixture
def ws() -> Any:
    return make.workspace()


@pytest.fixture
def page(client: Any, ws: Any) -> Any:
    client.force_login(make.member(ws, role=Role.MARKETER).user)
    return client


def saved(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


def built(content: Any = None, **fields: str) -> dict[str, str]:
    """What the step sends with the builder."""
    return {"mode": "rich", "text": "", "content": json.dumps(content or ROOMS)} | fields


def test_rich_content_is_saved_and_comes_back_to_the_builder(page: Any, ws: Any) -> None:
    draft = build.draft(ws)
    url = f"/campaigns/{draft.pk}/what/"
    assert json.loads(page.get(url).context["builder"].value) == {"text": "Hello {{ name }}!"}
    assert page.post(url, built()).status_code == 302
    assert (saved(draft).text, saved(draft).content) == ("", ROOMS)
    context = page.get(url).context
    assert (context["rich"], json.loads(context["builder"].value)) == (True, ROOMS)
    # And back to a text.
    assert page.post(url, {"mode": "text", "text": "Hi", "content": "{}"}).status_code == 302
    assert (saved(draft).text, saved(draft).content) == ("Hi", None)


def test_what_is_wrong_comes_back_by_path_with_what_was_built(page: Any, ws: Any) -> None:
    draft = build.draft(ws)
    wrong = {"cards": [{"title": "{{ shoe_size }}"}]}
    answer = page.post(f"/campaigns/{draft.pk}/what/", built(wrong))
    assert answer.status_code == 422
    builder = answer.context["builder"]
    assert json.loads(builder.value) == wrong
    assert list(json.loads(builder.errors)) == ["content.cards.0.title"]
    assert answer.context["rich"]
    assert saved(draft).text == "Hello {{ name }}!"
    answer = page.post(f"/campaigns/{draft.pk}/what/", built(content="nonsense"))
    assert answer.status_code == 422


def test_an_empty_builder_is_an_unfinished_draft(page: Any, ws: Any) -> None:
    draft = build.draft(ws)
    page.post(f"/campaigns/{draft.pk}/what/", {"mode": "rich", "text": "x", "content": "{}"})
    assert (saved(draft).text, saved(draft).content) == ("", None)


def test_the_preview_shows_every_channel_as_the_contact_gets_it(page: Any, ws: Any) -> None:
    rcs, sms = pair(ws)
    ana = make.contact(ws, name="Ana")
    make.address(ana, "+34600123456")
    draft = build.draft(ws, channel=rcs)
    url = f"/campaigns/{draft.pk}/preview/"
    answer = page.post(url, built(contact=str(ana.pk)), headers={"HX-Request": "true"})
    first, second = answer.context["shown"].looks
    assert [look.medium for look in (first, second)] == ["RCS", "SMS"]
    assert [card.title for card in first.parts[0].cards] == ["Sea for Ana", "Garden"]
    assert second.when == "If RCS does not arrive in 60 s, it goes as:"
    assert second.parts[0].text.startswith("Sea for Ana\n1. Sea")
    assert answer.context["shown"].several == ""
    assert saved(draft).text == "Hello {{ name }}!"

    plain = page.post(url, {"mode": "text", "text": "Hi {{ first_name }}", "contact": ana.pk})
    looks = plain.context["shown"].looks
    assert [look.parts[0].text for look in looks] == ["Hi Ana", "Hi Ana"]

    nothing = {"channel": str(rcs.pk), "fallback_by": "none", "contact": str(ana.pk)}
    (only,) = page.post(url, nothing).context["shown"].looks
    assert only.medium == "RCS"
    own = {
        "channel": str(rcs.pk),
        "fallback_by": "own",
        "own-channel": str(sms.pk),
        "own-after_s": "3600",
        "own-success": "read",
    }
    _first, second = page.post(url, own).context["shown"].looks
    assert second.when == "If RCS is not read in 60 min, it goes as:"


def test_the_preview_tells_what_takes_several_messages(page: Any, ws: Any) -> None:
    rcs, _sms = pair(ws)
    draft = build.draft(ws, channel=rcs)
    content = {"text": "Rooms", **ROOMS}
    answer = page.post(f"/campaigns/{draft.pk}/preview/", built(content))
    shown = answer.context["shown"]
    assert len(shown.looks[0].parts) == 2
    assert shown.several.startswith("On this channel this takes 2 messages")
    page.post(f"/campaigns/{draft.pk}/what/", built(content))
    check = page.get(f"/campaigns/{draft.pk}/check/")
    assert check.context["saying_problem"] == shown.several


def test_while_it_is_no_content_only_the_builder_is_told(page: Any, ws: Any) -> None:
    draft = build.draft(ws)
    url = f"/campaigns/{draft.pk}/preview/"
    wrong = built({"cards": [{"title": "x" * 201}]})
    answer = page.post(url, wrong, headers={"HX-Trigger-Name": "content"})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["content.cards.0.title"]
    answer = page.post(url, wrong)
    assert answer.status_code == 200
    assert answer.context["shown"].looks[0].parts[0].text.startswith("Hello")


def test_a_file_is_uploaded_for_the_campaign(page: Any, ws: Any) -> None:
    draft = build.draft(ws)
    url = f"/campaigns/{draft.pk}/files/"
    answer = page.post(url, {"file": SimpleUploadedFile("room.png", PNG)})
    assert answer.status_code == 201
    row = StoredFile.objects.get(workspace=ws)
    assert answer.json() == {
        "id": str(row.uid),
        "name": "room.png",
        "content_type": "image/png",
        "size": "108 bytes",
    }
    page.post(f"/campaigns/{draft.pk}/what/", built({"media": [{"file": str(row.uid)}]}))
    value = json.loads(page.get(f"/campaigns/{draft.pk}/what/").context["builder"].value)
    assert value["media"][0]["name"] == "room.png"
    assert page.post(url, {}).status_code == 422
    theirs = build.draft(make.workspace())
    assert page.post(f"/campaigns/{theirs.pk}/files/", {}).status_code == 404


def test_what_takes_over_is_chosen_beside_the_channel(page: Any, ws: Any) -> None:
    rcs, sms = pair(ws)
    build.people(ws, 2)
    draft = build.draft(ws, channel=rcs)
    url = f"/campaigns/{draft.pk}/where/"
    behind = page.get(url).context["behind"]
    assert (behind.by, behind.channels) == (
        "channel",
        f"Whoever does not have it after 60 s gets it through “{sms.name}” instead.",
    )
    own = {
        "channel": str(rcs.pk),
        "fallback_by": "own",
        "own-channel": str(sms.pk),
        "own-after_s": "7200",
        "own-success": "delivered",
    }
    assert page.post(url, own).status_code == 302
    row = saved(draft)
    assert (row.fallback_by, row.fallback_channel, row.fallback_after_s) == ("own", sms, 7200)
    check = page.get(f"/campaigns/{draft.pk}/check/").content.decode()
    assert f"Whoever does not have it after 2 h gets it through “{sms.name}” instead." in check
    assert page.post(url, {"channel": str(rcs.pk), "fallback_by": "none"}).status_code == 302
    assert saved(draft).fallback_by == Behind.NOTHING
    check = page.get(f"/campaigns/{draft.pk}/check/").content.decode()
    assert "Nothing else is sent to those whom it does not reach." in check
    assert page.post(url, {"channel": str(rcs.pk), "fallback_by": "channel"}).status_code == 302
    assert saved(draft).fallback_by == Behind.CHANNEL


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("own-channel", ""),
        ("own-channel", "elsewhere"),
        ("own-channel", "itself"),
        ("own-after_s", "1"),
        ("own-after_s", "many"),
        ("own-success", "seen"),
    ],
)
def test_what_cannot_take_over_is_told_at_its_field(
    page: Any, ws: Any, field: str, value: str
) -> None:
    rcs, sms = pair(ws)
    draft = build.draft(ws, channel=rcs)
    own = {
        "channel": str(rcs.pk),
        "fallback_by": "own",
        "own-channel": str(sms.pk),
        "own-after_s": "60",
        "own-success": "delivered",
    }
    named = {"elsewhere": str(make.channel().pk), "itself": str(rcs.pk)}
    answer = page.post(f"/campaigns/{draft.pk}/where/", own | {field: named.get(value, value)})
    assert answer.status_code == 422
    form = answer.context["behind"].form
    assert list(form.errors) == [field.removeprefix("own-")]
    assert answer.content.decode().count("field-error") == 1
    assert saved(draft).fallback_by == Behind.CHANNEL


def test_choosing_another_channel_asks_again_what_takes_over(page: Any, ws: Any) -> None:
    rcs, sms = pair(ws)
    draft = build.draft(ws, channel=rcs)
    answer = page.post(
        f"/campaigns/{draft.pk}/preview/",
        {"channel": str(sms.pk), "fallback_by": "channel"},
        headers={"HX-Request": "true", "HX-Trigger-Name": "channel"},
    )
    assert answer.context["behind"].channels == (
        "Nothing else is sent to those whom it does not reach."
    )
    assert 'hx-swap-oob="true"' in answer.content.decode()


def test_a_test_message_is_the_content_in_one_message(page: Any, ws: Any) -> None:
    rcs, sms = pair(ws)
    ana = make.contact(ws, name="Ana")
    draft = build.draft(ws, channel=rcs, text="", content=ROOMS)
    page.post(f"/campaigns/{draft.pk}/test/", {"number": "+34 612 345 678", "contact": ana.pk})
    sent = Delivery.objects.get()
    assert sent.content["cards"][0]["title"] == "Sea for Ana"
    assert (sent.address, sent.priority, sent.marketing) == (
        "+34612345678",
        Priority.SYSTEM,
        False,
    )
    assert sent.fallback.channel == sms


def test_the_result_and_its_export_tell_of_rich_campaigns(page: Any, ws: Any) -> None:
    rcs, sms = pair(ws)
    build.people(ws, 2)
    campaign = build.expanded(ws, channel=rcs, text="", content=ROOMS)
    text = page.get(f"/campaigns/{campaign.pk}/").content.decode()
    assert "Sea for {{ first_name|you }} · Garden" in text
    assert f"gets it through “{sms.name}” instead." in text
    export = page.get(f"/campaigns/{campaign.pk}/export/")
    assert len(b"".join(export.streaming_content).decode().splitlines()) == 3
