"""How well a rate is kept and used: ``python benchmarks/rate.py [--rate 200] [--seconds 30]``.

Four processes, as the workers of one run, send what they can to one reference server, which counts
by its own clock. Printed are what it counted, beside what the rate allows, and its busiest second.
Kept means at most 2 % more than the rate over the whole time, used at least 95 % of it; else the
exit status is 1. With ``--redis URL`` the rate is kept there, as several machines do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

from receiptspec import targetfile
from receiptspec.reference import Server, launch
from receiptspec.stage import Stage

KEPT, USED = 1.02, 0.95


def work(file: Path, begin: float, end: float) -> None:
    """Be one worker: send harmless calls from one moment to another."""
    target = targetfile.load(file, "t")
    stage = Stage(target, origin=target.url)
    stage.open()
    probe = stage.driver.probes()[0]
    time.sleep(max(0.0, begin - time.time()))
    while time.time() < end:
        stage.call(probe)
    stage.close()


def counted(server: Server) -> dict[int, int]:
    """Return what came to the server, by second of the Unix clock."""
    with urllib.request.urlopen(f"{server.url}/_reference/stats", timeout=5) as answer:  # noqa: S310
        said = json.loads(answer.read())
    return {said["started"] + int(second): count for second, count in said["seconds"].items()}


def main() -> int:
    """Print the table and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--redis", metavar="URL")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.work:
        file, begin, end = chosen.work
        work(Path(file), float(begin), float(end))
        return 0
    with TemporaryDirectory() as folder, launch() as server:
        file = Path(folder, "targets.yaml")
        auth = {"sdkappid": server.sdkappid, "key": server.key, "identifier": server.identifier}
        block = {"vendor": "tencent", "url": server.url, "auth": auth, "rate": f"{chosen.rate}/s"}
        block |= {"rate_store": chosen.redis} if chosen.redis else {}
        file.write_text(json.dumps({"t": block}))
        begin = float(int(time.time()) + 6)
        ways = [str(file), str(begin), str(begin + chosen.seconds)]
        command = [sys.executable, __file__, "--work", *ways]
        workers = [subprocess.Popen(command) for _ in range(chosen.workers)]  # noqa: S603
        failed = [worker.wait() for worker in workers]
        seconds = {at: count for at, count in counted(server).items() if at >= int(begin) - 1}
    sent, allowed = sum(seconds.values()), chosen.rate * chosen.seconds
    print(f"workers         {chosen.workers}, of which failed {sum(map(bool, failed))}")  # noqa: T201
    print(f"sent            {sent} in {chosen.seconds} s, allowed {allowed}")  # noqa: T201
    print(f"kept and used   {sent / allowed:.2%} (95 % to 102 %)")  # noqa: T201
    print(f"busiest second  {max(seconds.values())} at {chosen.rate}/s")  # noqa: T201
    return int(any(failed) or not USED <= sent / allowed <= KEPT)


if __name__ == "__main__":
    sys.exit(main())
