"""A browser of its own per test, and mails that are really rendered and sent."""

import itertools
import re

import pytest
from celery import current_app
from django.test import Client

hosts = itertools.count(1)


def link_in(text):
    """The first web address in a mail or an output."""
    found = re.search(r"https?://\S+", text)
    assert found, text
    return found.group()


class Browser(Client):
    """Comes from an address of its own, so that one test's rate limits do not slow another's."""

    def __init__(self, **defaults):
        n = next(hosts) + hash(id(self)) % 60_000 * 256
        super().__init__(REMOTE_ADDR=f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}", **defaults)

    def log_in(self, person, password="correct horse battery", **extra):
        """What the log-in form sends."""
        return self.post("/accounts/login/", {"login": person.email, "password": password} | extra)


@pytest.fixture
def browser():
    return Browser()


@pytest.fixture(autouse=True)
def tasks_at_once():
    """Run tasks where they are called; whether workers run them is tested elsewhere."""
    conf = current_app.conf
    before = conf.task_always_eager, conf.task_eager_propagates
    conf.task_always_eager = conf.task_eager_propagates = True
    yield
    conf.task_always_eager, conf.task_eager_propagates = before
