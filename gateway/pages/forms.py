"""Forms of the channel pages; a channel's fields come from its adapter."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.addresses import InvalidAddress, normalize
from gateway.channels import MAX_RATE, public_config, secrets_set
from gateway.contract import Adapter, ConfigField
from gateway.models import Channel
from gateway.registry import adapter_class

PREFIX = "config_"
FORGET = "forget_"


class ChannelForm(forms.Form):
    """Name, rate and the adapter's own settings; secrets are never shown, blank keeps them."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("What your team calls it, for example “Support SMS”."),
    )

    def __init__(
        self, *args: Any, adapter: type[Adapter], channel: Channel | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        kept = secrets_set(channel) if channel else set()
        for field in adapter.fields:
            self.fields[PREFIX + field.name] = _form_field(field, kept=field.name in kept)
            if field.name in kept and not field.required:
                self.fields[FORGET + field.name] = forms.BooleanField(
                    label=_("Remove the saved value"), required=False
                )
        self.fields["rate_per_second"] = forms.FloatField(
            label=_("Messages per second"),
            min_value=0.01,
            max_value=MAX_RATE,
            initial=10,
            help_text=_("How fast the provider lets this sender send; long texts count as more."),
        )

    @classmethod
    def of(cls, channel: Channel) -> "ChannelForm":
        """Filled with what is saved."""
        config = {PREFIX + name: value for name, value in public_config(channel).items()}
        initial = {"name": channel.name, "rate_per_second": channel.rate_per_second, **config}
        return cls(adapter=adapter_class(channel.kind), channel=channel, initial=initial)

    def config(self) -> dict[str, str]:
        """The adapter's settings as typed; clean only."""
        return {
            name.removeprefix(PREFIX): value
            for name, value in self.cleaned_data.items()
            if name.startswith(PREFIX)
        }

    def forgotten(self) -> list[str]:
        """Names of the optional secrets to remove; clean only."""
        return [
            name.removeprefix(FORGET)
            for name, value in self.cleaned_data.items()
            if name.startswith(FORGET) and value
        ]

    def add_refusal(self, error: ValidationError) -> None:
        """Put a service's errors beside the fields they are about."""
        by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for name, messages in by_field.items():
            known = [field for field in (name, PREFIX + name) if field in self.fields]
            for message in messages:
                self.add_error(known[0] if known else None, message)


def _form_field(field: ConfigField, *, kept: bool) -> forms.Field:
    if field.choices:
        return forms.ChoiceField(
            label=field.label,
            help_text=field.help,
            required=field.required,
            choices=list(field.choices),
        )
    # What was typed stays when the form comes back with an error; what is saved never gets here.
    widget: forms.Widget = forms.TextInput()
    if field.secret:
        widget = forms.PasswordInput(render_value=True)
    elif field.phone:
        widget = forms.TextInput(attrs={"type": "tel"})
    placeholder = gettext("Saved; leave empty to keep it") if kept else field.placeholder
    widget.attrs |= {"autocomplete": "off", "spellcheck": "false", "placeholder": placeholder}
    return forms.CharField(
        label=field.label,
        help_text=field.help,
        required=field.required and not kept,
        widget=widget,
        max_length=field.max_length,
    )


class TestMessageForm(forms.Form):
    """To whom, and what."""

    __test__ = False  # no test case, whatever pytest thinks

    to = forms.CharField(label=_("To"), max_length=320)
    text = forms.CharField(label=_("Text"), max_length=320)

    def __init__(self, *args: Any, adapter: type[Adapter], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.adapter = adapter
        self.fields["text"].initial = gettext("A test message. It works!")
        if adapter.address_kind == "phone":
            self.fields["to"].widget = forms.TextInput(
                {"type": "tel", "placeholder": "+14155550100", "autocomplete": "tel"}
            )

    def clean_to(self) -> str:
        """The address in its normal form."""
        try:
            return normalize(self.adapter.address_kind, self.cleaned_data["to"])
        except InvalidAddress as error:
            raise ValidationError(str(error)) from error


class LogFilterForm(forms.Form):
    """What to show of the channel log. What makes no sense is ignored."""

    RESULTS = [("", _("All results")), ("ok", _("Succeeded")), ("failed", _("Failed"))]
    KINDS = [
        ("", _("Everything")),
        ("send", _("Sending")),
        ("check", _("Checks")),
        ("find", _("Questions about unclear sends")),
    ]

    channel = forms.UUIDField(required=False)
    result = forms.ChoiceField(choices=RESULTS, required=False)
    kind = forms.ChoiceField(choices=KINDS, required=False)
    delivery = forms.UUIDField(required=False)

    def chosen(self) -> dict[str, Any]:
        """Only the filters that are set and make sense."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
