"""Forms of the admin's pages; services check, these only read."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.members import workspace_members
from accounts.models import Member, Team, Workspace


def add_service_errors(form: forms.Form, error: ValidationError) -> None:
    """Put a service's errors beside the fields they are about, the others on top."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, messages in error.message_dict.items():
        for message in messages:
            form.add_error(name if name in form.fields else None, message)


class MembersField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Ticks for members, by the person's name."""

    def label_from_instance(self, obj: Any) -> str:
        """The person's name."""
        return str(obj.name)


class TeamForm(forms.Form):
    """A team's name and members."""

    name = forms.CharField(label=_("Name"), max_length=100)
    members = MembersField(
        label=_("Members"),
        queryset=Member.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["members"]
        assert isinstance(field, MembersField)  # noqa: S101 - declared above
        field.queryset = workspace_members(workspace)

    @classmethod
    def of(cls, team: Team) -> "TeamForm":
        """Filled with what is."""
        initial = {"name": team.name, "members": team.members.all()}
        return cls(workspace=team.workspace, initial=initial)


class TokenForm(forms.Form):
    """What a token is for."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("What it is for, for example “Web shop”."),
    )
