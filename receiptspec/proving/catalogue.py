"""Every fault and variant there is: the reference server's, and those of the packaged client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from receiptspec import contract as contracts
from receiptspec import resources, yamltext
from receiptspec.errors import ReceiptspecError
from receiptspec.reference.behaviour import Fault, Variant
from receiptspec.reference.faults import FAULTS as SERVER_FAULTS
from receiptspec.reference.harness import twists
from receiptspec.reference.variants import VARIANTS as SERVER_VARIANTS

__all__ = ["faults", "playable", "target", "variants"]


def faults() -> Mapping[str, Fault]:
    """Return every fault by name."""
    return {**SERVER_FAULTS, **_client()[0]}


def variants() -> Mapping[str, Variant]:
    """Return every variant by name."""
    return {**SERVER_VARIANTS, **_client()[1]}


@cache
def _client() -> tuple[Mapping[str, Fault], Mapping[str, Variant]]:
    """Return what the packaged client can do otherwise, in the words of the server's twists."""
    vendor = next((v for v in contracts.vendors() if "harness" in _block(v)), None)
    if vendor is None:
        return {}, {}
    levels = {row.id: str(row.level) for row in contracts.load(vendor).requirements}
    broken = {
        one.name: Fault(
            name=one.name,
            vendor=vendor,
            requirement=one.requirement,
            shows=one.shows,
            cls=one.cls,
            level=levels.get(one.requirement, "MUST"),
            also=one.also,
            waits="hangs" in one.knobs,
        )
        for one in twists.FAULTS.values()
    }
    free = {
        one.name: Variant(
            name=one.name, vendor=vendor, requirement=one.requirement, shows=one.shows
        )
        for one in twists.VARIANTS.values()
    }
    return broken, free


def target(vendor: str, broken: Sequence[str], free: Sequence[str]) -> dict[str, Any]:
    """Return the packaged target of a vendor with faults and variants."""
    block = dict(_block(vendor))
    twisted = {"faults": list(broken), "variants": list(free)}
    if "harness" in block:
        return block | {"harness": {**block["harness"], **twisted}}
    return block | {"embedded": twisted, "rate": "100000/s"}


def playable(vendor: str) -> bool:
    """Whether all that happens between a client and the packaged target goes over its desk."""
    return "harness" not in _block(vendor)


def _block(vendor: str) -> Mapping[str, Any]:
    packaged: Mapping[str, Any] = yamltext.load(resources.path("targets.yaml")).data
    for block in packaged.values():
        if isinstance(block, dict) and block.get("vendor") == vendor and block.get("embedded"):
            return block
    raise ReceiptspecError(f"no packaged target of {vendor} is embedded")
