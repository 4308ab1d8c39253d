"""Forms of the channel pages; a channel's fields come from its adapter."""

from typing import TYPE_CHECKING, Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.addresses import InvalidAddress, normalize
from gateway.channels import MAX_RATE, longest, public_config, secrets_set
from gateway.contract import Adapter, ConfigField
from gateway.models import Channel
from gateway.registry import adapter_class

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

PREFIX = "config_"
FORGET = "forget_"


class Section(NamedTuple):
    """Fields that stand together; without a title where the adapter names none."""

    title: "str | _StrPromise"
    fields: list[forms.BoundField]


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
            self.fields[PREFIX + field.name] = ConfigFormField(
                field, kept=field.name in kept, new=channel is None
            )
            if field.name in kept and not field.required:
                forget = forms.BooleanField(label=_("Remove the saved value"), required=False)
                forget.group = field.group  # type: ignore[attr-defined]
                forget.when = _when(field)  # type: ignore[attr-defined]
                self.fields[FORGET + field.name] = forget
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

    def sections(self) -> list[Section]:
        """The fields by the groups the adapter puts them in, in its order."""
        found: list[Section] = []
        for bound in self:
            title = getattr(bound.field, "group", "")
            if not found or str(found[-1].title) != str(title):
                found.append(Section(title, []))
            found[-1].fields.append(bound)
        return found

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


class ConfigFormField(forms.CharField):
    """A setting of the adapter's; ``group`` is where it stands, ``wide`` that it needs the room.

    ``fallback``: what counts when it is left empty. In a ``new`` channel, what is generated may be.
    ``when``: the form's field whose value decides whether it is shown, and those values.
    """

    def __init__(self, setting: ConfigField, *, kept: bool, new: bool = False) -> None:
        super().__init__(
            label=setting.label,
            help_text=setting.help,
            required=setting.required
            and not (kept or setting.default or (setting.generated and new)),
            widget=_widget(setting, kept=kept),
            max_length=longest(setting),
            initial=setting.default,
        )
        self.group = setting.group
        self.fallback = setting.default
        self.wide = setting.multiline or setting.url
        self.when = _when(setting)
        self.needed = setting.needed and not kept


def _when(setting: ConfigField) -> tuple[str, str] | None:
    if setting.when is None:
        return None
    name, values = setting.when
    return f"id_{PREFIX}{name}", " ".join(values)


def _widget(field: ConfigField, *, kept: bool) -> forms.Widget:
    # What was typed stays when the form comes back with an error; what is saved never gets here.
    if field.choices:
        return forms.Select(choices=field.choices)
    widget: forms.Widget = forms.TextInput()
    if field.secret:  # hidden also where it has lines, as a key file; pasted, it loses their ends
        widget = forms.PasswordInput(render_value=True)
    elif field.multiline:
        widget = forms.Textarea(attrs={"rows": 4, "class": "mono"})
    elif field.phone:
        widget = forms.TextInput(attrs={"type": "tel"})
    placeholder = gettext("Saved; leave empty to keep it") if kept else field.placeholder
    widget.attrs |= {"autocomplete": "off", "spellcheck": "false", "placeholder": placeholder}
    return widget


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
        ("reach", _("Questions about whom it reaches")),
        ("revoke", _("Withdrawals")),
        ("media", _("Files that were not fetched")),
        ("signal", _("Typing and read signs")),
        ("templates", _("Templates")),
    ]

    channel = forms.UUIDField(required=False)
    result = forms.ChoiceField(choices=RESULTS, required=False)
    kind = forms.ChoiceField(choices=KINDS, required=False)
    delivery = forms.UUIDField(required=False)

    def chosen(self) -> dict[str, Any]:
        """Only the filters that are set and make sense."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
