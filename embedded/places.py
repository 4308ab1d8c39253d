"""Where everything the embedded servers keep lies on disk."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Places:
    """The folders under one data folder (`DATA`, by default `var/` in the clone)."""

    data: Path

    @classmethod
    def from_environment(cls) -> "Places":
        return cls((ROOT / os.environ.get("DATA", "var")).resolve())

    def apart(self, name: str) -> "Places":
        """A data folder of its own inside this one, with servers of its own."""
        return Places(self.data / name)

    @property
    def postgres(self) -> Path:
        return self.data / "postgres"

    @property
    def redis(self) -> Path:
        return self.data / "redis"

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def log(self) -> Path:
        return self.data / "log"

    @property
    def secrets(self) -> Path:
        return self.data / "secrets.json"

    def create(self) -> None:
        for folder in (self.data, self.redis, self.run, self.log):
            folder.mkdir(parents=True, exist_ok=True)
