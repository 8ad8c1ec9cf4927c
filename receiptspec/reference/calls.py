"""One request on its way through the reference server, and the answer that it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from receiptspec.reference import outside

if TYPE_CHECKING:
    from receiptspec.reference.behaviour import Behaviour

__all__ = ["Call", "Incoming", "Refusal", "Reply", "Shrug"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came: `query` still encoded, `body` whole.

    `client` is the sender's address, `connection` names the connection that it came on.
    """

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    client: str = ""
    connection: str = ""

    def header(self, name: str) -> str | None:
        """Return the first header of that name, in any case."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)


@dataclass(slots=True)
class Reply:
    """What goes back. The last four fields exist for faults and variants of the transport.

    `delay` is in seconds. `cut` sends that many bytes of the body under the whole length, then
    drops the connection; `drop` does so before the first byte. `chunked` leaves out the length.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    delay: float = 0.0
    cut: int | None = None
    drop: bool = False
    chunked: bool = False

    def header(self, name: str, value: str) -> None:
        """Set one header, replacing those of the same name."""
        self.headers = [(k, v) for k, v in self.headers if k.lower() != name.lower()]
        self.headers.append((name, value))


class Refusal(Exception):
    """The call is refused with a documented code."""

    def __init__(self, code: int | str, info: str) -> None:
        super().__init__(info)
        self.code, self.info = code, info


class Shrug(Exception):
    """A fault lets a bad call end in an empty success."""


@dataclass
class Call:
    """A request that a vendor's face is answering; handed to every hook of the behaviour.

    `body` is the parsed document, `serial` counts requests from 1, `operator` is who signed.
    `notes` is room for hooks that need to remember something until the answer, `site` the vendor's
    state.
    """

    incoming: Incoming
    vendor: str
    behaviour: Behaviour
    serial: int = 0
    operation: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    operator: str = ""
    notes: dict[str, Any] = field(default_factory=dict)
    site: Any = None

    def knob(self, name: str) -> Any:
        """Return how this server decides the named question for this call."""
        return self.behaviour.knob(self, name)

    def memory(self, name: str) -> dict[Any, Any]:
        """Return what twists of this server keep from call to call under a name."""
        found: dict[Any, Any] = self.behaviour.memory.setdefault(name, {})
        return found

    def meanwhile(self, name: str, value: Any = True, within: float = 0.2) -> Any:
        """Note a value for the connection of this call; return what another connection has noted.

        Only under the same name and within so many seconds; ``None`` where there is nothing.
        """
        noted, now, own = self.memory(name), outside.ticks(), self.incoming.connection
        found = [
            said
            for connection, (moment, said) in noted.items()
            if connection != own and now - moment < within
        ]
        noted[own] = (now, value)
        return found[-1] if found else None

    @property
    def lag(self) -> float:
        """Seconds by which the replica that answers a question is behind; there are three."""
        asks = self.operation.lower().startswith("get")
        return float(self.knob("replica_lag")) * (self.serial % 3) / 2 if asks else 0.0

    def refuse(
        self,
        place: str,
        reason: str,
        code: int | str,
        info: str,
        otherwise: T = None,  # type: ignore[assignment]
    ) -> T:
        """Refuse the call; every refusal comes through here.

        `place` is the field or parameter, with ``[]`` for list items; `reason` is one short word.
        Returns `otherwise` where a fault tolerates the violation. Raises `Refusal`, or `Shrug`.
        """
        decided = self.behaviour.refuses(self, place, reason, code)
        if decided is None:
            return otherwise
        raise Refusal(decided, info)
