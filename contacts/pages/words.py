"""Labels and attribute definitions: list, add, change, delete."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from contacts import attributes, labels
from contacts.models import AttributeDefinition, Label
from contacts.pages.forms import AttributeForm, LabelForm, place_errors


@require(Ability.CONTACTS)
@require_http_methods(["GET", "POST"])
def label_list(request: MemberRequest) -> HttpResponse:
    """All labels, and a form for one more."""
    form = LabelForm(request.POST or None, initial={"color": "blue"})
    if request.method == "POST" and form.is_valid():
        try:
            labels.create_label(
                workspace=request.member.workspace, member=request.member, **form.cleaned_data
            )
        except ValidationError as error:
            place_errors(form, error)
        else:
            messages.success(request, _("The label was added."))
            return redirect("labels")
    counted = Label.objects.in_workspace(request.member.workspace_id).annotate(
        count=Count("contacts")
    )
    status = 422 if form.errors else 200
    return render(
        request,
        "contacts/labels.html",
        {"form": form, "rows": counted.order_by("name")},
        status=status,
    )


@require(Ability.CONTACTS)
@require_http_methods(["GET", "POST"])
def edit_label(request: MemberRequest, label_id: int) -> HttpResponse:
    """Rename or recolour a label."""
    label = get_scoped(Label, request.member.workspace_id, pk=label_id)
    form = LabelForm(request.POST or None, initial={"name": label.name, "color": label.color})
    if request.method == "POST" and form.is_valid():
        try:
            labels.update_label(label=label, member=request.member, **form.cleaned_data)
        except ValidationError as error:
            place_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("labels")
    context = {"form": form, "label": label}
    return render(request, "contacts/label.html", context, status=422 if form.errors else 200)


@require(Ability.CONTACTS)
@require_POST
def delete_label(request: MemberRequest, label_id: int) -> HttpResponse:
    """Delete a label."""
    label = get_scoped(Label, request.member.workspace_id, pk=label_id)
    labels.delete_label(label=label, member=request.member)
    messages.success(request, _("The label was deleted."))
    return redirect("labels")


@require(Ability.CONTACTS)
@require_GET
def attribute_list(request: MemberRequest) -> HttpResponse:
    """All custom attributes."""
    rows = attributes.definitions(request.member.workspace_id).values()
    return render(request, "contacts/attributes.html", {"rows": rows})


@require(Ability.SETTINGS)
@require_http_methods(["GET", "POST"])
def add_attribute(request: MemberRequest) -> HttpResponse:
    """A new attribute."""
    form = AttributeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            attributes.create_definition(
                workspace=request.member.workspace,
                member=request.member,
                key=form.cleaned_data["key"],
                name=form.cleaned_data["name"],
                type=form.cleaned_data["type"],
                choices=form.words(),
            )
        except ValidationError as error:
            place_errors(form, error)
        else:
            messages.success(request, _("The attribute was added."))
            return redirect("attributes")
    status = 422 if form.errors else 200
    return render(request, "contacts/attribute.html", {"form": form}, status=status)


@require(Ability.SETTINGS)
@require_http_methods(["GET", "POST"])
def edit_attribute(request: MemberRequest, attribute_id: int) -> HttpResponse:
    """Change an attribute's name and choices."""
    definition = get_scoped(AttributeDefinition, request.member.workspace_id, pk=attribute_id)
    form = AttributeForm(request.POST or None, definition=definition)
    if request.method == "POST" and form.is_valid():
        try:
            attributes.update_definition(
                definition=definition,
                member=request.member,
                name=form.cleaned_data["name"],
                choices=form.words(),
            )
        except ValidationError as error:
            place_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("attributes")
    context = {"form": form, "definition": definition}
    return render(request, "contacts/attribute.html", context, status=422 if form.errors else 200)


@require(Ability.SETTINGS)
@require_POST
def delete_attribute(request: MemberRequest, attribute_id: int) -> HttpResponse:
    """Delete an attribute and its values."""
    definition = get_scoped(AttributeDefinition, request.member.workspace_id, pk=attribute_id)
    attributes.delete_definition(definition=definition, member=request.member)
    messages.success(request, _("The attribute was deleted."))
    return redirect("attributes")
