"""What a run waits for: ``python benchmarks/waiting.py``, some ten minutes.

A server that shows at once what was written, on a port of its own as a user's would be, is judged
with windows of `consistency` that it does not need, by one worker and by four, and one that loses
every read. Printed are seconds and requests of each run, and how its seconds compare to the first.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from receiptspec.reference import Settings, launch

RUNS = (
    ("2s", 1, ()),
    ("2s", 4, ()),
    ("200ms", 1, ()),
    ("2s", 1, ("reads-get-lost",)),
)


def judged(consistency: str, workers: int, faults: tuple[str, ...], seed: int) -> tuple[float, int]:
    """Judge a server of its own; return seconds and requests."""
    with TemporaryDirectory() as folder, launch(Settings(faults=faults)) as server:
        auth = {"sdkappid": server.sdkappid, "key": server.key, "identifier": server.identifier}
        block = {"vendor": "tencent", "url": server.url, "auth": auth, "consistency": consistency}
        Path(folder, "targets.yaml").write_text(json.dumps({"t": block}))
        run = ["run", "--target", "t", "-n", str(workers), "--seed", str(seed), "--report", "out"]
        command = [sys.executable, "-m", "receiptspec", *run]
        subprocess.run(command, cwd=folder, check=False, capture_output=True)  # noqa: S603
        told = json.loads(Path(folder, "out", "report.json").read_text())["run"]
    return told["duration_s"], told["requests"]


def main() -> None:
    """Print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed, first = parser.parse_args().seed, 0.0
    for consistency, workers, faults in RUNS:
        seconds, requests = judged(consistency, workers, faults, seed)
        first = first or seconds
        what = ", ".join(faults) or "conforms"
        kind = f"{what:<15} {consistency:>6} -n {workers}"
        print(f"{kind} {seconds:6.0f} s {requests:6} requests  {seconds / first:.2f}")  # noqa: T201


if __name__ == "__main__":
    main()
