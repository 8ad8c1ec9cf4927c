"""A proof for people: the same sections in a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from rich.table import Table
from rich.text import Text

from receiptspec.report.terminal import console_for

__all__ = ["markdown", "sections", "terminal"]

_LONG = 100


@dataclass(frozen=True, slots=True)
class Section:
    """A title and a table; an empty table is not shown."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def sections(proof: Mapping[str, Any]) -> Iterator[Section]:
    """Yield what a person wants to know, the sums first."""
    total, faults = proof["summary"], proof["faults"]
    if faults:
        yield Section("Faults killed", ("", "killed", "of", "%"), list(_rates(total)))
        yield Section("Cost", ("", ""), list(_cost(total)))
    yield Section(
        "Detection by requests (smoke profile, own row)",
        ("requests", "faults killed", "%"),
        [(str(n), str(k), _percent(k, total["faults"])) for n, k in total["smoke"]["curve"]],
    )
    yield Section(
        "Not killed",
        ("fault", "level", "own row", "what became of it", "failed instead"),
        [
            (
                f["name"],
                f["level"],
                f["requirement"],
                f"{f['status']}: {f['outcome']} {f['reason']}"[:_LONG].strip(),
                ", ".join(f["red"]) or "nothing",
            )
            for f in faults
            if f["status"] != "killed"
        ],
    )
    yield Section(
        "Failing rows that nothing explains",
        ("fault", "own row", "others"),
        [
            (f["name"], f["requirement"], ", ".join(f["unexplained"]))
            for f in faults
            if f["unexplained"]
        ],
    )
    yield Section(
        "Rows without a fault that they kill",
        ("vendor", "judged", "proven", "unbreakable", "unproven"),
        [
            (
                r["vendor"],
                str(r["judged"]),
                str(r["proven"]),
                ", ".join(r["unbreakable"]),
                ", ".join(
                    [*r["unproven"], *(f"{w} (listed wrongly)" for w in r["wrongly_unbreakable"])]
                ),
            )
            for r in proof["rows"]
        ],
    )
    yield Section(
        "Servers that conform",
        ("kind", "runs", "with a false alarm"),
        [
            (
                kind,
                str(count),
                str(sum(bool(r["alarms"]) for r in proof["conforming"] if r["kind"] == kind)),
            )
            for kind, count in total["runs_by_kind"].items()
        ],
    )
    yield Section(
        "False alarms",
        ("run", "seed", "row", "outcome", "reason"),
        [
            (r["name"], str(r["seed"]), a["requirement"], a["outcome"], a["reason"][:_LONG])
            for r in proof["conforming"]
            for a in r["alarms"]
        ],
    )
    yield Section(
        "Gate",
        ("rule", "wanted", "got", ""),
        [
            (g["rule"], g["wanted"], g["got"], "holds" if g["holds"] else "BROKEN")
            for g in proof["gate"]
        ],
    )


def _rates(total: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for by in ("by_class", "by_level", "by_vendor"):
        for name, count in total[by].items():
            killed, of = count["killed"], count["total"]
            label = f"{by.removeprefix('by_')} {name}"
            yield label, str(killed), str(of), _percent(killed, of)
    killed = total["statuses"]["killed"]
    yield "all", str(killed), str(total["faults"]), _percent(killed, total["faults"])


def _cost(total: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    first, smoke = total["requests_to_first_failure"], total["smoke"]
    yield "failing rows a fault", f"{total['failing_per_fault']:.2f}"
    yield "of these not explained", f"{total['failing_per_fault_unexplained']:.2f}"
    yield "requests to the first failure, median", str(first["median"])
    yield "requests to the first failure, 95th percentile", str(first["p95"])
    share = _percent(smoke["killed"], smoke["total"])
    yield "killed by the smoke profile", f"{smoke['killed']} of {smoke['total']} ({share} %)"
    for vendor, n in smoke["by_vendor"].items():
        share = _percent(n["killed"], n["total"])
        yield f"of these {vendor}", f"{n['killed']} of {n['total']} ({share} %)"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else ""


def headline(proof: Mapping[str, Any]) -> str:
    """Return what was proven, how, and how long it took, in one line."""
    run, total = proof["run"], proof["summary"]
    return (
        f"{total['faults']} faults and {total['conforming_runs']} conforming runs of "
        f"{', '.join(run['vendors'])} · profile {run['profile']} · seed {run['seed']} · "
        f"{run['workers']} workers · {run['duration_s']:.0f} s ({run['processor_s']:.0f} s of "
        f"processor time on {run['cores']} cores)"
    )


def terminal(proof: Mapping[str, Any], *, file: IO[str]) -> None:
    """Print a proof."""
    console = console_for(file)
    for section in sections(proof):
        if not section.rows:
            continue
        table = Table(title=section.title, title_justify="left")
        for index, name in enumerate(section.head):
            table.add_column(name, overflow="fold", justify="left" if index == 0 else "default")
        for row in section.rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print()
        console.print(table)
    console.print(Text(f"\n{headline(proof)}"), soft_wrap=True)


def markdown(proof: Mapping[str, Any]) -> str:
    """Return a proof as Markdown."""
    lines = ["# Proof of the suites", "", headline(proof), ""]
    for section in sections(proof):
        if not section.rows:
            continue
        lines += [f"## {section.title}", "", _row(section.head), _row(["---"] * len(section.head))]
        lines += [*(_row(row) for row in section.rows), ""]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
