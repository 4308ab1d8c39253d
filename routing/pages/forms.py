"""Forms of the members' pages; services check, these only read."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Language, Member, Role, Team, Workspace
from routing.presence import MAX_CAPACITY


class PlaceForm(forms.Form):
    """A member's role, capacity and teams."""

    role = forms.ChoiceField(
        label=_("Role"), choices=Role.choices, initial=Role.AGENT, widget=forms.RadioSelect
    )
    capacity = forms.IntegerField(
        label=_("Capacity"),
        min_value=0,
        max_value=MAX_CAPACITY,
        initial=10,
        help_text=_(
            "How many open conversations they are given at once. 0: none by themselves; "
            "they can still take some by hand."
        ),
    )
    teams = forms.ModelMultipleChoiceField(
        label=_("Teams"),
        queryset=Team.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["teams"]
        assert isinstance(field, forms.ModelMultipleChoiceField)  # noqa: S101 - declared above
        field.queryset = Team.objects.in_workspace(workspace).order_by("name")

    @classmethod
    def of(cls, member: Member, capacity: int) -> "PlaceForm":
        """Filled with what is."""
        initial = {"role": member.role, "capacity": capacity, "teams": member.teams.all()}
        return cls(workspace=member.workspace, initial=initial)


class InviteForm(PlaceForm):
    """A new member, too: who it is."""

    name = forms.CharField(label=_("Name"), max_length=200)
    email = forms.EmailField(label=_("E-mail address"))
    language = forms.ChoiceField(
        label=_("Language"),
        choices=Language.choices,
        help_text=_("Of the invitation and the pages; they can change it."),
    )
    field_order = ["name", "email", "language", "role", "capacity", "teams"]
