"""Changing the encryption key without losing a channel."""

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from gateway.models import Channel
from gateway.secrets import Undecryptable, unseal
from operations.rotation import rotate_keys
from tests import builders

pytestmark = pytest.mark.django_db


def key():
    return Fernet.generate_key().decode()


def test_after_a_rotation_the_old_key_is_not_needed(settings):
    old, new = key(), key()
    settings.ENCRYPTION_KEYS = [old]
    first = builders.channel()
    settings.ENCRYPTION_KEYS = [new, old]
    second = builders.channel()

    result = rotate_keys()

    assert (result.rotated, result.current, result.unreadable) == (1, 1, [])
    settings.ENCRYPTION_KEYS = [new]
    for channel in (first, second):
        channel.refresh_from_db()
        assert unseal(channel.config)["auth_token"] == builders.TOKEN
    settings.ENCRYPTION_KEYS = [old]
    with pytest.raises(Undecryptable):
        unseal(first.config)


def test_a_dry_run_changes_nothing(settings, capsys):
    old = key()
    settings.ENCRYPTION_KEYS = [old]
    channel = builders.channel()
    settings.ENCRYPTION_KEYS = [key(), old]

    call_command("rotate_keys", "--dry-run")

    assert "1 would be re-encrypted, 0 already" in capsys.readouterr().out
    assert bytes(Channel.objects.get(pk=channel.pk).config) == bytes(channel.config)


def test_what_no_key_opens_is_named_and_the_rest_is_rotated(settings):
    old = key()
    settings.ENCRYPTION_KEYS = [key()]
    lost = builders.channel()
    before = bytes(lost.config)
    settings.ENCRYPTION_KEYS = [old]
    good = builders.channel()
    new = key()
    settings.ENCRYPTION_KEYS = [new, old]

    with pytest.raises(CommandError, match=str(lost.pk)):
        call_command("rotate_keys")

    settings.ENCRYPTION_KEYS = [new]
    assert unseal(Channel.objects.get(pk=good.pk).config)["account_sid"] == builders.SID
    assert bytes(Channel.objects.get(pk=lost.pk).config) == before
