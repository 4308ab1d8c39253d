"""The contact list, a contact's own page, and what can be done there."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from contacts import selectors, services
from contacts.attributes import definitions
from contacts.consent import opt_in, opt_out
from contacts.fields import countries, languages, reader_language
from contacts.models import Address, Contact, Segment
from contacts.pages.forms import (
    KINDS,
    AddressRow,
    ContactForm,
    address_pairs,
    address_rows,
    place_errors,
)


@require(Ability.CONTACTS)
@require_GET
def contact_list(request: MemberRequest) -> HttpResponse:
    """Search, segment and pages by cursor."""
    workspace = request.member.workspace
    segments = list(Segment.objects.in_workspace(workspace).order_by("name")[:200])
    chosen = next((s for s in segments if str(s.pk) == request.GET.get("segment")), None)
    search = request.GET.get("q", "")
    context: dict[str, Any] = {"segments": segments, "chosen": chosen, "search": search}
    try:
        rows = selectors.find_contacts(workspace, search=search, segment=chosen)
    except ValidationError:
        context |= {"broken": True, "page": selectors.Page([], None, None)}
    else:
        context["page"] = selectors.page_of(
            rows,
            before=_cursor(request.GET.get("before")),
            after=_cursor(request.GET.get("after")),
        )
    return render(request, "contacts/list.html", context)


@require(Ability.CONTACTS)
@require_GET
def contact_page(request: MemberRequest, contact_id: int) -> HttpResponse:
    """All about one person."""
    contact = get_scoped(Contact, request.member.workspace_id, pk=contact_id)
    shown = reader_language()
    conversations = contact.conversations.select_related("channel", "assignee__user")
    context = {
        "contact": contact,
        "country": countries(shown).get(contact.country, contact.country),
        "language": languages(shown).get(contact.language, contact.language),
        "labels": contact.labels.order_by("name"),
        "addresses": selectors.reach_of(contact),
        "attributes": selectors.shown_attributes(contact, definitions(contact.workspace_id)),
        "conversations": conversations.order_by("-last_message_at", "-id")[:20],
    }
    return render(request, "contacts/contact.html", context)


@require(Ability.CONTACTS)
@require_http_methods(["GET", "POST"])
def add_contact(request: MemberRequest) -> HttpResponse:
    """A new contact."""
    workspace = request.member.workspace
    if request.method == "GET":
        return _editor(request, ContactForm(workspace=workspace), [AddressRow()])
    form = ContactForm(request.POST, workspace=workspace)
    errors: dict[str, list[str]] = {}
    if form.is_valid():
        try:
            contact = services.create_contact(
                workspace=workspace,
                member=request.member,
                fields=form.values(),
                addresses=address_pairs(request.POST),
            )
        except ValidationError as error:
            errors = _refuse(form, error)
        else:
            messages.success(request, _("The contact was added."))
            return redirect("contact", contact.pk)
    return _editor(request, form, address_rows(request.POST, errors))


@require(Ability.CONTACTS)
@require_http_methods(["GET", "POST"])
def edit_contact(request: MemberRequest, contact_id: int) -> HttpResponse:
    """Change a contact."""
    contact = get_scoped(Contact, request.member.workspace_id, pk=contact_id)
    if request.method == "GET":
        rows = [AddressRow(row.kind, row.value) for row in contact.addresses.order_by("id")]
        return _editor(request, ContactForm.of(contact), rows or [AddressRow()], contact)
    form = ContactForm(request.POST, workspace=contact.workspace)
    errors: dict[str, list[str]] = {}
    if form.is_valid():
        try:
            services.update_contact(
                contact=contact,
                member=request.member,
                fields=form.values(),
                addresses=address_pairs(request.POST),
            )
        except ValidationError as error:
            errors = _refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("contact", contact.pk)
    return _editor(request, form, address_rows(request.POST, errors), contact)


@require(Ability.CONTACTS)
@require_GET
def address_row(request: MemberRequest) -> HttpResponse:
    """One more line for the address editor."""
    context = {"row": AddressRow(), "kinds": KINDS}
    return render(request, "contacts/_address_row.html", context)


@require(Ability.CONTACTS)
@require_POST
def block_contact(request: MemberRequest, contact_id: int) -> HttpResponse:
    """Block or unblock."""
    contact = get_scoped(Contact, request.member.workspace_id, pk=contact_id)
    blocked = request.POST.get("blocked") == "1"
    services.set_blocked(contact=contact, member=request.member, blocked=blocked)
    text = _("Blocked: no campaign reaches this person.") if blocked else _("No longer blocked.")
    messages.success(request, text)
    return redirect("contact", contact.pk)


@require(Ability.CONTACTS)
@require_POST
def change_consent(request: MemberRequest, contact_id: int, address_id: int) -> HttpResponse:
    """Note that a person opted out or in, with their words."""
    address = get_scoped(Address, request.member.workspace_id, pk=address_id, contact_id=contact_id)
    medium = request.POST.get("medium", "")
    if medium not in selectors.media_of(address.kind):
        messages.error(request, _("Choose the kind of channel this is about."))
        return redirect("contact", contact_id)
    change = opt_in if request.POST.get("wanted") == "in" else opt_out
    change(
        address=address,
        medium=medium,
        source="agent",
        evidence=request.POST.get("evidence", "").replace("\x00", "").strip(),
        member=request.member,
    )
    messages.success(request, _("Noted."))
    return redirect("contact", contact_id)


@require(Ability.CONTACTS)
@require_http_methods(["GET", "POST"])
def merge_contact(request: MemberRequest, contact_id: int) -> HttpResponse:
    """Find the contact that is the same person, and make the two one."""
    workspace = request.member.workspace
    contact = get_scoped(Contact, workspace, pk=contact_id)
    if request.method == "POST":
        other = get_scoped(Contact, workspace, pk=request.POST.get("other"))
        services.merge_contacts(keep=contact, other=other, member=request.member)
        messages.success(request, _("The two contacts are one now."))
        return redirect("contact", contact.pk)
    search = request.GET.get("q", "")
    found = selectors.find_contacts(workspace, search=search).exclude(pk=contact.pk)
    context = {
        "contact": contact,
        "search": search,
        "found": found.prefetch_related("addresses").order_by("-id")[:10] if search else [],
    }
    return render(request, "contacts/merge.html", context)


def _cursor(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 19 else None


def _refuse(form: ContactForm, error: ValidationError) -> dict[str, list[str]]:
    """Errors beside their fields; those of single addresses are returned for their rows."""
    errors: dict[str, list[str]] = error.message_dict
    rows = {name: errors.pop(name) for name in list(errors) if name.startswith("addresses[")}
    place_errors(form, ValidationError(errors))
    return rows


def _editor(
    request: MemberRequest,
    form: ContactForm,
    rows: list[AddressRow],
    contact: Contact | None = None,
) -> HttpResponse:
    context = {"form": form, "rows": rows, "kinds": KINDS, "contact": contact}
    return render(
        request, "contacts/form.html", context, status=422 if request.method == "POST" else 200
    )
