"""Contacts, their addresses, consent, labels, attribute definitions and segments."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower, Upper
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from accounts.scoping import WorkspaceModel
from contacts.sources import source_words


class Gender(models.TextChoices):
    """As the person told us; empty when not known."""

    FEMALE = "female", _("Female")
    MALE = "male", _("Male")
    OTHER = "other", _("Other")


class Label(WorkspaceModel):
    """A coloured word on contacts and conversations."""

    name = models.CharField(_("name"), max_length=60)
    color = models.CharField(max_length=16, default="grey")

    class Meta:
        constraints = [
            models.UniqueConstraint("workspace", Lower("name"), name="label_name_unique")
        ]

    def __str__(self) -> str:
        return self.name


class Contact(WorkspaceModel):
    """A person who writes to us. ``name`` is empty until somebody says it."""

    name = models.CharField(_("name"), max_length=200, blank=True)
    language = models.CharField(max_length=8, blank=True, help_text="ISO 639-1")
    timezone = models.CharField(max_length=64, blank=True, help_text="IANA name")
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2")
    gender = models.CharField(max_length=16, choices=Gender.choices, blank=True)
    birth_date = models.DateField(null=True, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    labels = models.ManyToManyField(Label, related_name="contacts", blank=True)
    blocked = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-id"], name="contact_recent"),
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="contact_name_search"),
        ]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"


class Address(WorkspaceModel):
    """One way to reach a contact: a phone number (E.164), mailbox or handle.

    ``kind`` is what the value is (``phone``, ``email``…), one of gateway.addresses.KINDS.
    ``handle`` is by what people know an id (``@name``), as its provider said last; empty where
    nobody has said.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="addresses")
    kind = models.CharField(max_length=16)
    value = models.CharField(max_length=320)
    handle = models.CharField(max_length=100, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "kind", "value"], name="address_unique_in_workspace"
            )
        ]
        indexes = [
            GinIndex(OpClass(Upper("value"), name="gin_trgm_ops"), name="address_value_search"),
            GinIndex(
                OpClass(Upper("handle"), name="gin_trgm_ops"),
                condition=~models.Q(handle=""),
                name="address_handle_search",
            ),
        ]

    def __str__(self) -> str:
        return self.value

    @property
    def shown(self) -> str:
        """What people read: the handle where there is one."""
        return self.handle or self.value


class KeptApart(WorkspaceModel):
    """Two contacts that somebody said are two people; ``one`` has the smaller id."""

    one = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    member = models.ForeignKey(Member, null=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint("one", "other", name="kept_apart_once")]

    def __str__(self) -> str:
        return f"{self.one_id} {self.other_id}"


class ConsentStatus(models.TextChoices):
    """What the person said about marketing on one medium."""

    GRANTED = "granted", _("Opted in")
    WITHDRAWN = "withdrawn", _("Opted out")


class ConsentRecord(WorkspaceModel):
    """One statement of consent; append-only, the newest per address and medium counts.

    ``medium`` is the kind of channel it is about (``sms``, ``rcs``, ``email``…). ``source`` says
    how we know (``keyword``, ``provider``, ``import``, ``agent``, ``api``), ``evidence`` the words.
    """

    address = models.ForeignKey(Address, on_delete=models.CASCADE, related_name="consents")
    medium = models.CharField(max_length=16)
    status = models.CharField(max_length=16, choices=ConsentStatus.choices)
    source = models.CharField(max_length=32)
    evidence = models.CharField(max_length=320, blank=True)
    member = models.ForeignKey(Member, null=True, on_delete=models.PROTECT)
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["address", "medium", "-id"], name="consent_newest")]

    def __str__(self) -> str:
        return f"{self.medium} {self.status}"

    @property
    def source_words(self) -> str:
        """How it came to us, for people."""
        return source_words(self.source)


class AttributeType(models.TextChoices):
    """Types a custom attribute can have."""

    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    BOOLEAN = "boolean", _("Yes or no")
    DATE = "date", _("Date")
    CHOICE = "choice", _("Choice")


class AttributeDefinition(WorkspaceModel):
    """A custom attribute that contacts of this workspace may carry in ``Contact.attributes``."""

    key = models.SlugField(max_length=60)
    name = models.CharField(_("name"), max_length=100)
    type = models.CharField(max_length=16, choices=AttributeType.choices)
    choices = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "key"], name="attribute_key_unique")
        ]

    def __str__(self) -> str:
        return self.name


class Segment(WorkspaceModel):
    """A named filter over contacts; contacts.segments explains the shape of ``filter``."""

    name = models.CharField(_("name"), max_length=200)
    filter = models.JSONField(default=dict)
    created_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("workspace", Lower("name"), name="segment_name_unique")
        ]

    def __str__(self) -> str:
        return self.name
