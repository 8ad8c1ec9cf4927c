"""Whether a proof is good enough; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["judge"]

_ALL, _CLASS, _FAILING = 0.98, 0.95, 1.2


def judge(proof: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one entry a rule: what is wanted, what was measured, whether it holds."""
    total, statuses = proof["summary"], proof["summary"]["statuses"]
    rules: list[tuple[str, str, str, bool]] = []
    if total["faults"]:
        must = total["by_level"].get("MUST", {"killed": 0, "total": 0})
        share = statuses["killed"] / total["faults"]
        weak = [
            f"{name} {n['killed']}/{n['total']}"
            for name, n in total["by_class"].items()
            if n["killed"] / n["total"] < _CLASS
        ]
        mean = total["failing_per_fault_unexplained"]
        rules += [
            _rule("faults of MUST rows killed", "all", must, must["killed"] == must["total"]),
            (
                "faults killed",
                f">= {_ALL:.0%}",
                f"{statuses['killed']}/{total['faults']}, {share:.1%}",
                share >= _ALL,
            ),
            ("each class killed", f">= {_CLASS:.0%}", ", ".join(weak) or "all", not weak),
            (
                "failing rows a fault that nothing explains",
                f"<= {_FAILING} on average",
                f"{mean:.2f}",
                mean <= _FAILING,
            ),
        ]
    for rows in proof["rows"]:
        missing = [*rows["unproven"], *rows["wrongly_unbreakable"]]
        rules.append(
            (
                f"judged rows of {rows['vendor']} with a fault that they kill",
                "all but the unbreakable",
                ", ".join(missing) or f"{rows['proven']}/{rows['judged']}",
                not missing,
            )
        )
    for kind, count in total["runs_by_kind"].items():
        wrong = [r["name"] for r in proof["conforming"] if r["kind"] == kind and r["alarms"]]
        rules.append(
            (f"false alarms, {kind}", "none", ", ".join(wrong) or f"0 of {count} runs", not wrong)
        )
    return [
        {"rule": rule, "wanted": wanted, "got": got, "holds": holds}
        for rule, wanted, got, holds in rules
    ]


def _rule(
    rule: str, wanted: str, counts: Mapping[str, int], holds: bool
) -> tuple[str, str, str, bool]:
    return rule, wanted, f"{counts['killed']}/{counts['total']}", holds
