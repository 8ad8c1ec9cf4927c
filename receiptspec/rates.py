"""How often a target is asked: as its owner says, else as the vendor's documents do."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import TYPE_CHECKING

from receiptspec import shared
from receiptspec.contract import Contract
from receiptspec.errors import ConfigurationError
from receiptspec.targets import Target

if TYPE_CHECKING:
    from receiptspec.limits import Limits

__all__ = ["check", "limits"]


def limits(target: Target, contract: Contract) -> Limits | None:
    """Return what keeps the rates of a target, ``None`` where it has none."""
    rates = _rates(target, contract)
    if not rates:
        return None
    from receiptspec.limits import Limits

    return Limits(target, rates)


def _rates(target: Target, contract: Contract) -> dict[str, float]:
    """Return the calls a second: as set, else as documented for each operation.

    Where nothing is documented it is the usual rate; the embedded server needs none.
    """
    if target.rate is not None:
        return {"": target.rate}
    if target.embedded:
        return {}
    usual = statistics.mode(op.rate for op in contract.calls.values() if op.rate)
    return {name: op.rate or usual for name, op in contract.calls.items()}


def check(targets: Iterable[Target]) -> None:
    """Raise `ConfigurationError` where the rates of targets cannot be kept."""
    for target in targets:
        if target.rate_store is not None:
            _check_redis(target.name, target.rate_store)
        elif not target.embedded:
            shared.file()


def _check_redis(name: str, address: str) -> None:
    try:
        from redis import RedisError
    except ImportError:
        raise ConfigurationError(
            f"{name}: rate_store needs the client of Redis",
            fix="python -m pip install 'receiptspec[redis]'",
        ) from None
    try:
        shared.ahead(shared.connected(address))
    except (RedisError, OSError, ValueError) as error:
        why = type(error).__name__
        raise ConfigurationError(
            f"{name}: rate_store does not answer ({why})", fix="start it, or correct the address"
        ) from None
