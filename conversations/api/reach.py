"""Reaching a person by one API call: who it is, on which channel, and why that one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from accounts.models import Member
from accounts.rest.problems import Unprocessable
from contacts.models import Address, Contact
from contacts.resolve import resolve_addresses
from conversations.api.fallback import policy_for
from conversations.models import Message
from conversations.services import send_message, start_conversation
from conversations.way import Way
from conversations.ways import preferred, ways_to
from gateway.addresses import ALIASES, KINDS, InvalidAddress, normalize
from gateway.content.model import Content
from gateway.models import Channel, Priority
from gateway.registry import adapter_class, adapters
from gateway.suppression import suppressed

BEST = "best"


@dataclass(frozen=True, slots=True)
class Choice:
    """A channel, the address to use on it, and why (None: the caller chose)."""

    channel: Channel
    address: Address
    reason: dict[str, str] | None


@transaction.atomic
def reach(
    *,
    member: Member,
    to: dict[str, Any],
    channel: str,
    uid: UUID,
    text: str = "",
    content: Content | None = None,
    **terms: Any,
) -> tuple[Message, Choice]:
    """Send a text or content to a person; makes contact and conversation as needed, or nothing.

    ``terms`` are what ``TermsSerializer`` reads. Errors name ``to``, ``channel``, ``text`` or a
    part of ``fallback``; 422 when the person must not or cannot be reached.
    """
    addresses = _addresses(member, to)
    template = content is not None and content.template is not None
    choice = _choose(member, addresses, channel, template=template)
    _refuse_suppressed(choice)
    fallback = policy_for(choice.channel, terms)
    # By nobody in particular: a program's messages must not pile up as somebody's own work.
    conversation = start_conversation(
        contact=choice.address.contact, channel=choice.channel, address=choice.address, by=None
    )
    message = send_message(
        conversation=conversation,
        author=None,
        text=text,
        content=content,
        uid=uid,
        priority=Priority.SYSTEM,
        expires_at=terms.get("expires_at"),
        way=Way(choice.channel, fallback),
    )
    message.data |= {"via": "api", "member": member.pk, "reason": choice.reason}
    message.save(update_fields=["data"])
    return message, choice


def _addresses(member: Member, to: dict[str, Any]) -> list[Address]:
    """The addresses the caller allows, the oldest first."""
    by_address = "kind" in to or "value" in to
    if ("contact" in to) == by_address or (by_address and not {"kind", "value"} <= set(to)):
        raise ValidationError(
            {"to": [_("Give either a contact, or the kind and value of an address.")]}
        )
    if not by_address:
        contact: Contact = to["contact"]
        return list(contact.addresses.select_related("contact").order_by("id"))
    kind = ALIASES.get(to["kind"], to["kind"])
    kind = adapters()[kind].address_kind if kind in adapters() else kind
    if kind not in KINDS:
        message = _("“%(kind)s” is none of: %(kinds)s.")
        words = {"kind": kind, "kinds": ", ".join([*KINDS, *ALIASES])}
        raise ValidationError({"to.kind": [message % words]})
    try:
        value = normalize(kind, to["value"])
    except InvalidAddress as error:
        raise ValidationError({"to.value": [str(error)]}) from error
    found = resolve_addresses(workspace_id=member.workspace_id, kind=kind, people={value: ""})
    return [Address.objects.select_related("contact").get(pk=found[value].address_id)]


def _choose(member: Member, addresses: list[Address], channel: str, *, template: bool) -> Choice:
    if channel != BEST:
        return _named(member, addresses, channel)
    found = preferred(ways_to(member.workspace_id, addresses), template=template)
    if found is None:
        raise Unprocessable({"to": [_("No enabled channel reaches any address of this person.")]})
    way, reason = found
    return Choice(way.channel, way.address, reason._asdict())


def _named(member: Member, addresses: list[Address], channel: str) -> Choice:
    try:
        row = Channel.objects.get(workspace=member.workspace_id, pk=UUID(channel))
    except (ValueError, Channel.DoesNotExist) as error:
        raise ValidationError({"channel": [_("There is no such channel.")]}) from error
    if not row.enabled:
        raise Unprocessable({"channel": [_("This channel is switched off.")]})
    kind = adapter_class(row.kind).address_kind
    for address in addresses:
        if address.kind == kind:
            return Choice(row, address, None)
    raise Unprocessable({"to": [_("This channel reaches no address of this person.")]})


def _refuse_suppressed(choice: Choice) -> None:
    medium = adapter_class(choice.channel.kind).medium
    found = suppressed(choice.channel.workspace_id, medium, [choice.address.value])
    if found:
        message = _("%(address)s wants no messages here, or cannot get them.")
        raise Unprocessable({"to": [message % {"address": choice.address.value}]})
