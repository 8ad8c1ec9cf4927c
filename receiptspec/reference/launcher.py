"""Starts the reference server in a process of its own and stops it again."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from receiptspec.errors import ConfigurationError, ReceiptspecError

__all__ = ["Server", "launch"]

_PATIENCE = 10.0  # seconds for the child to be ready
_FAREWELL = 2.0  # seconds for the child to end


class Server:
    """A running reference server; a context manager that stops it.

    `url` is its origin, `pid` its process, `ready_after` the seconds that it took to start.
    `sdkappid`, `identifier` and `key` are its credentials for Tencent's face, `appid`,
    `access_key`, `secret_key` and `region` those for Volcengine's.
    """

    def __init__(self, process: subprocess.Popen[bytes], facts: dict[str, Any]) -> None:
        self._process = process
        self.url: str = facts["url"]
        self.sdkappid: int = facts["sdkappid"]
        self.identifier: str = facts["identifier"]
        self.key: str = facts["key"]
        self.pid: int = facts["pid"]
        volcengine: dict[str, Any] = facts["volcengine"]
        self.appid: int = volcengine["appid"]
        self.access_key: str = volcengine["access_key"]
        self.secret_key: str = volcengine["secret_key"]
        self.region: str = volcengine["region"]
        self.ready_after = 0.0

    def __repr__(self) -> str:
        return f"Server({self.url!r}, pid={self.pid})"

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Stop the server; harmless when it has stopped already."""
        _end(self._process)


def launch(
    faults: Sequence[str] = (),
    variants: Sequence[str] = (),
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    webhook: str | None = None,
    webhook_token: str | None = None,
    key: str | None = None,
    sdkappid: int = 0,
    identifier: str = "administrator",
    appid: int = 0,
    access_key: str = "",
    secret_key: str | None = None,
    region: str = "cn-north-1",
) -> Server:
    """Start a reference server and wait until it answers.

    `faults` and `variants` are names out of `receiptspec.reference.catalogue`. Credentials are new
    unless given. Raises `ConfigurationError` for unknown names, a port that is taken or a webhook
    beyond loopback, and `ReceiptspecError` when the child dies or is not ready in ten seconds.
    """
    command = [sys.executable, "-m", "receiptspec.reference", "--host", host, "--port", str(port)]
    command += ["--sdkappid", str(sdkappid), "--identifier", identifier]
    command += ["--appid", str(appid), "--access-key", access_key, "--region", region]
    for option, names in (("--fault", faults), ("--variant", variants)):
        for name in names:
            command += [option, name]
    command += ["--webhook", webhook] if webhook else []
    started = time.monotonic()
    process = subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(key, webhook_token, secret_key),
    )
    try:
        server = Server(process, _ready_line(process, started + _PATIENCE))
    except BaseException:
        _end(process)
        raise
    server.ready_after = time.monotonic() - started
    return server


def _environment(key: str | None, token: str | None, secret_key: str | None) -> dict[str, str]:
    """Return the child's environment: it imports the same package and no parent's leftovers."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    secrets = {
        "RECEIPTSPEC_REFERENCE_KEY": key,
        "RECEIPTSPEC_REFERENCE_WEBHOOK_TOKEN": token,
        "RECEIPTSPEC_REFERENCE_SECRET_KEY": secret_key,
    }
    return environment | {name: value for name, value in secrets.items() if value}


def _ready_line(process: subprocess.Popen[bytes], deadline: float) -> dict[str, Any]:
    out = process.stdout
    assert out is not None  # noqa: S101
    line = b""
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([out], [], [], left)[0]:
            raise ReceiptspecError("the reference server was not ready in ten seconds")
        piece = os.read(out.fileno(), 65536)
        if not piece:
            raise _death(process)
        line += piece
    facts: dict[str, Any] = json.loads(line)
    return facts


def _death(process: subprocess.Popen[bytes]) -> ReceiptspecError:
    process.wait(_FAREWELL)
    said = process.stderr.read().decode(errors="replace") if process.stderr else ""
    last = said.strip().rpartition("\n")[2].removeprefix("receiptspec: ")
    if process.returncode == 4:
        return ConfigurationError(last)
    return ReceiptspecError(f"the reference server ended with {process.returncode}: {last}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
