"""Freedoms of clocks: what time it is for a server of Tencent's, and for a gateway before it."""

from __future__ import annotations

from email.utils import formatdate

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Variant
from receiptspec.reference.calls import Call, Reply

__all__ = ["ALL"]


def _clock(name: str, row: str, ahead: int, shows: str) -> Variant:
    """Set every clock of the server."""

    def reply(_call: Call, sent: Reply) -> None:
        sent.header("Date", formatdate(outside.now() + ahead, usegmt=True))

    knobs = {"clock_ahead": ahead}
    return Variant(name=name, requirement=row, knobs=knobs, reply=reply, shows=shows)


def _behind_gateway(name: str, row: str, ahead: int, shows: str) -> Variant:
    """Set every clock of the server but that of `Date`, which a gateway sets."""
    return Variant(name=name, requirement=row, knobs={"clock_ahead": ahead}, shows=shows)


ALL = [
    _clock("clock-behind", "TC-SIG-03", -150, "a clock two and a half minutes behind"),
    _clock("clock-hours-ahead", "TC-SIG-01", 9000, "a clock two and a half hours ahead"),
    _clock("clock-seconds-behind", "TC-GRP-21", -4, "a clock four seconds behind"),
    _clock("clock-seconds-ahead", "TC-GRP-21", 4, "a clock four seconds ahead"),
    _behind_gateway(
        "date-of-a-gateway-behind", "TC-ROM-08", 150, "a Date behind the times of messages"
    ),
    _behind_gateway(
        "date-of-a-gateway-ahead", "TC-SIG-03", -150, "a Date ahead of the times of messages"
    ),
]
