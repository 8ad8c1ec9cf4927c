"""Drivers, one for each wire dialect that a contract can name."""

from __future__ import annotations

from collections.abc import Callable

from receiptspec.contract import Contract
from receiptspec.drivers.base import Driver
from receiptspec.drivers.harness import HarnessDriver
from receiptspec.drivers.tencent import TencentDriver
from receiptspec.drivers.volcengine import VolcengineDriver
from receiptspec.errors import ContractError
from receiptspec.targets import Target

__all__ = ["driver_for"]

_DRIVERS: dict[str, Callable[[Target, Contract, str], Driver]] = {
    "tencent-rest": TencentDriver,
    "tencent-harness": HarnessDriver,
    "volcengine-openapi": VolcengineDriver,
}


def driver_for(target: Target, contract: Contract, origin: str) -> Driver:
    """Return the driver of the contract's dialect, aimed at `origin`."""
    try:
        driver = _DRIVERS[contract.dialect]
    except KeyError:
        raise ContractError(f"no driver speaks {contract.dialect!r}") from None
    return driver(target, contract, origin)
