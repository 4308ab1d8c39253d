"""The business's numbers, read from the product's channels: each provider's in its own way."""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

import structlog
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from gateway.branding import brand_of
from gateway.models import Channel, ReplyWindow
from gateway.registry import UnknownKind, adapter_class
from gateway.secrets import Undecryptable, unseal
from gateway.senders.pool import read_pool
from simulator.lines import X_PUBLIC, Agent, Heard, Line

logger = structlog.get_logger(__name__)

# Of Messenger and Instagram, for people.
LONGEST_WINDOW = timedelta(days=7)


def pool_number(service: str) -> str:
    """The number customers see of a Messaging Service; always the same for one service."""
    return f"+1555{zlib.crc32(service.encode()) % 10_000_000:07d}"


def twilio_line(channel: Channel, config: Mapping[str, str]) -> Line:
    """A line of Twilio's from a channel's configuration: a number, or an RCS sender."""
    service = config.get("messaging_service_sid", "")
    rcs = channel.kind == "twilio_rcs"
    sender = f"rcs:{config.get('sender_id') or f'agent_{service[-8:].lower()}'}"
    tokens = (config.get("auth_token", ""), config.get("auth_token_secondary", ""))
    return Line(
        channel=str(channel.pk),
        name=channel.name,
        provider="twilio",
        address=sender if rcs else config.get("from_number") or pool_number(service),
        service=service,
        account=config.get("account_sid", ""),
        token=tokens[0],
        tokens=frozenset(filter(None, tokens)),
        webhook_url=f"{settings.PUBLIC_URL}/webhooks/{channel.pk}/",
        workspace=channel.workspace_id,
        agent=Agent(channel.name, "", "", "", "", "") if rcs else None,
    )


def sms_behind(line: Line) -> Line | None:
    """The number that a Messaging Service with an RCS sender sends SMS from; None without one."""
    if line.network != "twilio_rcs" or not line.service:
        return None
    number = pool_number(line.service)
    return replace(line, channel=f"{line.channel}/sms", address=number, agent=None)


def smpp_line(channel: Channel, config: Mapping[str, str]) -> Line:
    """A line at the SMSC from a channel's configuration."""
    return Line(
        channel=str(channel.pk),
        name=channel.name,
        provider="smpp",
        address=config.get("source", ""),
        service="",
        account=config.get("system_id", ""),
        token="",
        tokens=frozenset([config.get("password", "")]),
        webhook_url="",
        workspace=channel.workspace_id,
    )


def http_line(channel: Channel, config: Mapping[str, str]) -> Line:
    """A line of the made-up HTTP provider."""
    return Line(
        channel=str(channel.pk),
        name=channel.name,
        provider="http",
        address=config.get("from_number", ""),
        service="",
        account="",
        token=config.get("webhook_secret", ""),
        tokens=frozenset(),
        webhook_url=f"{settings.PUBLIC_URL}/webhooks/{channel.pk}/",
        workspace=channel.workspace_id,
    )


def line_line(channel: Channel, config: Mapping[str, str]) -> Line:
    """A LINE official account from a channel's configuration."""
    return Line(
        channel=str(channel.pk),
        name=channel.name,
        provider="line",
        address=config.get("basic_id", ""),
        service="",
        account="",
        token=config.get("channel_secret", ""),
        tokens=frozenset([config.get("access_token", "")]),
        webhook_url=f"{settings.PUBLIC_URL}/webhooks/{channel.pk}/",
        workspace=channel.workspace_id,
    )


def wechat_line(channel: Channel, config: Mapping[str, str]) -> Line:
    """A WeChat Official Account; ``account`` is its AppID."""
    return Line(
        channel=str(channel.pk),
        name=channel.name,
        provider="wechat",
        address=config.get("original_id", ""),
        service="",
        account=config.get("app_id", ""),
        token=config.get("token", ""),
        tokens=frozenset([config.get("app_secret", "")]),
        webhook_url=f"{settings.PUBLIC_URL}/webhooks/{channel.pk}/",
        key=config.get("aes_key", ""),
        workspace=channel.workspace_id,
    )


def whatsapp_line(channel: Channel, config: Mapping[str, str]) -> Line:
    """A WhatsApp number; ``account`` is the business account, ``service`` the number's id."""
    return Line(
        channel=str(channel.pk),
        name=channel.name,
        provider="whatsapp",
        address=config.get("phone_number", ""),
        service=config.get("phone_number_id", ""),
        account=config.get("business_account_id", ""),
        token=config.get("app_secret", ""),
        tokens=frozenset([config.get("access_token", "")]),
        webhook_url=f"{settings.PUBLIC_URL}/webhooks/{channel.pk}/",
        workspace=channel.workspace_id,
    )


def messaging_line(channel: Channel, config: Mapping[str, str]) -> Line:
    """A Facebook page or an Instagram account; ``service`` is its id."""
    cls = adapter_class(channel.kind)
    return Line(
        channel=str(channel.pk),
        name=channel.name,
        provider=cls.provider,
        address=cls.channel_address(config),
        service=cls.account_key(config),
        account=config.get("app_id", ""),
        token=config.get("app_secret", ""),
        tokens=frozenset([config.get("access_token", "")]),
        webhook_url=f"{settings.PUBLIC_URL}/webhooks/{channel.pk}/",
        workspace=channel.workspace_id,
    )


def telegram_line(channel: Channel, config: Mapping[str, str]) -> Line:
    """A bot of Telegram's; its token logs in, the secret goes with the webhooks."""
    return _bot(channel, f"@{config.get('username', '').lstrip('@')}", config, "secret_token")


def viber_line(channel: Channel, config: Mapping[str, str]) -> Line:
    """A bot of Viber's; one token logs in and signs."""
    return _bot(channel, config.get("uri", ""), config, "auth_token")


def _bot(channel: Channel, address: str, config: Mapping[str, str], signs: str) -> Line:
    tokens = (config.get("bot_token", ""), config.get("auth_token", ""))
    return Line(
        channel=str(channel.pk),
        name=channel.name,
        provider=channel.kind,
        address=address,
        service="",
        account="",
        token=config.get(signs, ""),
        tokens=frozenset(filter(None, tokens)),
        webhook_url=f"{settings.PUBLIC_URL}/webhooks/{channel.pk}/",
        workspace=channel.workspace_id,
    )


def x_line(channel: Channel, config: Mapping[str, str]) -> Line:
    """An account on X: its direct messages. ``account`` is its id; without webhooks it asks."""
    names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    pushed = config.get("receive") == "webhook"
    return Line(
        channel=str(channel.pk),
        name=channel.name,
        provider="x",
        address=f"@{config.get('username', '').removeprefix('@')}",
        service="",
        account=config.get("access_token", "").partition("-")[0],
        token=config.get("consumer_secret", ""),
        tokens=frozenset(),
        webhook_url=f"{settings.PUBLIC_URL}/webhooks/{channel.pk}/" if pushed else "",
        workspace=channel.workspace_id,
        keys=tuple(config.get(name, "") for name in names),
    )


def public_side(line: Line) -> Line | None:
    """What is public of an account on X, beside its direct messages; None of anything else."""
    if line.provider != "x":
        return None
    channel, name = f"{line.channel}/public", f"{line.name} (public)"
    return replace(
        line, channel=channel, name=name, address=f"{line.address} (public)", way=X_PUBLIC
    )


def email_line(channel: Channel, config: Mapping[str, str]) -> Line:
    """A mailbox; ``service`` says how its mail comes in."""
    address = config.get("from_address", "").lower()
    secrets = ("imap_password", "smtp_password", "provider_key")
    return Line(
        channel=str(channel.pk),
        name=channel.name,
        provider="email",
        address=address,
        service=config.get("receiving") or "imap",
        account=config.get("imap_user") or config.get("smtp_user") or address,
        token="",
        tokens=frozenset(config[name] for name in secrets if config.get(name)),
        webhook_url="",
        workspace=channel.workspace_id,
    )


def google_rcs_line(channel: Channel, config: Mapping[str, str]) -> Line:
    """An RCS agent from a channel's configuration."""
    name, brand = config.get("agent_id", ""), brand_of(channel)
    return Line(
        channel=str(channel.pk),
        name=channel.name,
        provider="google_rcs",
        address=name,
        service="",
        account=name,
        token=config.get("client_token", ""),
        tokens=frozenset(),
        webhook_url=f"{settings.PUBLIC_URL}/webhooks/{channel.pk}/",
        workspace=channel.workspace_id,
        agent=Agent(
            brand.name if brand else channel.name,
            brand.logo_url if brand else "",
            brand.color if brand else "",
            *account_of(config.get("service_account", "")),
        ),
    )


@lru_cache(maxsize=1024)  # the channels are read every two seconds
def account_of(key_file: str) -> tuple[str, str, str]:
    """E-mail, id of the key and public key of a service account; empty what cannot be read."""
    try:
        found = json.loads(key_file)
        private = load_pem_private_key(found["private_key"].encode(), password=None)
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return str(found["client_email"]), str(found.get("private_key_id", "")), public.decode()
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", "", ""


BUILDERS: dict[str, Callable[[Channel, Mapping[str, str]], Line]] = {
    "twilio": twilio_line,
    "google_rcs": google_rcs_line,
    "smpp": smpp_line,
    "http": http_line,
    "line": line_line,
    "wechat": wechat_line,
    "whatsapp": whatsapp_line,
    "messenger": messaging_line,
    "instagram": messaging_line,
    "telegram": telegram_line,
    "viber": viber_line,
    "x": x_line,
    "email": email_line,
}


def _with_pool(own: Line, config: Mapping[str, str]) -> list[Line]:
    """A line for each sender of the channel; its own is the last, which its id stands for."""
    pool = read_pool(config.get("senders", ""), own.address)
    others = [value for value in pool.values if value != own.address] if pool else []
    return [*(replace(own, address=value) for value in others), own]


def load_lines() -> list[Line]:
    """Every channel of a provider the simulator speaks, oldest first."""
    close_old_connections()
    lines: list[Line] = []
    for channel in Channel.objects.order_by("created_at"):
        try:
            build = BUILDERS.get(adapter_class(channel.kind).provider)
            if build:
                config = unseal(channel.config)
                line = build(channel, config)
                lines += _with_pool(line, config)
                lines += filter(None, (sms_behind(line), public_side(line)))
        except (UnknownKind, Undecryptable):
            logger.warning("channel left out", channel=str(channel.pk))
    return lines


def load_heard() -> list[Heard]:
    """Whose reply windows are open, or were in the last week."""
    close_old_connections()
    since = timezone.now() - LONGEST_WINDOW
    rows = ReplyWindow.objects.filter(heard_at__gte=since).values_list(
        "channel_id", "address", "heard_at"
    )
    return [Heard(str(channel), address, at.timestamp()) for channel, address, at in rows if at]
