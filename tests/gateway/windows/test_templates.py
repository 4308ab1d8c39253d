"""Templates are kept as the provider has them, and what they need is asked for."""

from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry
from gateway.content.changes import Rule
from gateway.content.looks import looks
from gateway.content.model import Content, Media, TemplateUse
from gateway.content.templates import (
    ButtonKind,
    ProviderTemplate,
    TemplateButton,
    TemplateDraft,
    TemplateHeader,
    TemplateStatus,
)
from gateway.errors import SendError
from gateway.events import Received, TemplateNews
from gateway.fallback.model import Success
from gateway.fallback.policy import Policy
from gateway.models import Channel, ChannelLog, StoredTemplate
from gateway.templates.filling import check_draft, checked, filled, needs
from gateway.templates.keeping import (
    create_template,
    delete_template,
    fetch_all,
    fetch_templates,
    keep_templates,
)
from gateway.templates.news import receive_news
from gateway.templates.using import with_template
from tests import builders
from tests.gateway.windows.talk import TalkSink

pytestmark = pytest.mark.django_db

ORDER = ProviderTemplate(
    external_id="T1",
    name="order_update",
    language="en",
    category="utility",
    status=TemplateStatus.APPROVED,
    header=TemplateHeader("text", "Order {{1}}"),
    body="Hi {{1}}, your order {{2}} is on its way, {{ 1 }}.",
    footer="Acme",
    buttons=(
        TemplateButton(ButtonKind.URL, "Track", "https://acme.example/t/{{1}}"),
        TemplateButton(ButtonKind.REPLY, "Stop"),
        TemplateButton(ButtonKind.PHONE, "Call", "+14155550100"),
    ),
)
USE = TemplateUse(
    "order_update",
    "en",
    "",
    body=(("1", "Ann"), ("2", r"7\1")),
    header_values=(("1", "7"),),
    buttons=((0, r"a\2"),),
)
TEXT = (
    "Order 7\n\n"
    r"Hi Ann, your order 7\1 is on its way, Ann."
    "\n\nAcme\n\n"
    r"Track: https://acme.example/t/a\2"
    "\nCall: +14155550100"
)


@pytest.fixture
def channel() -> Channel:
    return builders.channel(kind="talk")


def found(**fields: Any) -> dict[str, Any]:
    """As the sink has it."""
    return {
        "external_id": "T9",
        "name": "hello",
        "language": "en",
        "category": "utility",
        "status": "approved",
        "body": "Hello {{1}}",
    } | fields


# --- What it needs and says ---------------------------------------------------------------------


def test_what_it_needs_and_what_it_says() -> None:
    paths = [(need.path, need.optional) for need in needs(ORDER)]
    assert paths == [
        ("header_values.1", False),
        ("body.1", False),
        ("body.2", False),
        ("buttons.0", False),
        ("buttons.1", True),
    ]
    assert filled(ORDER, USE) == TEXT
    assert checked(ORDER, USE).text == TEXT


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"body": (("1", "Ann"),)}, {"body.2"}),
        ({"body": (("1", "Ann"), ("2", "7"), ("3", "x"))}, {"body.3"}),
        ({"header_values": ()}, {"header_values.1"}),
        ({"buttons": ()}, {"buttons.0"}),
        ({"buttons": ((0, "a"), (2, "b"))}, {"buttons.2"}),
        ({"header": Media("https://x.example/a.png", "image/png")}, {"header"}),
    ],
)
def test_every_value_is_asked_for_and_no_other_taken(
    change: dict[str, Any], wrong: set[str]
) -> None:
    with pytest.raises(ValidationError) as caught:
        checked(ORDER, replace(USE, **change))
    assert set(caught.value.message_dict) == wrong


@pytest.mark.parametrize(
    ("file", "fine"),
    [
        (None, False),
        (Media("https://x.example/a.mp4", "video/mp4"), False),
        (Media("https://x.example/a.png", "image/png"), True),
    ],
)
def test_a_header_with_a_file_needs_one_of_its_kind(file: Media | None, fine: bool) -> None:
    template = replace(ORDER, header=TemplateHeader("image"), body="Hi", buttons=())
    use = TemplateUse("order_update", "en", "", header=file)
    if fine:
        assert checked(template, use).text == "Hi\n\nAcme"
    else:
        with pytest.raises(ValidationError) as caught:
            checked(template, use)
        assert set(caught.value.message_dict) == {"header"}


def test_a_draft_is_checked_before_it_leaves() -> None:
    draft = TemplateDraft(
        name="",
        language="en",
        category="utility",
        body="Hi {{1}} {{x",
        header=TemplateHeader("text", " "),
        buttons=(TemplateButton(ButtonKind.URL, "", "ftp://x"),),
    )
    with pytest.raises(ValidationError) as caught:
        check_draft(draft)
    assert set(caught.value.message_dict) == {
        *("name", "body", "header", "examples.1", "buttons.0.text", "buttons.0.value")
    }


# --- Kept as they are there ---------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_fetching_keeps_what_is_there_and_marks_what_is_gone(
    sink: TalkSink, channel: Channel
) -> None:
    sink.templates = [found(), found(external_id="T2", name="bye", body="Bye")]
    assert fetch_templates(channel) == 2
    before = {row.name: row for row in StoredTemplate.objects.all()}
    sink.templates = [found(category="marketing")]
    assert fetch_templates(channel) == 1
    hello, bye = StoredTemplate.objects.order_by("-name")
    assert (hello.category, hello.previous_category) == ("marketing", "utility")
    assert (hello.pk, bye.pk) == (before["hello"].pk, before["bye"].pk)
    assert (bye.status, bye.body) == ("deleted", "Bye")
    fetch_templates(channel)
    again = StoredTemplate.objects.get(name="hello")
    assert (again.previous_category, again.updated_at) == ("utility", hello.updated_at)
    assert set(ChannelLog.objects.values_list("kind", "ok")) == {("templates", True)}


@pytest.mark.django_db(transaction=True)
def test_a_channel_that_cannot_be_asked_holds_up_no_other(sink: TalkSink, channel: Channel) -> None:
    builders.channel(kind="talk", config={"account_sid": "x"}, enabled=False)
    other = builders.channel(kind="talk")
    Channel.objects.filter(pk=channel.pk).update(config=b"broken")
    sink.templates = [found()]
    fetch_all()
    assert [row.channel_id for row in StoredTemplate.objects.all()] == [other.pk]


def test_as_many_statements_for_many_as_for_one(channel: Channel) -> None:
    counts = []
    for many in (1, 100):
        batch = [replace(ORDER, external_id=f"T{n}", name=f"t{n}") for n in range(many)]
        with CaptureQueriesContext(connection) as seen:
            keep_templates(channel, batch, all_of_them=True)
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert StoredTemplate.objects.get(name="t7").given == replace(
        ORDER, external_id="T7", name="t7"
    )


@pytest.mark.django_db(transaction=True)
def test_one_is_handed_in_and_removed(sink: TalkSink, channel: Channel) -> None:
    member = builders.member(channel.workspace)
    draft = TemplateDraft("hello", "en", "utility", "Hello {{1}}", examples=(("1", "Ann"),))
    made = create_template(channel=channel, member=member, draft=draft)
    assert (made.status, made.external_id, made.body) == ("pending", "T1", "Hello {{1}}")
    assert sink.templates[0]["examples"] == [["1", "Ann"]]
    with pytest.raises(ValidationError) as caught:
        create_template(channel=channel, member=member, draft=draft)
    assert set(caught.value.message_dict) == {"name"}
    delete_template(template=made, member=member)
    assert sink.templates == []
    made.refresh_from_db()
    assert made.status == "deleted"
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["template.created", "template.deleted"]


@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_told_in_the_providers_words(sink: TalkSink, channel: Channel) -> None:
    sink.refusal = "Variables may not start the body."
    draft = TemplateDraft("hello", "en", "utility", "Hello")
    with pytest.raises(ValidationError) as caught:
        create_template(channel=channel, member=None, draft=draft)
    assert caught.value.message_dict == {"provider": [sink.refusal]}
    assert not StoredTemplate.objects.exists()
    assert ChannelLog.objects.get().error == sink.refusal


@pytest.mark.django_db(transaction=True)
def test_a_provider_that_is_away_changes_nothing(settings: Any, channel: Channel) -> None:
    keep_templates(channel, [ORDER])
    settings.SIMULATOR_URL = "http://127.0.0.1:9"
    with pytest.raises(SendError):
        fetch_templates(channel)
    assert StoredTemplate.objects.get().status == "approved"


def news(channel: Channel, **fields: str) -> Received:
    event = TemplateNews(**({"external_id": "", "name": "", "language": ""} | fields))
    now = timezone.now()
    return Received(channel.workspace_id, channel.pk, "phone", "talk", now, "", event)


def test_news_change_status_and_category(channel: Channel) -> None:
    keep_templates(channel, [ORDER])
    receive_news([news(channel, external_id="T1", status="paused", reason="Low quality")])
    row = StoredTemplate.objects.get()
    assert (row.status, row.reason, row.category) == ("paused", "Low quality", "utility")
    about = {"name": "order_update", "language": "en"}
    receive_news(
        [
            news(channel, **about, category="marketing"),
            news(channel, **about, status="approved"),
            news(channel, **about, status="flying"),
        ]
    )
    row.refresh_from_db()
    assert (row.status, row.reason) == ("approved", "")
    assert (row.category, row.previous_category) == ("marketing", "utility")


def test_news_of_another_channel_or_of_none_change_nothing(channel: Channel) -> None:
    keep_templates(channel, [ORDER])
    other = builders.channel(kind="talk")
    receive_news([news(other, external_id="T1", status="paused"), news(channel, status="paused")])
    assert StoredTemplate.objects.get().status == "approved"


# --- In content ---------------------------------------------------------------------------------


def test_content_gets_the_words_of_its_template(channel: Channel) -> None:
    keep_templates(channel, [ORDER])
    made = with_template(Content(template=replace(USE, text="What the caller says")), channel)
    assert made == Content(template=replace(USE, text=TEXT, button_kinds=((0, "url"),)))


@pytest.mark.parametrize(
    ("content", "status", "wrong"),
    [
        (Content(template=replace(USE, name="other")), "approved", "content.template.name"),
        (Content(template=replace(USE, language="es")), "approved", "content.template.name"),
        (Content(template=USE), "pending", "content.template.name"),
        (Content(template=USE), "deleted", "content.template.name"),
        (Content(template=replace(USE, body=())), "approved", "content.template.body.1"),
        (Content(text="Hi", template=USE), "approved", "content.template"),
    ],
)
def test_what_cannot_be_sent_is_refused_by_path(
    channel: Channel, content: Content, status: str, wrong: str
) -> None:
    keep_templates(channel, [replace(ORDER, status=TemplateStatus(status))])
    keep_templates(builders.channel(kind="talk"), [replace(ORDER, name="other")])
    with pytest.raises(ValidationError) as caught:
        with_template(content, channel)
    assert wrong in caught.value.message_dict


def test_how_it_looks_and_what_the_fallback_makes_of_it(channel: Channel) -> None:
    sms = builders.channel(channel.workspace)
    content = Content(template=replace(USE, text=TEXT))
    policy = Policy(sms, 60, Success.DELIVERED)
    first, second = looks(content, channel=channel, fallback=policy)
    assert [part.content for part in first.parts] == [content]
    assert first.changes == ()
    assert [part.content.text for part in second.parts] == [TEXT]
    [there] = looks(content, channel=sms)
    assert [change.rule for change in there.changes] == [Rule.TEMPLATE_AS_TEXT]
    assert there.changes[0].text == "The template becomes text: SMS has no templates."
