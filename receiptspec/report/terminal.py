"""What a person sees in a terminal: a headline, a table, and each failure in full."""

from __future__ import annotations

import re
import shlex
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from receiptspec.exchange import HARNESS
from receiptspec.findings import Outcome
from receiptspec.report import verdicts
from receiptspec.report.comparison import Kind
from receiptspec.run import Run

__all__ = ["console_for", "headline", "rerun", "show", "show_comparison"]

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
#: A target that has nothing else needs no table: the reasons say it all.
_UNJUDGED = (*verdicts.NOT_JUDGED, Outcome.INCONCLUSIVE)
_BODY = 1200
_REQUEST = 2000
_LONG, _PART = 20.0, 0.3  # seconds, and the part of a run, whose waiting is worth a word
_COPIED = ("request", "answer", "again")
_SHOWN, _STEPS, _MORE = 3, 6, 3
_LEVELS = ("MUST", "SHOULD", "MAY")


def headline(run: Run) -> str:
    """Return one line: targets, vendors and revisions, profile, seed."""
    parts = []
    for target in run.targets:
        contract = run.contracts[target.vendor]
        where = target.url or "embedded reference server"
        release = contract.release + (f" pinned at {target.pin}" if target.pin else "")
        parts.append(f"{target.name} ({contract.title}, contract {release}, {where})")
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
    if run.strict:
        words.append("--strict")
    return shlex.join(words)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raise it: rich would end the process with the status of nonconformance."""
        raise sys.exception() or BrokenPipeError


def console_for(file: IO[str]) -> Console:
    """Return a console that never wraps what may be copied, at most 110 columns wide."""
    console = _Console(file=file, highlight=False, soft_wrap=False)
    console.width = min(console.width, 110)
    return console


def show(report: Mapping[str, Any], *, file: IO[str]) -> None:
    """Print the whole of a report that a person needs."""
    console = console_for(file)
    for target in report["targets"]:
        rows = [r for r in report["results"] if r["target"] == target["name"]]
        console.print()
        if any(row["outcome"] not in _UNJUDGED for row in rows):
            _overview(console, target, rows)
        for row in _worst_first(rows):
            _failure(console, row)
        _brief(console, rows)
    for line in report["stale_deviations"]:
        console.print(Text(f"stale: {seen(line)}", style="yellow"))
    console.print(_verdict(report), soft_wrap=True)
    for line in _waits(report):
        console.print(Text(line, style="dim"), soft_wrap=True)


def _worst_first(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    chosen = [row for row in rows if row["outcome"] in _IN_FULL]
    return sorted(chosen, key=lambda row: _IN_FULL.index(Outcome(row["outcome"])))


def _overview(
    console: Console, target: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Print how many requirements of each operation came to what, as a table where that fits."""
    title = Text(seen(f"{target['name']} · {target['contract']}"), "italic")
    groups: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        if row["outcome"] != Outcome.EXCLUDED:
            key = (row.get("operation") or "every operation", row["level"])
            groups.setdefault(key, Counter())[row["outcome"]] += 1
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], _LEVELS.index(item[0][1])))
    used = [o for o in _COLUMNS if any(row["outcome"] == o for row in rows)]
    table = _table(title, used, ordered)
    unlimited = console.options.update(width=1000)
    if console.measure(table, options=unlimited).maximum <= console.width:
        console.print(table)
    else:
        _listed(console, title, used, ordered)


_Counts = Sequence[tuple[tuple[str, str], Counter[str]]]


def _table(title: Text, used: Sequence[Outcome], ordered: _Counts) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("operation", overflow="fold")
    table.add_column("level")
    for outcome in used:
        table.add_column(str(outcome).replace("_", "\n"), justify="right")
    before = None
    for (operation, level), counts in ordered:
        cells = [
            Text(str(counts[outcome]), style=_STYLE[outcome])
            if counts[outcome]
            else Text("·", "dim")
            for outcome in used
        ]
        table.add_row(Text("" if operation == before else seen(operation)), level, *cells)
        before = operation
    return table


def _listed(console: Console, title: Text, used: Sequence[Outcome], ordered: _Counts) -> None:
    """Print what a narrow terminal has no table for: each operation on a line of its own."""
    console.print(title, soft_wrap=True)
    before = None
    for (operation, level), counts in ordered:
        if operation != before:
            console.print(Text(f"\n{seen(operation)}", "bold"), soft_wrap=True)
        before = operation
        line = Table.grid(padding=(0, 1))
        line.add_column(width=max(map(len, _LEVELS)) + 2, justify="right")
        line.add_column()
        words = [
            Text(f"{counts[outcome]} {str(outcome).replace('_', ' ')}", _STYLE[outcome])
            for outcome in used
            if counts[outcome]
        ]
        line.add_row(level, Text(", ").join(words))
        console.print(line)


def _failure(console: Console, row: Mapping[str, Any]) -> None:
    outcome = Outcome(row["outcome"])
    head = Text.assemble(
        (f"\n{str(outcome).upper()} ", _STYLE[outcome]),
        (f"{row['requirement']} {row['level']}", "bold"),
        f" on {seen(row['target'])}",
        (f" · {seen(row['operation'])}" if row.get("operation") else ""),
        (f" · new in {row['since']}, fails nobody yet" if row.get("new") else "", "cyan"),
    )
    console.print(head, soft_wrap=True)
    for line in textwrap.wrap(seen(row["text"]), max(console.width - 2, 20)):
        console.print(Text(f"  {line}"), soft_wrap=True)
    source = row["source"]
    if source["title"]:
        words = [source["title"], source["section"], source["url"], source["date"]]
        _line(console, "source", " · ".join(word for word in words if word), "dim")
    if not row["findings"] or outcome == Outcome.ERROR:
        _line(console, "reason", row["reason"])
    _findings(console, row)
    if steps := row.get("steps"):
        _line(console, "after", _in_short(steps))
    exchange = _smallest(row)
    if exchange:
        _line(console, "request", _request(exchange["curl"]))
        _line(console, "answer", _answer(exchange))
    if row["impact"]:
        _line(console, "impact", row["impact"])
    _line(console, "again", row["rerun"], "cyan")


def _findings(console: Console, row: Mapping[str, Any]) -> None:
    """Print the first finding of each of a few kinds, and of which operations there are more."""
    operations = {exchange["number"]: exchange["operation"] for exchange in row["exchanges"]}
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for finding in row["findings"]:
        kinds.setdefault(finding["signature"], []).append(finding)
    shown = list(kinds.values())[:_SHOWN]
    for first, *others in shown:
        _line(console, "found", first["message"], "bold")
        _line(console, "at", first["path"])
        _line(console, "expected", first["expected"], "green")
        _line(console, "actual", first["actual"], "red")
        named = [operations.get(number) for one in (first, *others) for number in one["exchanges"]]
        more = list(dict.fromkeys(filter(None, named)))[1:]
        where = f": {', '.join(more)}" if more else ", in the report"
        told = [other for other in others if not more and other["message"] != first["message"]]
        for other in told[:_MORE]:
            _line(console, "", f"… and {other['message']}", "dim")
        if left := len(others) - len(told[:_MORE]):
            _line(console, "", f"… and {left} more like it{where}", "dim")
    if left := len(row["findings"]) - sum(map(len, shown)):
        _line(console, "", f"… and {left} more, in the report", "dim")


def _in_short(steps: Sequence[str]) -> str:
    """Return the first step and the last ones, a line for each."""
    if len(steps) > _STEPS + 1:
        left = f"… and {len(steps) - _STEPS} more steps, in the report"
        steps = [steps[0], left, *steps[1 - _STEPS :]]
    return "\n".join(steps)


_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def seen(text: str) -> str:
    """Return `text` with what would steer the terminal, or break it, as escapes."""
    return _UNSEEN.sub(
        lambda found: f"\\x{ord(found[0]):02x}" if found[0] < "\xff" else f"\\u{ord(found[0]):04x}",
        text,
    )


def _line(console: Console, label: str, text: str, style: str = "") -> None:
    """Print one labelled line: what may be copied as it is, the rest in the width of a terminal."""
    lines = seen(text).split("\n")
    if console.is_terminal and label not in _COPIED:
        width = max(console.width - 11, 20)
        lines = [part for line in lines for part in textwrap.wrap(line, width) or [""]]
    line = Text.assemble((f"{label:>10} ", "dim"), (("\n" + " " * 11).join(lines), style))
    console.print(line, soft_wrap=True)


def _smallest(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    wanted = {number for finding in row["findings"][:1] for number in finding["exchanges"]}
    chosen = [e for e in row["exchanges"] if e["number"] in wanted] or row["exchanges"]
    return min(chosen, key=lambda e: len(e["request"]["body"]), default=None)


def _request(curl: str) -> str:
    left = len(curl) - _REQUEST
    return curl if left <= 0 else f"{curl[:_REQUEST]}… and {left} characters more, in the report"


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
            console.print(Text(f"  {seen(reason)}: {shown}"), soft_wrap=True)


_VERDICT_STYLES = {
    0: "bold green",
    2: "bold yellow",
    3: "bold white on red",
    5: "bold yellow",
    6: "bold magenta",
}


def _verdict(report: Mapping[str, Any]) -> Text:
    run, counts = report["run"], report["summary"]
    words, conform = verdicts.of_all(report)
    style = _VERDICT_STYLES.get(run["exit_code"], "bold red")
    if run["exit_code"] == 0 and not conform:
        style = "bold yellow"
    names = seen(", ".join(target["name"] for target in report["targets"]))
    late = sum(1 for row in report["results"] if row.get("new") and row["outcome"] in _IN_FULL)
    if late:
        words += f", not counting what is new: {late}"
    if "shard" in run:
        words += f" · only shard {run['shard']}"
    return Text.assemble(
        "\n",
        (f"{names}: {words}", style),
        f" · {counts['exercised']} of {counts['testable']} testable requirements exercised"
        f" · {run['requests']} requests · {run['duration_s']:.1f} s · seed {run['seed']}",
    )


def _waits(report: Mapping[str, Any]) -> list[str]:
    """Say of each target that was mostly waited for what that was for, and what would be less."""
    lines = []
    for target in report["targets"]:
        waiting = target.get("waiting")
        if waiting is None or waiting["spent_s"] < max(_LONG, report["run"]["duration_s"] * _PART):
            continue
        window = f"{waiting['window_s']:g}s"
        line = (
            f"{seen(target['name'])}: {waiting['spent_s']:.0f} s were let pass for writes to show "
            f"(consistency: {window})"
        )
        if not waiting["lagged"] and waiting["slowest_s"] <= waiting["window_s"] / 2:
            slowest = max(waiting["slowest_s"], 0.01)
            line += f"; what came, came within {slowest:.2f} s: a smaller one may do"
        lines.append(line)
    return lines


_KINDS = {
    Kind.WORSE: ("got worse", "bold red"),
    Kind.REVEALED: ("broken, and not judged before", "red"),
    Kind.DIFFERENT: ("still broken, in another way", "yellow"),
    Kind.CHANGED: ("changed", "magenta"),
    Kind.BETTER: ("newly passing", "green"),
}


def show_comparison(found: Mapping[str, Any], *, file: IO[str]) -> None:
    """Print what differs between two reports, the gravest first."""
    console = console_for(file)
    pairs = ", ".join(
        pair["after"] if pair["before"] == pair["after"] else f"{pair['before']} → {pair['after']}"
        for pair in found["pairs"]
    )
    sides = [f"{found[side]['run']['started']}" for side in ("before", "after")]
    console.print(Text(f"{seen(pairs)} · {sides[0]} → {sides[1]}"), soft_wrap=True)
    for name in found["missing_targets"]:
        console.print(
            Text(f"target {seen(name)} is missing in the second report", style="bold red")
        )
    for name in found["added_targets"]:
        console.print(Text(f"target {seen(name)} is new in the second report", style="cyan"))
    for kind, (words, style) in _KINDS.items():
        chosen = [change for change in found["changes"] if change["kind"] == kind]
        if chosen:
            console.print(Text(f"\n{words}: {len(chosen)}", style=style))
        for change in chosen:
            _change(console, change)
    if found["observations"]:
        console.print()
        console.print(_observed(found["observations"]))
    console.print(_conclusion(found), soft_wrap=True)


def _change(console: Console, change: Mapping[str, Any]) -> None:
    before, after = (_outcome_of(change[side]) for side in ("before", "after"))
    head = Text.assemble(
        "  ",
        (f"{change['requirement']} {change['level']}", "bold"),
        f" on {seen(change['target'])}: ",
        before,
        " → ",
        after,
        (" · allowed" if change["allowed"] else "", "cyan"),
    )
    console.print(head, soft_wrap=True)
    console.print(Padding(Text(seen(change["text"])), (0, 0, 0, 4)))
    if change["kind"] != Kind.BETTER:
        _line(console, "reason", change["reason"])
        _line(console, "again", change["rerun"], "cyan")


def _outcome_of(outcome: str | None) -> Text:
    if outcome is None:
        return Text("absent", style="dim")
    return Text(outcome.replace("_", " "), style=_STYLE[Outcome(outcome)])


def _observed(observations: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(title="observations that differ", title_justify="left")
    for column in ("requirement", "target", "what", "before", "after"):
        table.add_column(column, overflow="fold")
    for item in observations:
        cells = [item["requirement"], item["target"], item["key"]]
        cells += ["-" if item[side] is None else item[side] for side in ("before", "after")]
        table.add_row(*(Text(seen(cell)) for cell in cells))
    return table


def _conclusion(found: Mapping[str, Any]) -> Text:
    counts = found["summary"]
    gone = [name for name in found["missing_targets"] if name not in found["allowed"]]
    worse = counts["worse"] - counts["allowed"] + len(gone)
    words, style = ("got worse", "bold red") if found["exit_code"] else ("no worse", "bold green")
    otherwise = counts["different"] + counts["changed"]
    return Text.assemble(
        "\n",
        (words, style),
        f" · {worse} worse, {counts['allowed']} allowed, {counts['revealed']} newly judged and "
        f"broken, {counts['better']} newly passing, {_differ(counts['observations'])}",
        f", {otherwise} changed otherwise" if otherwise else "",
    )


def _differ(observations: int) -> str:
    return "1 observation differs" if observations == 1 else f"{observations} observations differ"
