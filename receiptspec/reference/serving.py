"""Runs the server: in the foreground for people, or as the child of `launch`."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

from receiptspec.errors import ConfigurationError
from receiptspec.reference.app import application
from receiptspec.reference.desk import furnish
from receiptspec.reference.settings import KEY_VARIABLE, SECRET_VARIABLE, Settings
from receiptspec.reference.tape import record

__all__ = ["run", "serve"]


class _Server(uvicorn.Server):
    """A uvicorn server that says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        self._ready()


def run(
    settings: Settings,
    ready: Callable[[dict[str, Any]], None],
    *,
    tied: bool,
    tape: IO[bytes] | None = None,
) -> None:
    """Serve until interrupted; `tied` also ends when standard input does. A `tape` is recorded.

    Calls `ready` with url, sdkappid, identifier, key, pid and, under ``volcengine``, appid,
    access_key, secret_key and region once connections are taken. Raises `ConfigurationError` for
    unknown names, a webhook beyond loopback or a port that is taken.
    """
    settings = settings.filled()
    app = _application(settings, tape)
    listener = _bind(settings.host, settings.port)
    facts = {
        "url": _url(settings.host, listener.getsockname()[1]),
        "sdkappid": settings.sdkappid,
        "identifier": settings.identifier,
        "key": settings.key,
        "pid": os.getpid(),
        "volcengine": {
            "appid": settings.appid,
            "access_key": settings.access_key,
            "secret_key": settings.secret_key,
            "region": settings.region,
        },
    }
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=H11Protocol,
        ws=WSProtocol,
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="critical",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=1 << 20,
    )
    server = _Server(config, lambda: ready(facts))
    if tied:
        threading.Thread(target=_leave_with_parent, daemon=True).start()
    with listener:
        asyncio.run(server.serve(sockets=[listener]))


def _application(settings: Settings, tape: IO[bytes] | None = None) -> Any:
    office = furnish(settings)
    desk = office.desk if tape is None else record(office, settings, tape)
    about = {"faults": list(settings.faults), "variants": list(settings.variants)}
    return application(desk, about, streams=office.streams)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(f"cannot listen on {host}:{port}: {reason}") from error
    return listener


def _url(host: str, port: int) -> str:
    try:
        if ipaddress.ip_address(host).is_unspecified:
            host = "127.0.0.1"
    except ValueError:
        pass
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _leave_with_parent() -> None:
    """End the process when the parent is gone, however it went."""
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


def serve(settings: Settings) -> None:
    """Run the reference server in the foreground and print a target block for each vendor.

    Of a key that came from the environment the block names the variable. Raises
    `ConfigurationError` as `run` does. Ends at SIGINT or SIGTERM.
    """
    run(settings, _show_block, tied=False)


def _shown(variable: str, value: str) -> str:
    """Return a new key as it is, and one that the user gave as the variable that holds it."""
    return f"${{{variable}}}" if os.environ.get(variable) else value


def _show_block(facts: dict[str, Any]) -> None:
    volcengine = facts["volcengine"]
    key = _shown(KEY_VARIABLE, facts["key"])
    secret_key = _shown(SECRET_VARIABLE, volcengine["secret_key"])
    lines = [
        "sandbox:",
        "  vendor: tencent",
        f"  url: {facts['url']}",
        f"  auth: {{sdkappid: {facts['sdkappid']}, identifier: {facts['identifier']}, "
        f'key: "{key}"}}',
        f"  hooks: {{read: {facts['url']}/_reference/read}}",
        "  writes: true",
        "",
        "sandbox-volcengine:",
        "  vendor: volcengine",
        f"  url: {facts['url']}",
        f"  auth: {{appid: {volcengine['appid']}, access_key: {volcengine['access_key']}, "
        f'secret_key: "{secret_key}"}}',
        f"  hooks: {{read: {facts['url']}/_reference/read}}",
        "  writes: true",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
