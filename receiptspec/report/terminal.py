"""What a person sees in a terminal: a headline, a table, and each failure in full."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from receiptspec.exchange import HARNESS
from receiptspec.findings import Outcome
from receiptspec.run import Run

__all__ = ["headline", "rerun", "show"]

_STYLE = {
    Outcome.PASS: "green",
    Outcome.OBSERVED: "cyan",
    Outcome.KNOWN_DEVIATION: "blue",
    Outcome.WARNING: "yellow",
    Outcome.FAIL: "bold red",
    Outcome.INCONCLUSIVE: "magenta",
    Outcome.ERROR: "bold white on red",
    Outcome.NOT_EXERCISED: "dim",
    Outcome.EXCLUDED: "dim",
    Outcome.NOT_APPLICABLE: "dim",
}
_COLUMNS = (
    Outcome.PASS,
    Outcome.OBSERVED,
    Outcome.KNOWN_DEVIATION,
    Outcome.WARNING,
    Outcome.FAIL,
    Outcome.INCONCLUSIVE,
    Outcome.ERROR,
    Outcome.NOT_EXERCISED,
)
_IN_FULL = (Outcome.ERROR, Outcome.FAIL, Outcome.WARNING)
_BODY = 1200
_SHOWN = 3
_LEVELS = ("MUST", "SHOULD", "MAY")


def headline(run: Run) -> str:
    """Return one line: targets, vendors and revisions, profile, seed."""
    parts = []
    for target in run.targets:
        contract = run.contracts[target.vendor]
        where = target.url or "embedded reference server"
        parts.append(f"{target.name} ({contract.title}, contract {contract.release}, {where})")
    return f"target {', '.join(parts)} · profile {run.profile.name} · seed {run.seed}"


def rerun(run: Run, target: str, requirement: str) -> str:
    """Return the command that runs one requirement again as it was run."""
    file = next((t.file for t in run.targets if t.name == target), "")
    words = ["receiptspec", "run"]
    if file and not file.endswith("site-packages/receiptspec/targets.yaml"):
        words += ["--targets", file]
    words += ["--target", target, "--requirement", requirement, "--seed", str(run.seed)]
    if run.profile.name != "standard":
        words += ["--profile", run.profile.name]
    return shlex.join(words)


def console_for(file: IO[str]) -> Console:
    """Return a console that never wraps what may be copied, at most 110 columns wide."""
    console = Console(file=file, highlight=False, soft_wrap=False)
    console.width = min(console.width, 110)
    return console


def show(report: Mapping[str, Any], *, file: IO[str]) -> None:
    """Print the whole of a report that a person needs."""
    console = console_for(file)
    for target in report["targets"]:
        rows = [r for r in report["results"] if r["target"] == target["name"]]
        console.print()
        console.print(_table(target, rows))
        for row in _worst_first(rows):
            _failure(console, row)
        _brief(console, rows)
    for line in report["stale_deviations"]:
        console.print(Text(f"stale: {line}", style="yellow"))
    console.print(_verdict(report), soft_wrap=True)


def _worst_first(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    chosen = [row for row in rows if row["outcome"] in _IN_FULL]
    return sorted(chosen, key=lambda row: _IN_FULL.index(Outcome(row["outcome"])))


def _table(target: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Table:
    used = [o for o in _COLUMNS if any(row["outcome"] == o for row in rows)]
    table = Table(title=f"{target['name']} · {target['contract']}", title_justify="left")
    table.add_column("operation")
    table.add_column("level")
    for outcome in used:
        table.add_column(str(outcome).replace("_", " "), justify="right")
    groups: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        if row["outcome"] == Outcome.EXCLUDED:
            continue
        key = (row.get("operation") or "every operation", row["level"])
        groups.setdefault(key, Counter())[row["outcome"]] += 1
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], _LEVELS.index(item[0][1])))
    before = None
    for (operation, level), counts in ordered:
        cells = [
            Text(str(counts[outcome]), style=_STYLE[outcome])
            if counts[outcome]
            else Text("·", "dim")
            for outcome in used
        ]
        table.add_row("" if operation == before else operation, level, *cells)
        before = operation
    return table


def _failure(console: Console, row: Mapping[str, Any]) -> None:
    outcome = Outcome(row["outcome"])
    head = Text.assemble(
        (f"\n{str(outcome).upper()} ", _STYLE[outcome]),
        (f"{row['requirement']} {row['level']}", "bold"),
        f" on {row['target']}",
        (f" · {row['operation']}" if row.get("operation") else ""),
    )
    console.print(head)
    console.print(Padding(Text(row["text"]), (0, 0, 0, 2)))
    source = row["source"]
    if source["title"]:
        words = [source["title"], source["section"], source["url"], source["date"]]
        _line(console, "source", " · ".join(word for word in words if word), "dim")
    if not row["findings"]:
        _line(console, "reason", row["reason"])
    for finding in row["findings"][:_SHOWN]:
        _line(console, "found", finding["message"], "bold")
        _line(console, "at", finding["path"])
        _line(console, "expected", finding["expected"], "green")
        _line(console, "actual", finding["actual"], "red")
    if len(row["findings"]) > _SHOWN:
        _line(console, "", f"… and {len(row['findings']) - _SHOWN} more, in the report", "dim")
    exchange = _smallest(row)
    if exchange:
        _line(console, "request", exchange["curl"])
        _line(console, "answer", _answer(exchange))
    if row["impact"]:
        _line(console, "impact", row["impact"])
    _line(console, "again", row["rerun"], "cyan")


def _line(console: Console, label: str, text: str, style: str = "") -> None:
    """Print one labelled line as it is, however long, so that it can be copied."""
    indented = text.replace("\n", "\n" + " " * 11)
    line = Text.assemble((f"{label:>10} ", "dim"), (indented, style))
    console.print(line, soft_wrap=True)


def _smallest(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    wanted = {number for finding in row["findings"][:1] for number in finding["exchanges"]}
    chosen = [e for e in row["exchanges"] if e["number"] in wanted] or row["exchanges"]
    return min(chosen, key=lambda e: len(e["request"]["body"]), default=None)


def _answer(exchange: Mapping[str, Any]) -> str:
    response = exchange["response"]
    if response is None:
        return exchange["trouble"] or "none"
    body = response["body"]
    shown = body if len(body) <= _BODY else body[:_BODY] + f"… ({response['bytes']} bytes)"
    trouble = f" ({exchange['trouble']})" if exchange["trouble"] else ""
    status = "" if exchange["request"]["url"].startswith(HARNESS) else f"HTTP {response['status']}"
    return f"{status}{trouble} {shown}".strip()


def _brief(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print inconclusive and not exercised rows, one line for each reason."""
    for outcome in (Outcome.INCONCLUSIVE, Outcome.KNOWN_DEVIATION, Outcome.NOT_EXERCISED):
        reasons: dict[str, list[str]] = {}
        for row in rows:
            if row["outcome"] == outcome:
                reasons.setdefault(row["reason"], []).append(row["requirement"])
        if not reasons:
            continue
        console.print(Text(f"\n{str(outcome).replace('_', ' ')}", style=_STYLE[outcome]))
        for reason, ids in sorted(reasons.items(), key=lambda item: -len(item[1])):
            shown = ", ".join(ids[:6]) + (f" and {len(ids) - 6} more" if len(ids) > 6 else "")
            console.print(Text(f"  {reason}: {shown}"), soft_wrap=True)


_VERDICTS = {
    0: ("conforms", "bold green"),
    1: ("does not conform", "bold red"),
    2: ("interrupted", "bold yellow"),
    3: ("the suite itself failed: please report this", "bold white on red"),
    5: ("nothing was exercised", "bold yellow"),
    6: ("inconclusive: the infrastructure failed, the target was not judged", "bold magenta"),
}


def _verdict(report: Mapping[str, Any]) -> Text:
    run, counts = report["run"], report["summary"]
    words, style = _VERDICTS.get(run["exit_code"], ("usage error", "bold red"))
    names = ", ".join(target["name"] for target in report["targets"])
    if run["exit_code"] == 0 and counts["outcomes"]["warning"]:
        words += f", with {counts['outcomes']['warning']} warnings"
    return Text.assemble(
        "\n",
        (f"{names}: {words}", style),
        f" · {counts['exercised']} of {counts['testable']} testable requirements exercised"
        f" · {run['requests']} requests · {run['duration_s']:.1f} s · seed {run['seed']}",
    )
