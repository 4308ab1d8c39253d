"""Contacts, labels, attribute definitions and segments as the API shows them."""

from typing import Any

from rest_framework import serializers

from accounts.rest.serializers import ScopedField, StrictSerializer
from contacts.labels import COLORS
from contacts.models import Address, AttributeType, Contact, Gender, Segment


class AddressSerializer(StrictSerializer):
    """One way to reach a contact.

    ``kind`` is phone or email; sms, mms, rcs, tel and mail are understood. ``opted_out``: wants no
    marketing there; setting it records the consent with source "api".
    """

    kind = serializers.CharField(max_length=16)
    value = serializers.CharField(max_length=320)
    opted_out = serializers.BooleanField(required=False)
    handle = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="By what people know an id (`@name`); its provider's word, not to be set.",
    )

    def to_representation(self, instance: Address) -> dict[str, Any]:
        """With the suppression that the view looked up for the whole page."""
        opted_out: set[tuple[str, str]] = self.context["opted_out"]
        return {
            "kind": instance.kind,
            "value": instance.value,
            "handle": instance.handle,
            "opted_out": (instance.kind, instance.value) in opted_out,
        }


class ContactSerializer(StrictSerializer):
    """A person. ``labels`` are names; ``attributes`` follow the attribute definitions.

    In a PATCH, ``addresses`` and ``labels`` replace all, ``attributes`` only those named (null
    removes one).
    """

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=200, allow_blank=True, required=False)
    language = serializers.CharField(
        max_length=8, allow_blank=True, required=False, help_text="ISO 639-1"
    )
    timezone = serializers.CharField(
        max_length=64, allow_blank=True, required=False, help_text="IANA name"
    )
    country = serializers.CharField(
        max_length=2, allow_blank=True, required=False, help_text="ISO 3166-1 alpha-2"
    )
    gender = serializers.ChoiceField(choices=Gender.choices, allow_blank=True, required=False)
    birth_date = serializers.DateField(allow_null=True, required=False)
    attributes = serializers.DictField(required=False)
    addresses = AddressSerializer(many=True, required=False)
    labels = serializers.ListField(child=serializers.CharField(max_length=60), required=False)
    blocked = serializers.BooleanField(required=False)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: Contact) -> dict[str, Any]:
        """Labels by name; needs addresses and labels prefetched."""
        shown = dict(super().to_representation(_Flat(instance)))
        shown["labels"] = [label.name for label in instance.labels.all()]
        return shown


class _Flat:
    """A contact whose related rows are lists, as the serializer iterates them."""

    def __init__(self, contact: Contact) -> None:
        self._contact = contact
        self.labels: list[str] = []
        self.addresses = list(contact.addresses.all())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._contact, name)


class ContactQuery(serializers.Serializer[Contact]):
    """Filters of the list of contacts."""

    search = serializers.CharField(
        max_length=200, required=False, help_text="Part of a name or an address."
    )
    address = serializers.CharField(
        max_length=320, required=False, help_text="Exactly this phone number or mailbox."
    )
    label = serializers.CharField(  # type: ignore[assignment]
        max_length=60, required=False, help_text="A label's name."
    )


class MergeSerializer(StrictSerializer):
    """The contact that is merged into the one in the URL, and is gone after that."""

    other = ScopedField(Contact)


class LabelSerializer(StrictSerializer):
    """A coloured word on contacts and conversations."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=60)
    color = serializers.ChoiceField(choices=COLORS, default="grey")


class AttributeSerializer(StrictSerializer):
    """A custom attribute of contacts. ``choices`` belong to the type choice."""

    id = serializers.IntegerField(read_only=True)
    key = serializers.CharField(max_length=60)
    name = serializers.CharField(max_length=100)
    type = serializers.ChoiceField(choices=AttributeType.choices)
    choices = serializers.ListField(child=serializers.CharField(max_length=100), required=False)


class AttributeChange(StrictSerializer):
    """What can change: key and type stay, because values depend on them."""

    name = serializers.CharField(max_length=100, required=False)
    choices = serializers.ListField(child=serializers.CharField(max_length=100), required=False)


class LabelChange(StrictSerializer):
    """What can change of a label."""

    name = serializers.CharField(max_length=60, required=False)
    color = serializers.ChoiceField(choices=COLORS, required=False)


class SegmentSerializer(StrictSerializer):
    """A named filter over contacts; ``count`` is how many match now.

    ``filter``: ``{"match": "all" | "any", "conditions": [{"field", "op", "value"} | group]}``.
    """

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=200)
    filter = serializers.JSONField()
    count = serializers.SerializerMethodField(
        help_text="Null when the filter no longer makes sense, because what it names was deleted."
    )
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def get_count(self, instance: Segment) -> int | None:
        """Counted by the view, for a whole page in one statement."""
        counts: dict[int, int] = self.context["counts"]
        return counts.get(instance.pk)


class SegmentChange(StrictSerializer):
    """What can change of a segment."""

    name = serializers.CharField(max_length=200, required=False)
    filter = serializers.JSONField(required=False)
