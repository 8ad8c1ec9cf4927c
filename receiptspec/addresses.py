"""Addresses that a user writes, looked at before anything is sent to them."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

__all__ = ["host_of", "is_base"]

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_LONGEST = 253


def host_of(url: str) -> str:
    """Return the host that an address names, empty where it names none.

    Raises `ValueError`, with a few words, where its host or port can never be one.
    """
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ValueError("it holds a blank or a control character")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        named = not host or ("[" in parts.netloc and bool(_ip(host))) or _names_host(host)
    except ValueError:
        named = False
    if not named:
        raise ValueError("no host has such a name")
    if not _port_fits(parts):
        raise ValueError("a port is a number from 1 to 65535")
    return host


def is_base(url: str) -> bool:
    """Whether calls can be sent below an address: scheme, host, port and path, nothing else."""
    try:
        parts, host = urlsplit(url), host_of(url)
    except ValueError:
        return False
    more = parts.query or parts.fragment or parts.username is not None
    return parts.scheme in ("http", "https") and bool(host) and not more


def _ip(host: str) -> str:
    return str(ip_address(host.partition("%")[0]))


def _names_host(host: str) -> bool:
    if not host.isascii():
        host = _in_ascii(host)
    host = host.removesuffix(".")
    return len(host) <= _LONGEST and all(map(_LABEL.fullmatch, host.split(".")))


def _in_ascii(host: str) -> str:
    """Return a host as it is sent, empty where it cannot be."""
    import requests

    try:
        sent = requests.Request("GET", f"http://{host}").prepare().url
    except requests.RequestException:
        return ""
    return urlsplit(sent or "").hostname or ""


def _port_fits(parts: SplitResult) -> bool:
    try:
        return parts.port != 0 and not parts.netloc.endswith(":")
    except ValueError:
        return False
