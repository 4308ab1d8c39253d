"""What messages of a channel cost."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from gateway.models import Channel
from gateway.prices.reading import as_lines, read_lines
from gateway.prices.selectors import price_table
from gateway.prices.services import has_prices, set_prices
from gateway.registry import adapter_class


class PriceForm(forms.Form):
    """A currency, and a country and its price a line."""

    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        max_length=3,
        required=False,
        help_text=gettext_lazy("Three letters, like USD or EUR."),
        widget=forms.TextInput({"placeholder": "USD", "autocomplete": "off", "size": 5}),
    )
    prices = forms.CharField(
        label=gettext_lazy("Prices"),
        max_length=8_000,
        required=False,
        help_text=gettext_lazy(
            "A country and a price a line; * is for all others. Lines may be pasted from a "
            "spreadsheet. Empty: no cost is shown."
        ),
        widget=forms.Textarea(
            {"rows": 5, "class": "mono", "spellcheck": "false", "placeholder": "ES 0.0750\n* 0.10"}
        ),
    )

    def clean_prices(self) -> Any:
        """Prices by country; errors name the line."""
        try:
            return read_lines(self.cleaned_data["prices"])
        except ValidationError as error:
            raise ValidationError(error.message_dict["prices"]) from error


def price_form(channel: Channel, data: Any = None) -> PriceForm | None:
    """Filled with what is saved; None for a channel without prices by country."""
    if not has_prices(channel):
        return None
    table = price_table(channel)
    saved = {"currency": table.currency, "prices": as_lines(table.prices)} if table else {}
    return PriceForm(data, initial=saved)


@require(Ability.SETTINGS)
@require_POST
def change_prices(request: MemberRequest, channel_id: uuid.UUID) -> HttpResponse:
    """Replace the table, or show what is wrong with it."""
    channel = get_scoped(Channel, request.member.workspace_id, pk=channel_id)
    form = price_form(channel, request.POST)
    if form is None:
        raise Http404
    if form.is_valid() and _saved(request, channel, form):
        messages.success(request, _("Saved."))
        return redirect("settings-channel", channel.pk)
    by_message = not adapter_class(channel.kind).capabilities.segments
    context = {"channel": channel, "price_form": form, "prices_by_message": by_message}
    return render(request, "settings/channels/prices.html", context, status=422)


def _saved(request: MemberRequest, channel: Channel, form: PriceForm) -> bool:
    try:
        set_prices(channel=channel, member=request.member, **form.cleaned_data)
    except ValidationError as error:
        for name, words in error.message_dict.items():
            form.add_error(name, words)
        return False
    return True
