"""What the inbox's actions are given, cleaned."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.models import Status

VOICES = ("reply", "approve", "suggest")


class UuidsField(forms.Field):
    """UUIDs from a repeated field, each once, in their order."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[UUID]:
        """ValidationError when one is none."""
        try:
            return list(dict.fromkeys(UUID(one) for one in value or ()))
        except ValueError as error:
            raise forms.ValidationError(_("There is no such file.")) from error


class TextsField(UuidsField):
    """Texts from a repeated field, each once, in their order."""

    def clean(self, value: Any) -> list[Any]:
        """Without the empty ones."""
        return list(dict.fromkeys(filter(None, (one.strip() for one in value or ()))))


class BesideForm(forms.Form):
    """What is answered: ``quotes`` is the id of a message; ``cc`` (repeated) and ``subject`` are a
    mail's.

    Without ``head`` nothing is said of the mail's head.
    """

    quotes = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    head = forms.BooleanField(required=False)
    cc = TextsField(required=False)
    subject = forms.CharField(required=False, max_length=2_000)


class ComposeForm(BesideForm):
    """A reply or a note. ``seen`` is the newest message the writer saw when the draft began.

    ``sure`` set: they have seen what came since and send all the same. ``file`` (repeated) are the
    ids of files that go with it. ``content`` is rich content as JSON, text and files included.
    ``voice``: in public, whether it is an answer, one that a colleague approves, or a suggestion.
    """

    text = forms.CharField(required=False, strip=False, max_length=20_000)
    uid = forms.UUIDField()
    note = forms.BooleanField(required=False)
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
    sure = forms.BooleanField(required=False)
    file = UuidsField(required=False)
    content = forms.CharField(required=False, strip=False)
    voice = forms.ChoiceField(choices=[(one, one) for one in VOICES], required=False)


class DraftForm(BesideForm):
    """What has been typed so far; empty removes the draft."""

    text = forms.CharField(required=False, strip=False, max_length=10_000)
    note = forms.BooleanField(required=False)


class AnswerOnForm(forms.Form):
    """Another conversation of the contact, or a channel and an address (ids) to begin one with.

    ``text`` is what has been typed so far.
    """

    conversation = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    channel = forms.UUIDField(required=False)
    address = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    text = forms.CharField(required=False, strip=False, max_length=10_000)


class ReactionForm(forms.Form):
    """An emoji, or nothing to take it back."""

    emoji = forms.CharField(required=False, max_length=32)


class AssignForm(forms.Form):
    """A member's id, or nothing for the queue."""

    member = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class StatusForm(forms.Form):
    """A status, with a time for ``snoozed``."""

    status = forms.ChoiceField(choices=Status.choices)
    until = forms.CharField(required=False, max_length=40)

    def clean(self) -> dict[str, Any]:
        """``until`` becomes an aware time; without a zone it is one of the workspace's zone."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("status") != Status.SNOOZED:
            return cleaned
        try:
            until = datetime.fromisoformat(cleaned.get("until") or "")
        except ValueError:
            self.add_error("until", _("Choose a day and a time."))
            return cleaned
        cleaned["until"] = timezone.make_aware(until) if timezone.is_naive(until) else until
        return cleaned


class LabelsForm(forms.Form):
    """The names or ids of all labels the conversation shall have."""

    labels = forms.TypedMultipleChoiceField(coerce=int, required=False)

    def __init__(self, data: Any, *, known: dict[int, str]) -> None:
        super().__init__(data)
        self.fields["labels"].choices = list(known.items())  # type: ignore[attr-defined]


class PriorityForm(forms.Form):
    """How urgent."""

    priority = forms.IntegerField(min_value=0, max_value=3)


class TeamForm(forms.Form):
    """A team's id, or nothing."""

    team = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
