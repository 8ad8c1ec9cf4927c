"""Every named fault: one realistic way each to break one documented promise."""

from __future__ import annotations

from collections.abc import Mapping

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.faults import (
    admissions,
    announcements,
    befallen,
    behind,
    caches,
    callbacks,
    company,
    corners,
    correspondence,
    counts,
    credentials,
    doors,
    envelope,
    everywhere,
    extras,
    gates,
    history,
    intake,
    keepsakes,
    letters,
    lists,
    mail,
    marking,
    memories,
    notices,
    numbers,
    options,
    order,
    people,
    questions,
    readers,
    replicas,
    replies,
    rest,
    ruins,
    setup,
    sides,
    sizes,
    spelling,
    upkeep,
    volcengine,
    wording,
)

__all__ = ["FAULTS"]

_ALL = [
    *envelope.ALL,
    *intake.ALL,
    *credentials.ALL,
    *behind.ALL,
    *counts.ALL,
    *questions.ALL,
    *rest.ALL,
    *lists.ALL,
    *befallen.ALL,
    *keepsakes.ALL,
    *letters.ALL,
    *history.ALL,
    *setup.ALL,
    *doors.ALL,
    *corners.ALL,
    *sides.ALL,
    *sizes.ALL,
    *order.ALL,
    *people.ALL,
    *company.ALL,
    *extras.ALL,
    *gates.ALL,
    *everywhere.ALL,
    *admissions.ALL,
    *ruins.ALL,
    *upkeep.ALL,
    *callbacks.ALL,
    *correspondence.ALL,
    *marking.ALL,
    *mail.ALL,
    *memories.ALL,
    *caches.ALL,
    *replicas.ALL,
    *options.ALL,
    *notices.ALL,
    *numbers.ALL,
    *readers.ALL,
    *announcements.ALL,
    *spelling.ALL,
    *wording.ALL,
    *replies.ALL,
    *volcengine.ALL,
]

#: Faults by name.
FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in _ALL}

if len(FAULTS) != len(_ALL):
    raise ValueError("two faults share a name")
