"""A logged-in admin, and a provider to check credentials with."""

import pytest
from django.test import Client

from accounts.models import Role
from tests import builders
from tests.settings.provider import Provider


@pytest.fixture
def admin(db):
    return builders.member(role=Role.ADMIN)


@pytest.fixture
def client(admin):
    client = Client()
    client.force_login(admin.user)
    return client


@pytest.fixture
def provider(settings):
    with Provider() as provider:
        provider.tokens[builders.SID] = builders.TOKEN
        provider.numbers.add("+14155550123")
        settings.SIMULATOR_URL = provider.url
        yield provider
