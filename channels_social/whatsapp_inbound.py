"""One message of a WhatsApp webhook: what a customer wrote, tapped, shared, changed or took back.

Source: providers.md section 5, and Meta's webhook reference of the field ``messages`` (2026).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from channels_social.meta_account import objects, part, problem, words
from gateway.addresses import PHONE, InvalidAddress, normalize
from gateway.content.model import Location
from gateway.events import (
    Attachment,
    Edited,
    Event,
    Identity,
    InboundMessage,
    Reaction,
    Referred,
    SharedContact,
    UnknownEvent,
    Unsent,
    Window,
)

Json = dict[str, Any]

PERSON = "whatsapp"  # the kind of address of people who show no number
TEXT, LABEL = 20_000, 80
FILES = ("image", "video", "audio", "document", "sticker")
# Their owner has not written anything, so nothing opens.
NO_WINDOW = Window(0)
CHANGED = frozenset({"user_changed_number", "customer_changed_number", "user_changed_user_id"})


@dataclass(frozen=True, slots=True)
class Place:
    """Whose webhook it is: the business's number, and the URL that its files lie below."""

    recipient: str
    files_url: str


@dataclass(frozen=True, slots=True)
class Who:
    """A person: the address that messages go to, and what else is theirs."""

    address: str
    kind: str = ""
    also: tuple[Identity, ...] = ()
    name: str = ""


def number(value: str) -> str:
    """Digits as E.164; what is no phone number stays as it is, with a plus sign."""
    value = value if value.startswith("+") or not value else f"+{value}"
    try:
        return normalize(PHONE, value)
    except InvalidAddress:
        return value


def who(phone: str, user: str, name: str = "") -> Who | None:
    """A person by phone number, else by user id; None without either."""
    if phone:
        also = (Identity(PERSON, user),) if user else ()
        return Who(number(phone), "", also, name)
    return Who(user, PERSON, (), name) if user else None


def sender(message: Json, contacts: list[Json]) -> Who | None:
    """Who wrote: the message says so, or the contact beside it."""
    phone, user = words(message, "from", 64), words(message, "from_user_id")
    nameless = not phone and not user and len(contacts) == 1
    for contact in contacts:
        theirs = words(contact, "wa_id", 64), words(contact, "user_id")
        if (phone and phone == theirs[0]) or (user and user == theirs[1]) or nameless:
            profile = part(contact, "profile")
            name = words(profile, "name") or words(profile, "username")
            return who(phone or theirs[0], user or theirs[1], name)
    return who(phone, user)


def moment(value: Json) -> datetime | None:
    """A timestamp in seconds; None without one."""
    said = words(value, "timestamp", 12)
    if not said.isdecimal() or len(said) > 11:
        return None
    return datetime.fromtimestamp(int(said), UTC)


def read(message: Json, contacts: list[Json], place: Place) -> Event:
    """The event that a message is."""
    kind, identity = words(message, "type", 64), words(message, "id")
    if "group_id" in message:
        return UnknownEvent("group message", words(message, "group_id"))
    person = sender(message, contacts)
    if person is None or not identity:
        return UnknownEvent(f"{kind or 'message'} of nobody", ", ".join(sorted(message))[:500])
    found = Read(message, person, place, kind)
    return found.special() or found.message()


@dataclass(frozen=True, slots=True)
class Read:
    """A message that is being read."""

    raw: Json
    person: Who
    place: Place
    kind: str

    # --- What is no message of its own ------------------------------------------------------------

    def special(self) -> Event | None:
        """What changes another message, or tells of the person; None for a message."""
        handler = SPECIAL.get(self.kind)
        return handler(self) if handler else None

    def reaction(self) -> Event:
        """An emoji on a message; without one it was taken back."""
        inner = part(self.raw, "reaction")
        return Reaction(
            words(inner, "message_id"),
            self.person.address,
            words(inner, "emoji", 64),
            moment(self.raw),
            self.person.kind,
        )

    def edit(self) -> Event:
        """A message says something else now."""
        inner = part(self.raw, "edit")
        original, now = words(inner, "original_message_id"), part(inner, "message")
        if not original:
            return UnknownEvent("edit of nothing", words(self.raw, "id"))
        text = said(now, words(now, "type", 64))
        return Edited(
            original,
            self.person.address,
            text,
            words(self.raw, "id"),
            moment(self.raw),
            self.person.kind,
        )

    def revoke(self) -> Event:
        """A message was taken back."""
        original = words(part(self.raw, "revoke"), "original_message_id")
        if not original:
            return UnknownEvent("revoke of nothing", words(self.raw, "id"))
        return Unsent(
            original,
            self.person.address,
            occurred_at=moment(self.raw),
            sender_kind=self.person.kind,
        )

    def system(self) -> Event:
        """A new number or user id: noted in the thread, and whoever has it is the same person."""
        inner = part(self.raw, "system")
        kind = words(inner, "type", 64)
        if kind not in CHANGED:
            return UnknownEvent(f"system {kind}".strip(), words(inner, "body", 500))
        phone = words(inner, "wa_id", 64) or words(inner, "new_wa_id", 64)
        old, user = words(inner, "previous_user_id"), words(inner, "user_id")
        also = [Identity(PHONE, number(phone))] if phone else []
        also += [Identity(PERSON, one) for one in (user, old) if one]
        note = self.bare(words(inner, "body", TEXT), window=NO_WINDOW, automatic=True)
        kept = {*self.person.also, *also} - {Identity(self.person.kind or PHONE, note.sender)}
        return replace(note, also=tuple(sorted(kept, key=lambda one: (one.kind, one.value))))

    def welcome(self) -> Event:
        """Somebody has opened the chat for the first time and not written yet."""
        return UnknownEvent(self.kind, self.person.address)

    # --- Messages ---------------------------------------------------------------------------------

    def message(self) -> InboundMessage:
        """What the customer wrote, with what stands in it."""
        found = self.bare(said(self.raw, self.kind), reply_to=self.reply_to, referred=self.referred)
        handler = PARTS.get(self.kind)
        if handler is None:
            return found if self.kind == "text" else self.unsupported(found)
        return replace(found, **handler(self))

    def bare(self, text: str, **more: Any) -> InboundMessage:
        """A message with what all of them have."""
        return InboundMessage(
            external_id=words(self.raw, "id"),
            sender=self.person.address,
            recipient=self.place.recipient,
            text=text,
            sender_name=self.person.name,
            occurred_at=moment(self.raw),
            sender_kind=self.person.kind,
            also=self.person.also,
            **more,
        )

    def unsupported(self, found: InboundMessage) -> InboundMessage:
        """A kind that cannot be shown, in WhatsApp's word for it."""
        word = words(part(self.raw, "unsupported"), "type", 64) or self.kind or "unknown"
        return replace(found, unsupported=word)

    def file(self) -> dict[str, Any]:
        """A file by its id; its URL is asked for when it is fetched."""
        attachment = file_of(self.raw, self.kind, self.place)
        if attachment is None:
            return {"unsupported": self.kind}
        return {"attachments": (attachment,)}

    def tapped(self) -> dict[str, Any]:
        """A button of a message, or a row of a list."""
        inner = part(self.raw, "interactive")
        kind = words(inner, "type", 64)
        answer = part(inner, kind)
        if kind == "nfm_reply":
            return {"payload": words(answer, "response_json", TEXT)}
        if kind not in {"button_reply", "list_reply"}:
            return {"unsupported": f"interactive {kind}".strip()}
        return {"payload": words(answer, "id", 2_048)}

    def template_button(self) -> dict[str, Any]:
        """A quick reply of a template."""
        return {"payload": words(part(self.raw, "button"), "payload", 2_048)}

    def location(self) -> dict[str, Any]:
        """A place on Earth."""
        inner = part(self.raw, "location")
        latitude, longitude = _degrees(inner, "latitude", 90), _degrees(inner, "longitude", 180)
        if latitude is None or longitude is None:
            return {"unsupported": self.kind}
        label = words(inner, "name") or words(inner, "address")
        return {"location": Location(latitude, longitude, label[:LABEL])}

    def contacts(self) -> dict[str, Any]:
        """Cards of people."""
        return {"shared": tuple(map(_shared, objects(self.raw.get("contacts"))))}

    @property
    def reply_to(self) -> str:
        """The message it answers, or whose button was tapped."""
        return words(part(self.raw, "context"), "id")

    @property
    def referred(self) -> Referred | None:
        """The advertisement, product or other chat that it comes from."""
        ad, context = part(self.raw, "referral"), part(self.raw, "context")
        if ad:
            text = "\n".join(filter(None, (words(ad, "headline", 500), words(ad, "body", 2_000))))
            kind = "post" if words(ad, "source_type") == "post" else "ad"
            return Referred(kind, words(ad, "source_url", 2_048), text, words(ad, "source_id"))
        product = words(part(context, "referred_product"), "product_retailer_id")
        if product:
            return Referred("product", external_id=product)
        forwarded = context.get("forwarded") is True or context.get("frequently_forwarded") is True
        return Referred("forwarded") if forwarded else None


def said(message: Json, kind: str) -> str:
    """The words of a message of any kind: its text, caption, label or a summary."""
    inner = part(message, kind)
    match kind:
        case "text":
            return words(inner, "body", TEXT)
        case "button":
            return words(inner, "text", TEXT)
        case "interactive":
            answer = part(inner, words(inner, "type", 64))
            return words(answer, "title", TEXT) or words(answer, "body", TEXT)
        case "order":
            return "\n".join(filter(None, (words(inner, "text", TEXT), *_ordered(inner))))
        case _:
            return words(inner, "caption", TEXT)


def file_of(message: Json, kind: str, place: Place) -> Attachment | None:
    """The file of a message; None where it names none."""
    inner = part(message, kind)
    identity = words(inner, "id", 128)
    if not identity.isascii() or not identity.replace("-", "").replace("_", "").isalnum():
        return None
    content_type = words(inner, "mime_type", 100).partition(";")[0].strip()
    return Attachment(
        url=f"{place.files_url}/{identity}",
        content_type=content_type or "application/octet-stream",
        name=words(inner, "filename"),
    )


def _ordered(order: Json) -> Iterator[str]:
    """The lines of a cart: how many of what, and the price of one."""
    for item in objects(order.get("product_items")):
        count, price = words(item, "quantity", 12) or "1", item.get("item_price")
        cost = f" ({price} {words(item, 'currency', 8)})" if isinstance(price, int | float) else ""
        yield f"{count} × {words(item, 'product_retailer_id')}{cost}"


def _shared(card: Json) -> SharedContact:
    name = part(card, "name")
    return SharedContact(
        words(name, "formatted_name") or words(name, "first_name"),
        tuple(filter(None, (words(one, "phone", 64) for one in objects(card.get("phones"))))),
        tuple(filter(None, (words(one, "email") for one in objects(card.get("emails"))))),
    )


def _degrees(inner: Json, name: str, limit: int) -> float | None:
    value = inner.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= limit:
        return float(value)
    return None


def errors(value: Json) -> Iterator[UnknownEvent]:
    """Errors of the account itself, which concern no message of ours."""
    for one in objects(value.get("errors")):
        error = problem(one)
        yield UnknownEvent(f"error {error.code}", error.text)


SPECIAL: dict[str, Callable[[Read], Event]] = {
    "reaction": Read.reaction,
    "edit": Read.edit,
    "revoke": Read.revoke,
    "system": Read.system,
    "request_welcome": Read.welcome,
}
PARTS: dict[str, Callable[[Read], dict[str, Any]]] = {
    **dict.fromkeys(FILES, Read.file),
    "interactive": Read.tapped,
    "button": Read.template_button,
    "location": Read.location,
    "contacts": Read.contacts,
    "order": lambda _read: {},
}
