"""The form about what takes over when a message does not arrive."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from gateway.fallback.model import Success
from gateway.fallback.policy import LONGEST_S, SHORTEST_S
from gateway.models import Channel
from gateway.registry import UnknownKind, adapter_class, capabilities_of


class FallbackForm(forms.Form):
    """Which channel, after how long, and what counts as having arrived."""

    channel = forms.ModelChoiceField(
        label=_("Other channel"),
        queryset=Channel.objects.none(),
        required=False,
        empty_label=_("None: a message that does not arrive stays so"),
    )
    after_s = forms.IntegerField(
        label=_("Wait, in seconds"),
        min_value=SHORTEST_S,
        max_value=LONGEST_S,
        help_text=_("From when the provider took the message."),
    )
    success = forms.ChoiceField(
        label=_("It has arrived when it is"),
        help_text=_("With “Sent”, only what cannot be sent at all goes through the other channel."),
    )

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ModelChoiceField[Channel]", self.fields["channel"]).queryset = others(channel)
        reads = adapter_class(channel.kind).capabilities.read_receipts
        possible = [one for one in Success.choices if reads or one[0] != Success.READ]
        cast(forms.ChoiceField, self.fields["success"]).choices = possible


def others(channel: Channel) -> Any:
    """The channels that reach people at the same kind of address."""
    kinds = [
        row.pk
        for row in Channel.objects.in_workspace(channel.workspace_id).exclude(pk=channel.pk)
        if _address_kind(row) == _address_kind(channel)
    ]
    return Channel.objects.filter(pk__in=kinds).order_by("name", "id")


def _address_kind(channel: Channel) -> str | None:
    try:
        return adapter_class(channel.kind).address_kind
    except UnknownKind:
        return None


def fallback_form(channel: Channel, data: Any = None) -> FallbackForm | None:
    """Filled with what is saved; None where there is no channel to choose, or none may be."""
    if capabilities_of(channel).falls_back or not others(channel).exists():
        return None
    initial = {
        "channel": channel.fallback_channel_id,
        "after_s": channel.fallback_after_s,
        "success": channel.fallback_success,
    }
    return FallbackForm(data, channel=channel, initial=initial)
