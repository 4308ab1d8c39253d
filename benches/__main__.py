"""``python -m benches [name …]``: run benches, print a table, write ``$DATA/bench/<name>.json``."""

import importlib
import json
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benches.result import Result

BENCHES = (
    "inbound",
    "latency",
    "routing",
    "realtime",
    "outbound",
    "campaign",
    "growth",
)


def main(names: list[str]) -> int:
    """Run the named benches, or all; 2 for a name there is none of."""
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"No such bench: {', '.join(unknown)}. There are: {', '.join(BENCHES)}.")
        return 2
    for name in names or BENCHES:
        result = _apart(name)
        _print(name, result)
        _write(name, result)
    return 0


def _apart(name: str) -> Result:
    """A bench in a process of its own: Django is set up once in a process, on one database."""
    # A new process does not find what is defined in this module, so it gets the bench's function.
    bench = importlib.import_module(f"benches.{name}")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        result: Result = pool.submit(bench.run).result()
    return result


def _print(name: str, result: Result) -> None:
    print(f"\n{name}")
    for label, value in {**result.figures, **result.ratios}.items():
        print(f"  {label:<44} {value:>12,.2f}")


def _write(name: str, result: Result) -> None:
    folder = Path(os.environ.get("DATA", "var")) / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    document = {
        "bench": name,
        "commit": commit,
        "cpus": os.cpu_count(),
        "figures": result.figures,
        "ratios": result.ratios,
    }
    (folder / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
