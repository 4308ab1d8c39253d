"""The API's contacts, labels and attribute definitions."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import record
from accounts.models import Member
from accounts.rest.problems import Conflict
from accounts.rest.views import WorkspaceViewSet
from accounts.roles import Ability
from contacts.api.serializers import (
    AttributeChange,
    AttributeSerializer,
    ContactQuery,
    ContactSerializer,
    LabelChange,
    LabelSerializer,
    MergeSerializer,
)
from contacts.attributes import create_definition, delete_definition, update_definition
from contacts.consent import opt_in, opt_out
from contacts.labels import create_label, delete_label, update_label
from contacts.models import Address, AttributeDefinition, Contact, Label
from contacts.selectors import find_contacts, media_of
from contacts.services import create_contact, merge_contacts, update_contact
from gateway.addresses import ALIASES, KINDS, PHONE, InvalidAddress, normalize
from gateway.models import Suppression


class ContactViewSet(WorkspaceViewSet):
    """The people who write to us."""

    queryset = Contact.objects.prefetch_related("addresses", "labels")
    serializer_class = ContactSerializer
    query_serializer = ContactQuery
    read_ability = write_ability = Ability.CONTACTS

    @extend_schema(parameters=[ContactQuery])
    def list(self, request: Request) -> Response:
        """All contacts, the newest first."""
        query = self.query()
        rows = find_contacts(self.workspace, search=query.get("search", ""))
        if "address" in query:
            rows = rows.filter(addresses__in=_with_value(self.workspace.pk, query["address"]))
        if "label" in query:
            labels = Label.objects.filter(contacts=OuterRef("pk"), name__iexact=query["label"])
            rows = rows.filter(Exists(labels))
        return self.page(rows.prefetch_related("addresses", "labels"))

    def retrieve(self, request: Request, pk: int) -> Response:
        """One contact."""
        return Response(self.shown(self.get_object()))

    def create(self, request: Request) -> Response:
        """A new contact with its addresses."""
        fields = self.checked(ContactSerializer)
        if not fields.get("name") and not fields.get("addresses"):
            raise ValidationError({"name": [_("Give a name or an address.")]})
        with transaction.atomic():
            addresses = fields.pop("addresses", [])
            contact = create_contact(
                workspace=self.workspace,
                member=self.member,
                fields=fields,
                addresses=_pairs(addresses),
            )
            _set_consent(contact, addresses, self.member)
        return Response(self._again(contact), status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: int) -> Response:
        """Change what is named."""
        contact = self.get_object()
        fields = self.checked(ContactSerializer, partial=True)
        with transaction.atomic():
            addresses = fields.pop("addresses", None)
            update_contact(
                contact=contact,
                member=self.member,
                fields=fields,
                addresses=None if addresses is None else _pairs(addresses),
            )
            _set_consent(contact, addresses or [], self.member)
        return Response(self._again(contact))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a contact that has no conversations; 409 for one that has."""
        contact = self.get_object()
        try:
            with transaction.atomic():
                record(
                    workspace=self.workspace,
                    member=self.member,
                    action="contact.deleted",
                    target=contact,
                )
                contact.delete()
        except ProtectedError as error:
            message = _("This contact has conversations; block or merge it instead.")
            raise Conflict(message) from error
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=MergeSerializer, responses=ContactSerializer)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: int) -> Response:
        """Give this contact all that another has; the other is gone after that."""
        contact = self.get_object()
        other = self.checked(MergeSerializer)["other"]
        merge_contacts(keep=contact, other=other, member=self.member)
        return Response(self._again(contact))

    def shown(self, instance: Any, *, many: bool = False, **context: Any) -> Any:
        """With who has opted out, looked up for all rows in one statement."""
        contacts = instance if many else [instance]
        opted_out = opted_out_addresses(self.workspace.pk, contacts)
        return super().shown(instance, many=many, opted_out=opted_out, **context)

    def _again(self, contact: Contact) -> Any:
        return self.shown(self.rows().get(pk=contact.pk))


def opted_out_addresses(workspace_id: int, contacts: Iterable[Contact]) -> set[tuple[str, str]]:
    """The (kind, value) of these contacts' addresses that want no marketing; one statement."""
    addresses = [address for contact in contacts for address in contact.addresses.all()]
    listed = set(
        Suppression.objects.filter(
            workspace=workspace_id,
            reason=Suppression.Reason.OPTED_OUT,
            address__in=[address.value for address in addresses],
        ).values_list("medium", "address")
    )
    return {
        (address.kind, address.value)
        for address in addresses
        if any((medium, address.value) in listed for medium in media_of(address.kind))
    }


def _pairs(addresses: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(address["kind"], address["value"]) for address in addresses]


def _set_consent(contact: Contact, addresses: Iterable[dict[str, Any]], member: Member) -> None:
    """Record what the caller says about marketing, where it differs from what is."""
    wanted = [address for address in addresses if "opted_out" in address]
    if not wanted:
        return
    region = Contact.objects.values_list("country", flat=True).get(pk=contact.pk) or None
    rows = {(row.kind, row.value): row for row in Address.objects.filter(contact=contact)}
    held = Contact.objects.prefetch_related("addresses").get(pk=contact.pk)
    opted_out = opted_out_addresses(contact.workspace_id, [held])
    for address in wanted:
        kind = ALIASES.get(address["kind"], address["kind"])
        key = (kind, normalize(kind, address["value"], region=region))
        if address["opted_out"] != (key in opted_out):
            change = opt_out if address["opted_out"] else opt_in
            for medium in media_of(kind):
                change(address=rows[key], medium=medium, source="api", member=member)


def _with_value(workspace_id: int, value: str) -> QuerySet[Address]:
    """Addresses with this value, whatever their kind; a plus sign lost in the URL is put back."""
    values = set()
    for kind in KINDS:
        for spelling in (value, f"+{value.strip()}" if kind == PHONE else value):
            try:
                values.add(normalize(kind, spelling))
            except InvalidAddress:
                continue
    return Address.objects.filter(workspace=workspace_id, value__in=values)


class LabelViewSet(WorkspaceViewSet):
    """Coloured words on contacts and conversations."""

    queryset = Label.objects.all()
    serializer_class = LabelSerializer
    write_ability = Ability.CONTACTS

    def list(self, request: Request) -> Response:
        """All labels, the newest first."""
        self.query()
        return self.page(self.rows())

    def retrieve(self, request: Request, pk: int) -> Response:
        """One label."""
        return Response(self.shown(self.get_object()))

    def create(self, request: Request) -> Response:
        """A new label."""
        fields = self.checked(LabelSerializer)
        label = create_label(workspace=self.workspace, member=self.member, **fields)
        return Response(self.shown(label), status=status.HTTP_201_CREATED)

    @extend_schema(request=LabelChange)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Rename or recolour."""
        label = self.get_object()
        fields = {"name": label.name, "color": label.color} | self.checked(LabelChange)
        update_label(label=label, member=self.member, **fields)
        return Response(self.shown(label))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Remove a label from everything that carries it."""
        delete_label(label=self.get_object(), member=self.member)
        return Response(status=status.HTTP_204_NO_CONTENT)


class AttributeViewSet(WorkspaceViewSet):
    """The custom attributes that contacts may carry."""

    queryset = AttributeDefinition.objects.all()
    serializer_class = AttributeSerializer
    read_ability = Ability.CONTACTS
    write_ability = Ability.SETTINGS

    def list(self, request: Request) -> Response:
        """All attribute definitions, the newest first."""
        self.query()
        return self.page(self.rows())

    def retrieve(self, request: Request, pk: int) -> Response:
        """One attribute definition."""
        return Response(self.shown(self.get_object()))

    def create(self, request: Request) -> Response:
        """Declare an attribute."""
        fields = self.checked(AttributeSerializer)
        row = create_definition(workspace=self.workspace, member=self.member, **fields)
        return Response(self.shown(row), status=status.HTTP_201_CREATED)

    @extend_schema(request=AttributeChange)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change the shown name or the choices."""
        row = self.get_object()
        fields = {"name": row.name, "choices": row.choices} | self.checked(AttributeChange)
        return Response(self.shown(update_definition(definition=row, member=self.member, **fields)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Remove an attribute and its values."""
        delete_definition(definition=self.get_object(), member=self.member)
        return Response(status=status.HTTP_204_NO_CONTENT)
