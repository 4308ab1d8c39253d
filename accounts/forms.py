"""Forms of the account pages."""

from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import notices
from accounts.models import Language, User


class ResetPasswordForm(allauth_forms.ResetPasswordForm):  # type: ignore[misc]
    """Asks for the address; whether anybody has it is never looked up while the asker waits."""

    def clean_email(self) -> str:
        """The address as typed, in lower case."""
        return str(self.cleaned_data["email"]).lower()

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Let a worker mail the link."""
        email: str = self.cleaned_data["email"]
        notices.mail_reset(email)
        return email


class PreferencesForm(forms.Form):
    """A person's own name and language; what is not posted stays."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices, required=False)

    def clean_name(self) -> str:
        """A name that is posted may not be blank."""
        name: str = self.cleaned_data["name"]
        if "name" in self.data and not name:
            raise forms.ValidationError(_("Please enter your name."))
        return name

    @classmethod
    def of(cls, user: User, language: str) -> "PreferencesForm":
        """Filled with what is."""
        return cls(initial={"name": user.name, "language": user.language or language})
