"""Content as JSON: what is read is written again, and what is wrong is named by its path."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from gateway.content.model import (
    AskLocation,
    Calendar,
    Card,
    ContactCard,
    Content,
    Dial,
    Location,
    Media,
    Menu,
    OpenUrl,
    Reply,
    Row,
    ShowLocation,
)
from gateway.content.reading import read, read_stored, write

WHOLE = Content(
    text="Hi",
    media=(Media("https://example.org/a.jpg", "image/jpeg", "a.jpg", 10),),
    cards=(Card("Sea", "Balcony", None, (Reply("Take it", "sea"),)),),
    menu=Menu("Rooms", (Row("Sea", "sea", "Balcony"),)),
    location=Location(1.5, -2.0, "Office"),
    contacts=(
        ContactCard("Ana", ("+34911234567",), ("ana@example.org",)),
        ContactCard("Bo", (), ("b@e.org",)),
    ),
    suggestions=(
        OpenUrl("Shop", "https://example.org/"),
        Dial("Call", "+34911234567"),
        ShowLocation("Way", 1.0, 2.0),
        AskLocation("Where?"),
        Calendar(
            "Note", "Visit", datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)
        ),
    ),
)


def errors(value: Any) -> dict[str, list[str]]:
    """What is wrong, by path."""
    with pytest.raises(ValidationError) as caught:
        read(value)
    return caught.value.message_dict


def test_what_is_written_is_read_again() -> None:
    assert read(write(WHOLE)) == WHOLE
    assert write(Content("Hi")) == {"text": "Hi"}
    assert write(Content("Hi", suggestions=(Reply("Yes"),))) == {
        "text": "Hi",
        "suggestions": [{"type": "reply", "text": "Yes"}],
    }


@pytest.mark.parametrize(
    ("card", "path"),
    [
        ({"name": "Ana"}, "contacts.0"),
        ({"name": " ", "phones": ["+34911234567"]}, "contacts.0.name"),
        ({"name": "Ana", "phones": ["911"]}, "contacts.0.phones.0"),
        ({"name": "Ana", "emails": ["a@e.org", 7]}, "contacts.0.emails.1"),
        ({"name": "Ana", "phones": "+34911234567"}, "contacts.0.phones"),
        ({"name": "Ana", "phones": ["+34911234567"], "fax": "1"}, "contacts.0.fax"),
        ("Ana", "contacts.0"),
    ],
)
def test_what_is_wrong_with_a_contact(card: Any, path: str) -> None:
    assert path in errors({"contacts": [card]})


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ("Hi", {"content"}),
        ({}, {"text"}),
        ({"suggestions": [{"type": "reply", "text": "Yes"}]}, {"text"}),
        ({"text": 5}, {"text"}),
        ({"text": "x" * 20_001}, {"text"}),
        ({"text": "Hi", "colour": "red"}, {"colour"}),
        ({"text": "Hi", "media": {}}, {"media"}),
        (
            {"media": [{"url": "ftp://x", "content_type": "jpeg"}]},
            {"media.0.url", "media.0.content_type"},
        ),
        (
            {"media": [{"url": "https://[", "content_type": "a/b", "size": -1}]},
            {"media.0.url", "media.0.size"},
        ),
        ({"cards": [{}]}, {"cards.0"}),
        ({"cards": [{"title": "x" * 201}]}, {"cards.0.title"}),
        ({"cards": [{"title": "A"}] * 11}, {"cards"}),
        (
            {
                "cards": [
                    {"title": "A", "suggestions": [{"type": "dial", "text": "", "phone": "112"}]}
                ]
            },
            {"cards.0.suggestions.0.text", "cards.0.suggestions.0.phone"},
        ),
        ({"text": "Hi", "suggestions": [{"type": "dance"}]}, {"suggestions.0.type"}),
        ({"text": "Hi", "suggestions": [{"type": ["reply"]}]}, {"suggestions.0.type"}),
        ({"text": "Hi", "suggestions": [7]}, {"suggestions.0", "suggestions.0.type"}),
        (
            {"text": "Hi", "suggestions": [{"type": "reply", "text": "A", "url": "https://a.b"}]},
            {"suggestions.0.url"},
        ),
        (
            {"text": "Hi", "suggestions": [{"type": "show_location", "text": "A", "latitude": 91}]},
            {"suggestions.0.latitude", "suggestions.0.longitude"},
        ),
        (
            {
                "text": "Hi",
                "suggestions": [
                    {
                        "type": "calendar",
                        "text": "A",
                        "title": "B",
                        "start": "2026-05-01T10:00:00",
                        "end": "soon",
                    }
                ],
            },
            {"suggestions.0.start", "suggestions.0.end"},
        ),
        (
            {
                "text": "Hi",
                "suggestions": [
                    {
                        "type": "calendar",
                        "text": "A",
                        "title": "B",
                        "start": "2026-05-01T10:00:00Z",
                        "end": "2026-05-01T09:00:00Z",
                    }
                ],
            },
            {"suggestions.0.end"},
        ),
        (
            {"location": {"latitude": True, "longitude": "1"}},
            {"location.latitude", "location.longitude"},
        ),
        ({"list": {"button": "Choose", "rows": []}}, {"list.rows"}),
        ({"list": {"rows": [{"text": " "}]}}, {"list.button", "list.rows.0.text"}),
    ],
)
def test_what_is_wrong_is_named(value: Any, paths: set[str]) -> None:
    assert errors(value).keys() == paths


def test_a_stored_file_keeps_its_link_where_we_wrote_it_ourselves() -> None:
    media = Media("https://a.example/m/x/", "image/png", "a.png", 10, str(uuid.uuid4()))
    content = Content(text="Look", media=(media,), cards=(Card(title="One", media=media),))
    assert read_stored(write(content)) == content
    with pytest.raises(ValidationError):
        read(write(content))
