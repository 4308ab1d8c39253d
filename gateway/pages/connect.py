"""Adding and changing a channel: nothing is saved that the provider has not accepted."""

from collections.abc import Collection, Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Member
from gateway.channels import (
    check_config_with_provider,
    clean_config,
    create_channel,
    merged_config,
    update_channel,
    with_generated,
)
from gateway.contract import Checked
from gateway.errors import BadCredentials, SendError, Throttled, Unreachable
from gateway.models import Channel
from gateway.registry import adapter_class
from gateway.secrets import unseal


def connect(
    *, member: Member, kind: str, name: str, config: Mapping[str, str], rate_per_second: float
) -> tuple[Channel, Checked]:
    """A new channel and what the provider says about the account.

    Raises ValidationError by field, also when the provider refuses; then nothing is saved.
    """
    cleaned = clean_config(kind, with_generated(kind, config))
    _refuse_twin(member.workspace_id, kind, cleaned, except_for=None)
    checked = _ask_provider(kind, cleaned)
    channel = create_channel(
        workspace=member.workspace,
        member=member,
        kind=kind,
        name=name,
        config=cleaned,
        rate_per_second=rate_per_second,
    )
    return channel, checked


def change(
    *,
    channel: Channel,
    member: Member,
    name: str,
    config: Mapping[str, str],
    rate_per_second: float,
    forget: Collection[str] = (),
) -> Checked | None:
    """Change a channel; new settings are tried at the provider first (same errors as connect).

    Returns what the provider said, or None when nothing was to be asked.
    """
    cleaned = clean_config(channel.kind, merged_config(channel, config, forget))
    checked = None
    if cleaned != unseal(channel.config):
        _refuse_twin(channel.workspace_id, channel.kind, cleaned, except_for=channel)
        checked = _ask_provider(channel.kind, cleaned)
    with transaction.atomic():
        update_channel(
            channel=channel,
            member=member,
            name=name,
            rate_per_second=rate_per_second,
            config=config,
            forget=forget,
        )
    return checked


def _refuse_twin(
    workspace: int, kind: str, config: Mapping[str, str], *, except_for: Channel | None
) -> None:
    """One address twice would give every customer two conversations."""
    address = adapter_class(kind).channel_address(config)
    twins = Channel.objects.in_workspace(workspace).filter(kind=kind, address=address)
    twin = next((row for row in twins if row != except_for), None)
    if address and twin is not None:
        field = next((name for name, value in config.items() if value == address), "")
        message = _("“%(name)s” already uses this.") % {"name": twin.name}
        raise ValidationError({field: message} if field else message)


def _ask_provider(kind: str, config: Mapping[str, str]) -> Checked:
    try:
        return check_config_with_provider(kind, config)
    except SendError as error:
        raise ValidationError(explain_refusal(error)) from error


def in_words(checked: Checked) -> str:
    """What a check has shown, for people."""
    if not checked.tried:
        return checked.summary
    return _("Connected: %(account)s") % {"account": checked.summary}


def explain_refusal(error: SendError) -> str:
    """What a failed check means and what to do about it, in words."""
    said = error.text + (f" ({error.code})" if error.code else "")
    if isinstance(error, BadCredentials):
        return _(
            "The provider does not accept these credentials. Check each value and try again. "
            "It said: %(said)s"
        ) % {"said": said}
    if isinstance(error, Unreachable | Throttled):
        return _(
            "The provider could not be asked just now. Nothing is wrong with what you entered; "
            "try again in a moment. (%(said)s)"
        ) % {"said": said}
    return _("The provider refused the check: %(said)s") % {"said": said}
