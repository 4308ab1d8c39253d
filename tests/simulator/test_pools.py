"""A channel with several senders has as many lines at the provider's look-alike."""

import pytest

from simulator.channel_lines import load_lines
from tests import builders

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_sender_is_a_line_and_the_own_one_stands_for_the_channel() -> None:
    plain = builders.channel()
    pooled = builders.channel(config={"senders": "+34900100200 ES\nSHOP GB"})
    lines = load_lines()
    own = pooled.address
    assert [line.address for line in lines] == [plain.address, "+34900100200", "SHOP", own]
    assert {line.channel for line in lines[1:]} == {str(pooled.pk)}
