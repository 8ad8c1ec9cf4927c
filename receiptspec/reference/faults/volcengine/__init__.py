"""The faults of Volcengine's face."""

from __future__ import annotations

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.faults.volcengine import (
    afterwards,
    again,
    alike,
    askings,
    caches,
    company,
    corners,
    counting,
    credentials,
    crossings,
    envelope,
    everywhere,
    exchanges,
    forgeries,
    gates,
    intake,
    likeness,
    meanwhile,
    neighbours,
    numbers,
    openings,
    order,
    people,
    shape,
    signing,
    writing,
)

__all__ = ["ALL"]

ALL: list[Fault] = [
    *shape.ALL,
    *envelope.ALL,
    *intake.ALL,
    *credentials.ALL,
    *counting.ALL,
    *numbers.ALL,
    *corners.ALL,
    *order.ALL,
    *people.ALL,
    *company.ALL,
    *openings.ALL,
    *gates.ALL,
    *everywhere.ALL,
    *exchanges.ALL,
    *meanwhile.ALL,
    *signing.ALL,
    *writing.ALL,
    *again.ALL,
    *neighbours.ALL,
    *afterwards.ALL,
    *askings.ALL,
    *caches.ALL,
    *crossings.ALL,
    *alike.ALL,
    *forgeries.ALL,
    *likeness.ALL,
]
