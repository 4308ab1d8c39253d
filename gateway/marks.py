"""By which icon of static/icons each kind of channel is known at a glance."""

from gateway.registry import UnknownKind, adapter_class

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
