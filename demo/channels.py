"""The demo's channels beside SMS and RCS: one of each kind, with keys only the simulator knows."""

import secrets
from collections.abc import Mapping

from accounts.models import Member, Workspace
from gateway.channels import create_channel
from gateway.content.templates import ProviderTemplate, TemplateStatus
from gateway.models import Channel
from gateway.templates.keeping import keep_templates

# Kind, name and what of its settings is no secret. Ids are made up; numbers nobody has.
CHANNELS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "whatsapp": (
        "Shop WhatsApp",
        {
            "phone_number": "+14155550120",
            "phone_number_id": "104155550120001",
            "business_account_id": "204155550120001",
        },
    ),
    "email": (
        "Shop mail",
        {
            "from_address": "hello@alderpine.example",
            "from_name": "Alder & Pine",
            "sending": "smtp",
            "smtp_host": "smtp.alderpine.example",
            "smtp_user": "hello@alderpine.example",
            "receiving": "imap",
            "imap_host": "imap.alderpine.example",
            "imap_user": "hello@alderpine.example",
        },
    ),
    "telegram": ("Telegram bot", {"username": "alderpine_bot"}),
    "messenger": ("Facebook page", {"page_id": "304155550120001"}),
    "instagram": ("Instagram", {"instagram_id": "404155550120001", "username": "alderpine.shop"}),
    "x": ("X account", {"username": "@alderpine", "receive": "webhook"}),
    "viber": ("Viber bot", {"uri": "alderpine", "sender_name": "Alder & Pine"}),
    "line": ("LINE account", {"basic_id": "@214alder"}),
    "wechat": ("WeChat account", {"original_id": "gh_a1de291ae001"}),
}
X_ACCOUNT = "1504155550120001024"
# What every account has at the simulator, so that the product's next look finds nothing new.
TEMPLATES = (
    ("hello_world", "en_US", "Hello World, this is a first message."),
    ("order_update", "en_US", "Hi {{1}}, there is news about your order {{2}}. Ask us anything."),
    ("order_update", "es", "Hola, {{1}}: hay novedades sobre su pedido {{2}}. Pregúntenos."),
)


def add_channels(workspace: Workspace, admin: Member) -> dict[str, Channel]:
    """A channel of each kind, by its kind."""
    channels = {
        kind: create_channel(
            workspace=workspace,
            member=admin,
            kind=kind,
            name=name,
            config={**known, **_keys(kind)},
            rate_per_second=50.0,
        )
        for kind, (name, known) in CHANNELS.items()
    }
    keep_templates(
        channels["whatsapp"],
        [
            ProviderTemplate(
                external_id="",
                name=name,
                language=language,
                category="utility",
                status=TemplateStatus.APPROVED,
                body=body,
            )
            for name, language, body in TEMPLATES
        ],
    )
    return channels


def _keys(kind: str) -> dict[str, str]:
    """Random keys in the form the provider gives them."""
    digits = str(secrets.randbelow(9 * 10**8) + 10**8)
    key, token = secrets.token_hex(16), f"EAAG{secrets.token_hex(24)}"
    meta = {"access_token": token, "app_secret": key}
    found: Mapping[str, dict[str, str]] = {
        "whatsapp": meta,
        "messenger": meta,
        "instagram": meta,
        "email": {"smtp_password": key, "imap_password": key},
        "telegram": {"bot_token": f"{digits}:AA{secrets.token_hex(16)}"},
        "x": {
            "consumer_key": secrets.token_hex(12),
            "consumer_secret": secrets.token_hex(25),
            "access_token": f"{X_ACCOUNT}-{secrets.token_hex(20)}",
            "access_token_secret": secrets.token_hex(22),
        },
        "viber": {"auth_token": f"{key[:16]}-{key[16:]}-{secrets.token_hex(8)}"},
        "line": {"channel_secret": key, "access_token": secrets.token_hex(64)},
        "wechat": {
            "app_id": f"wx{secrets.token_hex(8)}",
            "app_secret": key,
            "token": secrets.token_hex(12),
        },
    }
    return found[kind]
