"""What a run costs, as ratios to its limits: ``python benchmarks/slice.py``.

Four rows, each measured in this one process on this machine: the time from the command to the first
request, the standard and the smoke profile on the embedded reference (seconds and requests), and
the CPU that generating and judging cost per request, in units of what `requests` itself costs for
the same call to the same server. A ratio above 1.00 is over its limit; the exit status is then 1.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import requests

from receiptspec.drivers import usersig
from receiptspec.exchange import Secret
from receiptspec.reference import launch

LIMITS = {"first request": 1.5, "standard": (60, 1500), "smoke": (8, 150), "cpu": 1.0}
_BARE = 400


def first_request() -> float:
    """Return the seconds from starting the command to its first request."""
    arrived: list[float] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrived.append(time.perf_counter())
            self.send_error(503)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "targets.yaml")
        file.write_text(
            "t:\n  vendor: tencent\n"
            f"  url: http://127.0.0.1:{server.server_address[1]}\n"
            "  auth: {sdkappid: 1, key: a-key-for-nothing, identifier: administrator}\n"
        )
        started = time.perf_counter()
        command = [sys.executable, "-m", "receiptspec", "run", "--targets", str(file)]
        subprocess.run(  # noqa: S603
            [*command, "--target", "t", "--requirement", "TC-GMR-01"],
            capture_output=True,
            check=False,
        )
    server.shutdown()
    return arrived[0] - started if arrived else float("inf")


def profile(name: str) -> tuple[float, int, float]:
    """Return seconds, requests and CPU seconds (the server's left out) of one run."""
    with tempfile.TemporaryDirectory() as folder, launch() as server:
        file = Path(folder, "targets.yaml")
        file.write_text(
            f"t:\n  vendor: tencent\n  url: {server.url}\n  rate: 100000/s\n  auth:\n"
            f"    sdkappid: {server.sdkappid}\n    key: {server.key}\n"
            f"    identifier: {server.identifier}\n"
        )
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        command = [sys.executable, "-m", "receiptspec", "run", "--targets", str(file)]
        options = ["--target", "t", "--profile", name, "--seed", "1", "--report", folder]
        subprocess.run([*command, *options], capture_output=True, check=False)  # noqa: S603
        seconds = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        report = json.loads(Path(folder, "report.json").read_text(encoding="utf-8"))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, report["run"]["requests"], cpu


def start_up() -> float:
    """Return the CPU seconds of a run that sends next to nothing."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    first_request()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def bare() -> float:
    """Return the CPU seconds that one signed POST costs with `requests` and nothing else."""
    with launch() as server, requests.Session() as session:
        claims = usersig.Claims(server.identifier, server.sdkappid, int(time.time()), 3600)
        credential = usersig.plain(claims, Secret(server.key)).reveal()
        url = f"{server.url}/v4/group_open_http_svc/get_group_msg_receipt"
        query = {
            "sdkappid": str(server.sdkappid),
            "identifier": server.identifier,
            "usersig": credential,
            "contenttype": "json",
        }
        body = '{"GroupId":"@TGS#2TTV7VSII","MsgSeqList":[{"MsgSeq":1},{"MsgSeq":2}]}'
        headers = {"Content-Type": "application/json"}
        started = 0.0
        for number in range(-20, _BARE):
            started = time.process_time() if number == 0 else started
            query["random"] = str(number + 1_000_000)
            session.post(url, params=query, data=body, headers=headers, timeout=5)
        return (time.process_time() - started) / _BARE


def main() -> int:
    """Print the table and return the exit status."""
    rows: list[tuple[str, str, float]] = []
    seconds = first_request()
    rows.append(("first request", f"{seconds:.2f} s", seconds / LIMITS["first request"]))
    for name in ("standard", "smoke"):
        taken, sent, cpu = profile(name)
        most_seconds, most_requests = LIMITS[name]
        rows.append((f"{name}: time", f"{taken:.1f} s", taken / most_seconds))
        rows.append((f"{name}: requests", str(sent), sent / most_requests))
        if name == "standard":
            judging = (cpu - start_up()) / sent
            own = bare()
            more = (judging - own) / own
            rows.append(("CPU beside requests", f"{more:.2f} of its own", more / LIMITS["cpu"]))
    for name, value, ratio in rows:
        print(f"{name:<20} {value:>16}  {ratio:5.2f} of its limit")  # noqa: T201
    return int(any(ratio > 1 for _, _, ratio in rows))


if __name__ == "__main__":
    sys.exit(main())
