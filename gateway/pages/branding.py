"""The brand that customers see on a channel."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from gateway import channels as services
from gateway.branding import LOGO_TYPES, NAME_LIMIT, brand_of, clean_color
from gateway.media.uploads import take_upload
from gateway.models import Channel


class BrandingForm(forms.Form):
    """Name, color and logo; no new file keeps the logo there is."""

    name = forms.CharField(
        label=gettext_lazy("Name that customers see"), required=False, max_length=NAME_LIMIT
    )
    color = forms.CharField(
        label=gettext_lazy("Color"),
        required=False,
        max_length=20,
        widget=forms.TextInput(
            {"placeholder": "#1A73E8", "spellcheck": "false", "autocomplete": "off"}
        ),
    )
    file = forms.FileField(
        label=gettext_lazy("Logo"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput({"accept": ",".join(sorted(LOGO_TYPES))}),
        help_text=gettext_lazy(
            "A square picture of 224 × 224 pixels or more: PNG, JPEG or WebP, at most 1 MB. "
            "Phones cut it to a circle."
        ),
    )
    remove_logo = forms.BooleanField(label=gettext_lazy("Remove the logo"), required=False)

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if channel.brand_logo_id is None:
            del self.fields["remove_logo"]

    def clean_color(self) -> str:
        """Checked here, too, so that it is said together with the rest."""
        return clean_color(self.cleaned_data["color"])


def branding_context(channel: Channel, form: BrandingForm | None = None) -> dict[str, Any]:
    """What the card shows; the form filled with what is saved unless one is given."""
    initial = {"name": channel.brand_name, "color": channel.brand_color}
    shown = form or BrandingForm(channel=channel, initial=initial)
    return {"channel": channel, "branding_form": shown, "brand": brand_of(channel)}


@require(Ability.SETTINGS)
@require_POST
def change_branding(request: MemberRequest, channel_id: uuid.UUID) -> HttpResponse:
    """Save it, or show what is wrong."""
    channel = get_scoped(Channel, request.member.workspace_id, pk=channel_id)
    form = BrandingForm(request.POST, request.FILES, channel=channel)
    if form.is_valid() and _saved(request, channel, form):
        messages.success(request, _("Saved."))
        return redirect("settings-channel", channel.pk)
    context = branding_context(channel, form)
    return render(request, "settings/channels/branding.html", context, status=422)


def _saved(request: MemberRequest, channel: Channel, form: BrandingForm) -> bool:
    chosen = form.cleaned_data
    given: dict[str, Any] = {"name": chosen["name"], "color": chosen["color"]}
    try:
        if request.FILES or getattr(request, "upload_too_large", False):
            row = take_upload(request, workspace_id=request.member.workspace_id)
            given["logo"] = row.uid
        elif chosen.get("remove_logo"):
            given["logo"] = None
        services.update_channel(channel=channel, member=request.member, branding=given)
    except ValidationError as error:
        for name, words in error.message_dict.items():
            field = name.removeprefix("branding.")
            form.add_error("file" if field == "logo" else field, words)
        return False
    return True
