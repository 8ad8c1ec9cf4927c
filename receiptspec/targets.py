"""What a target is: where to run, as whom, and how far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from receiptspec.exchange import Secret

__all__ = ["Budget", "Deviation", "Fixture", "Harness", "Target", "Timeouts", "is_loopback"]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, of silence while reading, for one whole answer."""

    connect: float = 3.0
    read: float = 10.0
    total: float = 30.0

    def at_most(self, seconds: float) -> Timeouts:
        """Return the same, but none longer than `seconds`."""
        return Timeouts(*(min(t, seconds) for t in (self.connect, self.read, self.total)))


@dataclass(frozen=True, slots=True)
class Budget:
    """Upper bounds for one run; ``None`` means none."""

    requests: int | None = None
    writes: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Deviation:
    """A failure that the target's owner accepts until `expires`; `line` is where it stands."""

    requirement: str
    signature: str
    reason: str
    owner: str
    expires: date
    line: int = field(default=0, compare=False)

    def expired(self, today: date) -> bool:
        """Whether its last day has passed."""
        return today > self.expires


@dataclass(frozen=True, slots=True)
class Fixture:
    """An existing group of a target that may not be written to."""

    id: str | int
    messages: tuple[int, ...]
    type: str = ""
    members: tuple[str | int, ...] = ()
    plain_messages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Harness:
    """How to start a client SDK; `faults` and `variants` are the packaged harness's."""

    command: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    faults: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    packaged: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Where to run. `url` is empty for an embedded target until its server is up.

    `pin` is the release of the contract that it keeps to, empty for the newest.
    """

    name: str
    vendor: str
    url: str = ""
    description: str = ""
    auth: Mapping[str, Any] = field(default_factory=dict, repr=False)
    embedded: bool = False
    faults: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    rate: float | None = None
    rate_store: str | None = field(default=None, repr=False)
    writes: bool = False
    consistency: float = 2.0
    timeouts: Timeouts = Timeouts()
    budget: Budget = Budget()
    read_hook: str | tuple[str, ...] | Harness | None = None
    webhook_listener: str | None = None
    webhook_token: Secret | None = None
    capabilities: Mapping[str, bool] = field(default_factory=dict)
    fixture: Fixture | None = None
    ca: str | None = None
    proxy: str | None = field(default=None, repr=False)
    deviations: tuple[Deviation, ...] = ()
    pin: str = ""
    file: str = ""
    harness: Harness | None = None
    variables: tuple[Secret, ...] = field(default=(), repr=False)

    def __repr__(self) -> str:
        return f"Target({self.name!r})"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must never be shown: configured credentials, and what variables hold in hooks."""
        held = [*self.auth.values(), self.webhook_token, self.proxy, self.rate_store]
        held += self.variables
        return tuple(value for value in held if isinstance(value, Secret))


def is_loopback(url: str) -> bool:
    """Whether the host of `url` is this machine, by its name or address alone."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
