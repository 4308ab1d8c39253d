"""docker-compose.yml: every process of the product is there, checked, and started in order."""

from typing import Any

import pytest
import yaml

from embedded.places import ROOT
from embedded.programs import workers

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_health_check_and_known_dependencies(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"].get("test") or name == "migrate"
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    assert "container_name" not in service, "would forbid --scale"


def test_the_workers_take_from_every_queue_there_is_in_development() -> None:
    development = [each.command for each in workers({}) if "worker" in each.command]
    queues = {
        queue for command in development for queue in command[command.index("-Q") + 1].split(",")
    }
    command = SERVICES["worker"]["command"]
    assert set(command[command.index("-Q") + 1].split(",")) == queues


def test_only_the_proxy_is_reachable_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_the_image_holds_every_installed_app_of_production() -> None:
    from django.conf import settings

    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[:1] == "!"}
    ours = {
        app.split(".")[0] for app in settings.INSTALLED_APPS if (ROOT / app.split(".")[0]).is_dir()
    }
    assert ours | {"omnichannel", "templates", "static", "locale", "manage.py"} <= kept
