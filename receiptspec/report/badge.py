"""A badge: the JSON that shields.io reads from an address of one's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from receiptspec.report import verdicts

__all__ = ["render"]

_LABEL = "read receipts"


def render(report: Mapping[str, Any]) -> str:
    """Return the endpoint JSON of shields.io."""
    message, color = _message(verdicts.of_run(report))
    badge = {"schemaVersion": 1, "label": _LABEL, "message": message, "color": color}
    return json.dumps(badge, ensure_ascii=True, indent=2) + "\n"


def _message(found: list[verdicts.Verdict]) -> tuple[str, str]:
    codes = {verdict.code for verdict in found}
    kept = sum(verdict.conforms for verdict in found)
    if len(found) > 1:
        message = f"{kept} of {len(found)} conform"
    elif codes == {0}:
        message = found[0].words.partition(",")[0]
        message += f", {found[0].exercised} of {found[0].testable} exercised"
    else:
        message = found[0].words.partition(":")[0] if found else "no target"
    if 1 in codes or 3 in codes:
        return message, "red"
    if codes - {0} or not found:
        return message, "lightgrey"
    fine = all(verdict.conforms and not verdict.outcomes["warning"] for verdict in found)
    return message, "brightgreen" if fine else "yellow"
