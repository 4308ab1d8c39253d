"""Services for channels: create, change, pause, check; and how each one is doing."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Member, Workspace
from gateway.addresses import PHONE, InvalidAddress, normalize
from gateway.branding import set_brand
from gateway.channel_urls import webhook_url as webhook_url
from gateway.contract import Checked, ConfigField
from gateway.duties.setting import set_duties
from gateway.errors import Unreachable
from gateway.exchange import Exchange
from gateway.fallback.policy import Policy, check_policy
from gateway.guard import Forbidden, check_url, find_host, origin
from gateway.models import Channel, ChannelLog
from gateway.outbox.claim import ensure_buckets
from gateway.outbox.waking import wake_outbox
from gateway.registry import UnknownKind, adapter_class, adapter_for, base_url, capabilities_of
from gateway.secrets import seal, unseal
from gateway.transport import run_steps
from gateway.vitals import vitals

CHANGEABLE = {"name", "enabled", "rate_per_second", "fallback", "branding", "public_approval"}
MAX_RATE = 10_000.0
MOST_TEXT = 2_000
MOST_LINES = 8_000


@dataclass(frozen=True, slots=True)
class Health:
    """How a channel is doing. ``oldest_at`` is when the longest waiting message was queued."""

    queued: int
    oldest_at: datetime | None
    failed_last_hour: int
    unknown: int
    last_inbound_at: datetime | None
    paused_at: datetime | None
    paused_reason: str

    @property
    def ok(self) -> bool:
        """Nothing to worry about."""
        return self.paused_at is None and self.failed_last_hour == 0


def clean_config(kind: str, config: Mapping[str, Any]) -> dict[str, str]:
    """The checked and normalized config of a new channel; ValidationError by field name."""
    try:
        adapter = adapter_class(kind)
    except UnknownKind as error:
        raise ValidationError({"kind": _("“%s” is not a kind of channel.") % kind[:40]}) from error
    errors: dict[str, Any] = {}
    cleaned: dict[str, str] = {}
    for name in config.keys() - {field.name for field in adapter.fields}:
        errors[name] = _("This kind of channel has no such setting.")
    for field in adapter.fields:
        try:
            value = _clean_value(field, config.get(field.name))
        except ValidationError as error:
            errors[field.name] = error.messages
        else:
            if value:
                cleaned[field.name] = value
    if not errors:
        errors.update(adapter.check_config(cleaned))
    if errors:
        raise ValidationError(errors)
    return cleaned


def with_generated(kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """A new channel's config with a random value in each such field that was left empty."""
    try:
        fields = adapter_class(kind).fields
    except UnknownKind:
        return dict(config)
    made = {
        field.name: token_urlsafe(32)
        for field in fields
        if field.generated and not config.get(field.name)
    }
    return {**config, **made}


def _clean_value(field: ConfigField, value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise ValidationError(_("This must be a text."))
    text = (value or "").strip() or field.default
    if not text:
        if field.required:
            raise ValidationError(_("This field is required."))
        return ""
    return _clean_text(field, text)


def _clean_text(field: ConfigField, value: str) -> str:
    if field.phone:
        try:
            return normalize(PHONE, value)
        except InvalidAddress as error:
            raise ValidationError(str(error)) from error
    if field.choices and value not in dict(field.choices):
        words = ", ".join(word for word, _label in field.choices)
        raise ValidationError(_("This must be one of: %s.") % words)
    if field.url:
        _check_url(value)
    if field.multiline:
        value = value.replace("\r\n", "\n")
    unprintable = any(char < " " and not (field.multiline and char in "\n\t") for char in value)
    if unprintable or (field.pattern and not re.fullmatch(field.pattern, value)):
        raise ValidationError(str(field.pattern_error) or _("This value has the wrong form."))
    limit = longest(field)
    if len(value) > limit:
        raise ValidationError(_("At most %d characters.") % limit)
    return value


def longest(field: ConfigField) -> int:
    """How many characters a setting may have."""
    return field.max_length or (MOST_LINES if field.multiline else MOST_TEXT)


def _check_url(value: str) -> None:
    try:
        check_url(value)
    except Forbidden as error:
        raise ValidationError(
            _("This address cannot be called: %(why)s") % {"why": error.text}
        ) from error
    except ValueError as error:
        raise ValidationError(_("This is no web address; write it like https://….")) from error


def _clean_rate(rate: Any) -> float:
    number = float(rate) if isinstance(rate, int | float) and not isinstance(rate, bool) else -1.0
    if not 0 < number <= MAX_RATE:
        raise ValidationError(
            {"rate_per_second": _("Enter a number above 0 and at most %d.") % MAX_RATE}
        )
    return number


def _clean_name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ValidationError({"name": _("This field is required.")})
    if len(name) > 100:
        raise ValidationError({"name": _("At most 100 characters.")})
    return name.strip()


@transaction.atomic
def create_channel(
    *,
    workspace: Workspace,
    member: Member | None,
    kind: str,
    name: str,
    config: Mapping[str, Any],
    rate_per_second: float = 10.0,
) -> Channel:
    """A new enabled channel; ValidationError by field when something is wrong."""
    cleaned = clean_config(kind, with_generated(kind, config))
    channel = Channel.objects.create(
        workspace=workspace,
        kind=kind,
        name=_clean_name(name),
        config=seal(cleaned),
        address=adapter_class(kind).channel_address(cleaned),
        account_key=adapter_class(kind).account_key(cleaned),
        rate_per_second=_clean_rate(rate_per_second),
    )
    ensure_buckets()
    set_duties(channel)
    record(workspace=workspace, member=member, action="channel.created", target=channel, kind=kind)
    return channel


@transaction.atomic
def update_channel(
    *, channel: Channel, member: Member | None, forget: Collection[str] = (), **changes: Any
) -> Channel:
    """Change name, enabled, rate_per_second or config (merged; a blank secret keeps its value).

    ``fallback`` is a Policy or None; what cannot work is a ValidationError that names its part
    (``fallback.channel`` …). ``branding`` as ``set_brand`` takes it. ``forget`` names optional
    secrets to remove.
    """
    row = Channel.objects.select_for_update().get(pk=channel.pk)
    unknown = changes.keys() - CHANGEABLE - {"config"}
    if unknown:
        raise ValidationError({name: _("This cannot be changed.") for name in unknown})
    if "name" in changes:
        row.name = _clean_name(changes["name"])
    if "rate_per_second" in changes:
        row.rate_per_second = _clean_rate(changes["rate_per_second"])
    if "enabled" in changes:
        row.enabled = bool(changes["enabled"])
    if "public_approval" in changes:
        row.public_approval = bool(changes["public_approval"])
    if "branding" in changes:
        set_brand(row, changes["branding"])
    if "config" in changes or forget:
        merged = clean_config(row.kind, merged_config(row, changes.get("config", {}), forget))
        row.config = seal(merged)
        row.address = adapter_class(row.kind).channel_address(merged)
        row.account_key = adapter_class(row.kind).account_key(merged)
    if "fallback" in changes:
        _set_fallback(row, changes["fallback"])
    elif "config" in changes:
        _check_one_falls_back(row)
    row.save()
    if "config" in changes or forget or changes.get("enabled"):
        set_duties(row)
    record(
        workspace=row.workspace_id,
        member=member,
        action="channel.changed",
        target=row,
        fields=sorted(changes),
    )
    wake_outbox()
    return row


def _set_fallback(row: Channel, policy: Policy | None) -> None:
    if policy is None:
        row.fallback_channel = None
        return
    try:
        check_policy(row, policy)
    except ValidationError as error:
        found = {f"fallback.{name}": words for name, words in error.message_dict.items()}
        raise ValidationError(found) from error
    row.fallback_channel = policy.channel
    row.fallback_after_s, row.fallback_success = policy.after_s, policy.success


def _check_one_falls_back(row: Channel) -> None:
    """ValidationError when the provider would send what another channel takes over as well."""
    if row.fallback_channel_id is not None and capabilities_of(row).falls_back:
        words = _("Another channel takes over what does not arrive. Remove it first.")
        raise ValidationError({"fallback.channel": words})


def merged_config(
    channel: Channel, config: Mapping[str, Any], forget: Collection[str] = ()
) -> dict[str, Any]:
    """What is saved with the given values over it; a blank secret keeps the saved one.

    ValidationError when the saved secrets would leave for another host than they were given for.
    """
    fields = adapter_class(channel.kind).fields
    secret = {field.name for field in fields if field.secret}
    kept = {name: value for name, value in config.items() if value or name not in secret}
    before = unseal(channel.config)
    merged = {**before, **kept}
    merged = {name: value for name, value in merged.items() if name not in forget}
    if _origins(fields, merged) - _origins(fields, before):
        _refuse_to_carry(secret & before.keys() & merged.keys() - kept.keys())
    return merged


def _origins(fields: Iterable[ConfigField], config: Mapping[str, Any]) -> set[str]:
    """The hosts that a config's URLs lead to; what cannot be called is refused elsewhere."""
    urls = [config.get(field.name) for field in fields if field.url]
    return {found for url in urls if isinstance(url, str) and (found := origin(url))}


def _refuse_to_carry(secrets: Collection[str]) -> None:
    message = _("The address leads to another host, so enter this again.")
    if secrets:
        raise ValidationError(dict.fromkeys(secrets, message))


@transaction.atomic
def pause_channel(*, channel: Channel, member: Member | None, reason: str) -> None:
    """Hold the channel's outbox; what is queued waits."""
    Channel.objects.filter(pk=channel.pk).update(
        paused_at=timezone.now(), paused_reason=reason[:320]
    )
    record(workspace=channel.workspace_id, member=member, action="channel.paused", target=channel)


@transaction.atomic
def resume_channel(*, channel: Channel, member: Member | None) -> None:
    """Let the channel's outbox go on."""
    Channel.objects.filter(pk=channel.pk).update(paused_at=None, paused_reason="")
    record(workspace=channel.workspace_id, member=member, action="channel.resumed", target=channel)
    wake_outbox()


@transaction.atomic
def delete_channel(*, channel: Channel, member: Member | None) -> None:
    """Remove a channel that never carried a message; ValidationError for one that did."""
    record(
        workspace=channel.workspace_id,
        member=member,
        action="channel.deleted",
        target=channel,
        name=channel.name,
    )
    try:
        with transaction.atomic():
            channel.delete()
    except ProtectedError as error:
        raise ValidationError(
            _("This channel has carried messages, so it stays; switch it off instead.")
        ) from error


def public_config(channel: Channel) -> dict[str, Any]:
    """The config without secrets: a secret is None, or the fixed mask when one is set."""
    config = unseal(channel.config)
    return {
        field.name: (None if field.secret else config.get(field.name))
        for field in adapter_class(channel.kind).fields
    }


def secrets_set(channel: Channel) -> set[str]:
    """Names of the secrets that have a value."""
    config = unseal(channel.config)
    return {f.name for f in adapter_class(channel.kind).fields if f.secret and config.get(f.name)}


def channel_health(channels: Iterable[Channel]) -> dict[UUID, Health]:
    """How the channels are doing; as many statements for all as for one."""
    by_id: dict[UUID, Channel] = {channel.pk: channel for channel in channels}
    found = vitals(by_id)
    return {
        pk: Health(
            queued=found[pk].queued,
            oldest_at=found[pk].oldest_at,
            failed_last_hour=found[pk].failed,
            unknown=found[pk].unclear,
            last_inbound_at=channel.last_inbound_at,
            paused_at=channel.paused_at,
            paused_reason=channel.paused_reason,
        )
        for pk, channel in by_id.items()
    }


def check_config_with_provider(kind: str, config: Mapping[str, str]) -> Checked:
    """Ask the provider about credentials that are not saved yet; a SendError says what is wrong."""
    cls = adapter_class(kind)
    adapter = cls(config, base_url=base_url(cls))
    if adapter.base_url == cls.provider_url:
        _find_hosts(cls.fields, config)
    return run_steps(adapter.check(), [])


def _find_hosts(fields: Iterable[ConfigField], config: Mapping[str, str]) -> None:
    """Look the hosts of typed URLs up, so that a wrong one is noticed before the first message."""
    for field in fields:
        url = config.get(field.name, "")
        if field.url and url:
            try:
                find_host(url)
            except Unreachable as error:
                raise ValidationError({field.name: error.text}) from error


def check_channel(channel: Channel) -> Checked:
    """Ask the provider about a saved channel's credentials; logged. SendError when wrong."""
    exchanges: list[Exchange] = []
    try:
        return run_steps(adapter_for(channel).check(), exchanges)
    finally:
        ChannelLog.objects.bulk_create(
            exchange.log_row(workspace_id=channel.workspace_id, channel_id=channel.pk, kind="check")
            for exchange in exchanges
        )
