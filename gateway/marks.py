"""By which icon of static/icons each kind of channel, and of address, is known at a glance."""

from gateway.addresses import EMAIL, IDS, PHONE
from gateway.registry import UnknownKind, adapter_class, adapters

USUAL, UNKNOWN = "message-square", "plug"
ICONS = {
    "sms": USUAL,
    "rcs": "smartphone",
    "email": "mail",
    "whatsapp": "message-circle",
    "messenger": "zap",
    "instagram": "camera",
    "x": "at-sign",
    "telegram": "send",
    "viber": "phone",
    "line": "message-circle-more",
    "wechat": "messages-square",
}


def medium_icon(medium: str) -> str:
    """The icon of a medium."""
    return ICONS.get(medium, USUAL)


def kind_icon(kind: str) -> str:
    """The icon of a kind of channel."""
    try:
        return medium_icon(adapter_class(kind).medium)
    except UnknownKind:
        return UNKNOWN


def medium_name(medium: str) -> str:
    """What people call a medium: the app's own name, SMS, RCS, e-mail."""
    found = next((one for one in adapters().values() if one.kind == medium), None)
    return str(found.label) if found else medium.upper()


def address_icon(kind: str) -> str:
    """The icon of a kind of address."""
    return {PHONE: "phone", EMAIL: "mail"}.get(kind) or medium_icon(kind)


def app_name(kind: str) -> str:
    """In which app a person has this id; empty for an address that says so itself."""
    if kind not in IDS:
        return ""
    try:
        return str(adapter_class(kind).label)
    except UnknownKind:
        return kind
