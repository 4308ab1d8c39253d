"""The form of a chat: it reads and shows; hashtags.services checks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from contacts.fields import zones
from hashtags.checking import weigh
from hashtags.kinds import channels_of
from hashtags.models import HashtagChat, HashtagQuestion, QuestionState

WHEN = "%Y-%m-%dT%H:%M"
FIXED = ("channel", "hashtag", "starts_at", "zone")
MOST = 60


@dataclass(slots=True)
class Row:
    """A question in the editor: what was typed, and what is wrong with it."""

    text: str = ""
    minute: str = ""
    text_errors: Sequence[str] = ()
    minute_errors: Sequence[str] = ()
    size: Any = field(default=None)

    @property
    def planned(self) -> dict[str, Any]:
        """As the services take it; a minute that is no number stays text and is refused."""
        minute = self.minute.strip()
        is_number = minute.isascii() and minute.isdigit() and len(minute) < 6
        return {"text": self.text, "minute": int(minute) if is_number else minute}


class ChatForm(forms.Form):
    """Everything but the questions, which are rows beside it."""

    title = forms.CharField(label=_("Title"), required=False, max_length=300)
    channel = forms.ChoiceField(label=_("Account"), required=False)
    hashtag = forms.CharField(
        label=_("Hashtag"),
        required=False,
        max_length=200,
        help_text=_("It is added to each question that does not have it."),
        widget=forms.TextInput(attrs={"placeholder": "#BrandChat", "autocapitalize": "off"}),
    )
    starts_at = forms.CharField(
        label=_("Begins"), required=False, widget=forms.TextInput(attrs={"type": "datetime-local"})
    )
    minutes = forms.IntegerField(
        label=_("Length in minutes"),
        required=False,
        widget=forms.NumberInput(attrs={"min": 5, "max": 1440}),
    )
    zone = forms.ChoiceField(label=_("Time zone"), required=False)

    def __init__(
        self, workspace: Workspace, *args: Any, begun: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.channels = {str(row.pk): row for row in channels_of(workspace)}
        choices = [(pk, f"{row.name} ({row.address})") for pk, row in self.channels.items()]
        self._choose("channel", choices)
        self._choose("zone", [(name, name) for name in sorted(zones())])
        for name, one in self.fields.items():
            one.disabled = begun and name in FIXED
            # What is needed is for the services to say, with everything else that is wrong.
            one.fallback = True  # type: ignore[attr-defined]

    def _choose(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        found: Any = self.fields[name]
        found.choices = choices

    def given(self) -> dict[str, Any]:
        """As the services take it; only when it is valid, and without what may not change."""
        data = self.cleaned_data
        zone = ZoneInfo(data["zone"]) if data["zone"] else ZoneInfo("UTC")
        found = {
            "title": data["title"],
            "channel": self.channels.get(data["channel"]),
            "hashtag": data["hashtag"],
            "starts_at": _moment(data["starts_at"], zone),
            "minutes": data["minutes"],
            "zone": data["zone"],
        }
        return {name: value for name, value in found.items() if not self.fields[name].disabled}

    def place(self, error: ValidationError, rows: Sequence[Row]) -> None:
        """Put a service's errors beside the fields they are about, the others on top."""
        messages = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for name, words in messages.items():
            first, _dot, rest = name.partition(".")
            place, _dot, part = rest.partition(".")
            if first == "questions" and place.isdigit() and int(place) < len(rows):
                setattr(rows[int(place)], f"{part}_errors", words)
            else:
                self.add_error(name if name in self.fields else None, words)


def _moment(typed: str, zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=zone)
    except ValueError:
        return None


def initial_of(chat: HashtagChat, **days: int) -> dict[str, Any]:
    """The form's values of a chat, or of one so much later."""
    return {
        "title": chat.title,
        "channel": str(chat.channel_id),
        "hashtag": f"#{chat.hashtag}",
        "starts_at": (chat.local_start + timedelta(**days)).strftime(WHEN),
        "minutes": chat.minutes,
        "zone": chat.zone,
    }


def blank(workspace: Workspace) -> dict[str, Any]:
    """The values a new chat begins with: the next full hour but one, for an hour."""
    zone = workspace.timezone if workspace.timezone in zones() else "UTC"
    now = timezone.now().astimezone(ZoneInfo(zone))
    start = now.replace(minute=0, second=0) + timedelta(hours=2)
    return {"starts_at": start.strftime(WHEN), "minutes": 60, "zone": zone}


def rows_of(questions: Iterable[HashtagQuestion], *, waiting: bool = False) -> list[Row]:
    """The rows of a chat's questions, all or those that wait."""
    return [
        Row(one.text, str(one.minute))
        for one in questions
        if not waiting or one.state == QuestionState.WAITING
    ]


def typed_rows(data: QueryDict) -> list[Row]:
    """What was typed; rows that were left empty are none."""
    texts, minutes = data.getlist("question_text")[:MOST], data.getlist("question_minute")[:MOST]
    minutes += [""] * (len(texts) - len(minutes))
    rows = [Row(text, minute) for text, minute in zip(texts, minutes, strict=False)]
    return [row for row in rows if row.text.strip() or row.minute.strip()]


def measure(rows: Sequence[Row], form: ChatForm) -> None:
    """Say how long each question is on the account that is chosen."""
    values: Mapping[str, Any] = form.data if form.is_bound else form.initial
    chosen = str(form["channel"].value() or "") or next(iter(form.channels), "")
    channel = form.channels.get(chosen)
    if channel is not None:
        for row in rows:
            row.size = weigh(channel, row.text, str(values.get("hashtag", "")))
