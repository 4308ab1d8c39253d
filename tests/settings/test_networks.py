"""Environment variables that name networks."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from omnichannel import env


def test_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETWORKS", "10.8.0.0/16, fd00::/8")
    assert env.networks("NETWORKS") == ["10.8.0.0/16", "fd00::/8"]
    monkeypatch.setenv("NETWORKS", "10.8.0.1/16")
    with pytest.raises(ImproperlyConfigured, match=r"NETWORKS: 10\.8\.0\.1/16 is no network"):
        env.networks("NETWORKS")
